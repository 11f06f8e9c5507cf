import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ser.audio.microphone import open_microphone
from ser.errors import InputError

DEVICES = [
    {"index": 0, "name": "Speakers", "max_input_channels": 0, "default_samplerate": 48_000.0},
    {"index": 1, "name": "Headset", "max_input_channels": 1, "default_samplerate": 16_000.0},
    {"index": 4, "name": "Webcam", "max_input_channels": 2, "default_samplerate": 44_100.0},
]


class PortAudioError(Exception):
    pass


class Stream:
    """Stands in for `sounddevice.InputStream`: hands over two blocks when it is started."""

    def __init__(self, callback: Callable[..., None], blocksize: int, samplerate: int, **settings: Any) -> None:
        self.callback, self.blocksize, self.samplerate, self.settings = callback, blocksize, samplerate, settings
        self.closed = False

    def start(self) -> None:
        samples = np.arange(self.blocksize, dtype=np.float32)[:, np.newaxis] / self.blocksize
        # The first block's beginning was heard 0.25 s ago, the second's nobody knows.
        clock = SimpleNamespace(inputBufferAdcTime=100.0, currentTime=100.25)
        self.callback(samples, self.blocksize, clock, SimpleNamespace(input_overflow=False))
        clock = SimpleNamespace(inputBufferAdcTime=0.0, currentTime=100.35)
        self.callback(samples + 1, self.blocksize, clock, SimpleNamespace(input_overflow=True))

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.closed = True


@pytest.fixture
def sounddevice(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A sound system with two microphones, of which the first is the default."""

    def query_devices(device: int | str | None = None, kind: str | None = None) -> Any:
        if kind is None:
            return fake.devices
        inputs = [one for one in fake.devices if one["max_input_channels"]]
        found = [one for one in inputs if device is None or one["index"] == device or str(device) in one["name"]]
        if not found and device is None:
            raise PortAudioError("Error querying device -1")
        if not found:
            raise ValueError(f"No input device matching {device!r}")
        return found[0]

    def open_stream(**settings: Any) -> Stream:
        fake.stream = Stream(**settings)
        return fake.stream

    fake = SimpleNamespace(
        devices=DEVICES, query_devices=query_devices, InputStream=open_stream, PortAudioError=PortAudioError
    )
    monkeypatch.setitem(sys.modules, "sounddevice", fake)  # type: ignore[arg-type]
    return fake


@pytest.mark.parametrize(("device", "name", "rate"), [(None, "Headset", 16_000), ("4", "Webcam", 44_100)])
def test_a_microphone_is_opened_at_its_own_rate(
    device: str | None, name: str, rate: int, sounddevice: SimpleNamespace
) -> None:
    with open_microphone(device) as source:
        assert (source.name, source.sampling_rate) == (name, rate)
        assert (sounddevice.stream.samplerate, sounddevice.stream.blocksize) == (rate, rate // 10)
        assert sounddevice.stream.settings["channels"] == 1
    assert sounddevice.stream.closed


def test_blocks_know_when_they_were_heard_and_losses_are_counted(sounddevice: SimpleNamespace) -> None:
    with open_microphone("Webcam") as source:
        first, second = source.read()
        now = time.monotonic()
        assert source.dropped == 1
    # A block of 0.1 s that began 0.25 s before it was handed over ended 0.15 s before.
    assert now - first.ended == pytest.approx(0.15, abs=0.05)
    assert now - second.ended == pytest.approx(0.0, abs=0.05)
    assert first.samples.shape == (4410,)
    assert second.samples[0] == 1


def test_an_unknown_device_is_answered_with_those_there_are(sounddevice: SimpleNamespace) -> None:
    expected = r"no microphone: No input device matching 'Piano'; --device may be 1 \(Headset\), 4 \(Webcam\)"
    with pytest.raises(InputError, match=expected), open_microphone("Piano"):
        pytest.fail("it was opened")


def test_without_any_microphone_the_message_says_so(sounddevice: SimpleNamespace) -> None:
    sounddevice.devices = DEVICES[:1]
    expected = "no microphone: Error querying device -1; PortAudio finds no input device; --file needs none"
    with pytest.raises(InputError, match=expected), open_microphone(None):
        pytest.fail("it was opened")


def test_a_missing_package_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"pip install 'speech-emotion\[listen\]'"), open_microphone(None):
        pytest.fail("it was opened")


def test_a_missing_portaudio_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    with pytest.raises(InputError, match="PortAudio library not found; install the"), open_microphone(None):
        pytest.fail("it was opened")
