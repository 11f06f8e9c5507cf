import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ser.audio import block_queue
from ser.audio.block_queue import BLOCK, CAPACITY, Block, BlockQueue, open_file
from ser.errors import InputError
from ser.features.front_end import batch_of, front_end, prepare_signal
from ser.inference import live
from ser.inference.live import Update, listen
from ser.inference.predictor import Predictor
from ser.model_files.onnx_file import OnnxModel
from tests.ser.inference.test_timeline import RATE, talk, write


@pytest.fixture(scope="module")
def predictor(small_onnx: bytes) -> Predictor:
    return Predictor(OnnxModel(small_onnx, Path("small.onnx")))


class Given:
    """A source whose blocks are all there."""

    def __init__(self, signal: np.ndarray, sampling_rate: int = RATE) -> None:
        self.sampling_rate, self.dropped = sampling_rate, 0
        length = round(BLOCK * sampling_rate)
        self.blocks = [signal[start : start + length] for start in range(0, len(signal), length)]

    def read(self) -> list[Block]:
        return [Block(self.blocks.pop(0), time.monotonic())] if self.blocks else []


def heard(predictor: Predictor, signal: np.ndarray, sampling_rate: int = RATE) -> list[Update]:
    return list(listen(predictor, Given(signal, sampling_rate)))


def test_there_is_an_update_for_every_block_and_voice_is_told_from_pauses(predictor: Predictor) -> None:
    updates = heard(predictor, talk([1.0, 1.0], pause=2.0))
    assert [round(update.seconds, 6) for update in updates] == [round(BLOCK * (i + 1), 6) for i in range(80)]
    for update in updates:
        inside = [start < update.seconds <= start + 1 for start in (2.0, 5.0)]
        near = [abs(update.seconds - edge) < 0.35 for edge in (2.0, 3.0, 5.0, 6.0)]
        assert any(near) or update.speaking == any(inside)
    assert updates[-1].phrases == 2
    assert all(update.probabilities is None for update in updates[:20])
    assert [update.latency is None for update in updates] == [not update.speaking for update in updates]


def test_what_is_shown_first_is_what_a_recording_of_it_gives(predictor: Predictor) -> None:
    signal = talk([1.0], pause=2.0)
    first = next(update for update in heard(predictor, signal) if update.probabilities is not None)
    # The gate begins the phrase with a frame of 0.02 s.
    candidates = [
        signal[round(start * RATE) : round(first.seconds * RATE)]
        for start in np.arange(1.9, first.seconds - 0.05, 0.02)
    ]
    params = predictor.model.description.front_end
    signals = [prepare_signal(candidate[:, np.newaxis], RATE, params) for candidate in candidates]
    expected = predictor.model.probabilities(batch_of([front_end(signal, params) for signal in signals]))
    assert first.probabilities is not None
    assert np.abs(expected - first.probabilities).max(axis=1).min() < 1e-6


def test_probabilities_follow_smoothly_and_stay_in_a_pause(predictor: Predictor) -> None:
    updates = [update for update in heard(predictor, talk([2.0], pause=1.5)) if update.probabilities is not None]
    shown = np.array([update.probabilities for update in updates])
    np.testing.assert_allclose(shown.sum(axis=1), 1)
    assert np.abs(np.diff(shown, axis=0)).max() <= 1 - np.exp(-BLOCK / live.SMOOTHING) + 1e-9
    assert updates[-1].latency is None
    np.testing.assert_array_equal(shown[-1], shown[-2])


def test_the_level_is_that_of_the_newest_sound(predictor: Predictor) -> None:
    tone = (0.5 * np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE)).astype(np.float32)
    for update in heard(predictor, tone):
        assert update.level == pytest.approx(10 * np.log10(0.5**2 / 2), abs=0.05)


def test_another_sampling_rate_is_heard_alike(predictor: Predictor) -> None:
    one = heard(predictor, talk([1.0], pause=2.0))
    other = heard(predictor, talk([1.0], pause=2.0, rate=44_100), 44_100)
    assert len(one) == len(other)
    assert [update.phrases for update in one][-1] == [update.phrases for update in other][-1] == 1


def test_a_file_comes_in_real_time_and_the_latency_is_short(predictor: Predictor, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", talk([1.0], pause=0.5, rate=16_000), 16_000)
    started = time.monotonic()
    with open_file(path) as source:
        updates = list(listen(predictor, source))
    assert time.monotonic() - started >= 2.0
    assert updates[-1].seconds == pytest.approx(2.0)
    latencies = [update.latency for update in updates if update.latency is not None]
    assert len(latencies) >= 3
    assert 0 < np.median(latencies) < 0.5
    assert updates[-1].dropped == 0


def test_what_waits_is_read_at_once_and_what_is_too_much_is_dropped_and_counted(predictor: Predictor) -> None:
    source = BlockQueue("toy", RATE)
    for _ in range(CAPACITY + 7):
        source.put(Block(np.full(round(BLOCK * RATE), 0.1, np.float32), time.monotonic()))
    source.end()
    (update,) = listen(predictor, source)
    assert update.dropped == 7
    assert update.seconds == pytest.approx(CAPACITY * BLOCK)


def test_a_slow_reader_gets_fewer_and_not_older_updates(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", talk([0.5], pause=0.75))
    with open_file(path) as source:
        sizes = []
        while blocks := source.read():
            sizes.append(len(blocks))
            time.sleep(0.45)
    assert sum(sizes) == 20
    assert max(sizes) >= 4


def test_a_source_that_falls_silent_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_queue, "PATIENCE", 0.05)
    with pytest.raises(InputError, match=r"toy: no sound came for 0\.05 s; was it unplugged\?"):
        BlockQueue("toy", RATE).read()


def test_a_file_that_is_damaged_further_on_says_so_after_what_is_whole(predictor: Predictor, tmp_path: Path) -> None:
    signal = talk([0.5], pause=0.5, rate=96_000)
    signal[-5] = np.nan
    path = write(tmp_path / "a.wav", signal, 96_000)
    with open_file(path) as source, pytest.raises(InputError, match=r"a\.wav: expected finite samples"):
        list(listen(predictor, source))


def test_leaving_early_ends_the_player(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", talk([0.5], pause=5))
    before = threading.active_count()
    with open_file(path) as source:
        assert source.read()
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_samples_that_are_none_are_refused(predictor: Predictor) -> None:
    def broken() -> Iterator[Update]:
        return listen(predictor, Given(np.full(800, np.nan, np.float32)))

    with pytest.raises(InputError, match="expected finite samples"):
        next(broken())
