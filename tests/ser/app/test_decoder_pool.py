import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from benchmarks.measurements.fuzz_decoder import damaged
from ser.app.decoder_pool import Decoders, DecodersGoneError, Heard
from ser.app.settings import TOKEN_VARIABLE
from ser.audio.decode import decode
from ser.audio.limits import AudioError
from ser.audio.signal import resample, to_mono
from tests.conftest import clip
from tests.ser.app.conftest import Serve, counts, encoded, form

RATE = 8_000
MP4 = bytes([0, 0, 0, 28]) + b"ftypM4A " + bytes(100)
"""What is handed to ffmpeg."""

Work = Callable[[Decoders], Awaitable[Any]]


def with_decoders(folder: Path, work: Work, max_seconds: float = 10.0, timeout: float = 30.0) -> list[str]:
    """Let decoders work, see that they leave nothing behind, and return how processes were lost."""
    lost: list[str] = []

    async def main() -> None:
        decoders = Decoders(1, RATE, max_seconds, timeout, lost.append)
        try:
            await decoders.start()
            await work(decoders)
        finally:
            await decoders.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(folder))
        asyncio.run(main())
    assert list(folder.iterdir()) == []
    return lost


async def refusal(decoders: Decoders, content: bytes) -> str:
    with pytest.raises(AudioError) as caught:
        await decoders.decode(content)
    return str(caught.value)


async def pid_of(decoders: Decoders) -> int:
    """The process of the only decoder."""
    (decoder,) = decoders._all
    await decoder.start()
    assert decoder._process is not None
    return decoder._process.pid


@pytest.fixture
def ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a stand-in for ffmpeg on the path."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")

    def write(text: str) -> None:
        path = tmp_path / "bin/ffmpeg"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    return write


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_decoded_recording_is_what_decoding_it_here_gives(scratch: Path, tmp_path: Path, container: str) -> None:
    path = tmp_path / "a"
    soundfile.write(path, np.stack([clip(1, 1.2), 0.5 * clip(2, 1.2)], axis=1), 44_100, format=container)
    samples, rate = decode(path)

    async def work(decoders: Decoders) -> None:
        found = (await decoders.decode(path.read_bytes())).signal
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, resample(to_mono(samples), rate, RATE))

    assert with_decoders(scratch, work) == []


def test_one_that_is_too_long_is_refused_before_it_is_decoded_to_its_end(scratch: Path, tmp_path: Path) -> None:
    # 40 minutes of digital silence: 45 kB of FLAC, 460 MB decoded.
    path = tmp_path / "a.flac"
    with soundfile.SoundFile(path, "w", 48_000, 1, "PCM_16") as file:
        for _ in range(40):
            file.write(np.zeros(60 * 48_000, np.int16))
    assert path.stat().st_size < 2_000_000

    async def work(decoders: Decoders) -> None:
        assert await refusal(decoders, path.read_bytes()) == "file: expected at most 10 s, found more; cut it"
        status = Path(f"/proc/{await pid_of(decoders)}/status")
        if status.exists():
            (peak,) = [int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")]
            assert peak < 150_000  # kB

    assert with_decoders(scratch, work) == []


def test_a_header_that_promises_days_costs_nothing(scratch: Path) -> None:
    content = bytearray(encoded(container="FLAC")[:1000])
    content[21] |= 0x0F  # the upper 4 of STREAMINFO's 36 bits of total samples
    content[22:26] = b"\xff" * 4

    async def work(decoders: Decoders) -> None:
        assert "file: expected" in await refusal(decoders, bytes(content))
        await decoders.decode(encoded())

    assert with_decoders(scratch, work) == []


def test_one_that_hangs_is_ended_with_what_it_started(
    scratch: Path, tmp_path: Path, ffmpeg: Callable[[str], None]
) -> None:
    ffmpeg(f"echo $$ > {tmp_path}/pid; exec sleep 100")

    async def work(decoders: Decoders) -> None:
        assert await refusal(decoders, MP4) == "file: decoding took longer than 3 s"
        command = ["ps", "-o", "stat=", "-p", (tmp_path / "pid").read_text().strip()]
        assert subprocess.run(command, capture_output=True, text=True, check=False).stdout[:1] in ("", "Z")
        assert len((await decoders.decode(encoded())).signal) > 0

    assert with_decoders(scratch, work, timeout=3) == ["timeout"]


def test_one_that_crashes_the_process_costs_nobody_else_anything(scratch: Path, ffmpeg: Callable[[str], None]) -> None:
    ffmpeg("kill -SEGV $PPID; sleep 100")

    async def work(decoders: Decoders) -> None:
        work = (decoders.decode(one) for one in (encoded(), MP4, encoded(2)))
        results = await asyncio.gather(*work, return_exceptions=True)
        assert isinstance(results[1], AudioError)
        assert str(results[1]) == "file: expected intact audio, found what no decoder survives"
        assert isinstance(results[0], Heard)
        assert isinstance(results[2], Heard)
        assert len(results[0].signal) == len(results[2].signal) > 0

    assert with_decoders(scratch, work) == ["crash"]


def test_a_process_that_died_while_idle_is_replaced(scratch: Path) -> None:
    async def work(decoders: Decoders) -> None:
        before = await pid_of(decoders)
        os.kill(before, signal.SIGKILL)
        await asyncio.sleep(0.5)
        assert len((await decoders.decode(encoded())).signal) > 0
        assert await pid_of(decoders) != before

    assert with_decoders(scratch, work) == []


def test_who_stops_waiting_leaves_no_answer_for_the_next(scratch: Path, ffmpeg: Callable[[str], None]) -> None:
    ffmpeg("sleep 1; exit 1")

    async def work(decoders: Decoders) -> None:
        waiting = asyncio.create_task(decoders.decode(MP4))
        await asyncio.sleep(0.3)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert len((await decoders.decode(encoded(seconds=1.0))).signal) == RATE

    assert with_decoders(scratch, work) == []


@pytest.mark.skipif(sys.platform != "linux", reason="macOS limits no process's memory")
def test_memory_is_limited(scratch: Path) -> None:
    async def work(decoders: Decoders) -> None:
        limits = Path(f"/proc/{await pid_of(decoders)}/limits").read_text()
        (line,) = [line for line in limits.splitlines() if line.startswith("Max address space")]
        assert 1 << 30 <= int(line.split()[3]) < (1 << 30) + (1 << 26)

    assert with_decoders(scratch, work, max_seconds=10) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_does_not_know_the_token(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "a-secret-0123456789")

    async def work(decoders: Decoders) -> None:
        environment = Path(f"/proc/{await pid_of(decoders)}/environ").read_bytes()
        assert b"TMPDIR=" in environment
        assert b"a-secret" not in environment

    with_decoders(scratch, work)


def test_without_processes_the_service_says_that_it_cannot(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(decoders: Decoders) -> None:
        os.kill(await pid_of(decoders), signal.SIGKILL)
        await asyncio.sleep(0.5)
        monkeypatch.setattr(decoders._all[0], "_command", ["/nonexistent"])
        with pytest.raises(DecodersGoneError, match="no process that decodes can be started"):
            await decoders.decode(encoded())

    with_decoders(scratch, work)


def test_damaged_files_are_decoded_or_refused_and_no_process_is_lost(scratch: Path) -> None:
    n_refused = n_decoded = 0

    async def work(decoders: Decoders) -> None:
        nonlocal n_refused, n_decoded
        for _, content in damaged(seed=0, n_files=300):
            try:
                n_decoded += np.isfinite((await decoders.decode(content)).signal).all()
            except AudioError as error:
                n_refused += str(error).startswith("file: ") and "\n" not in str(error)

    assert with_decoders(scratch, work) == []
    assert n_refused + n_decoded == 300
    assert min(n_refused, n_decoded) > 30


def test_a_hanging_file_is_answered_and_the_others_meanwhile(serve: Serve, ffmpeg: Callable[[str], None]) -> None:
    ffmpeg("exec sleep 100")
    client = serve(timeout=3.0)
    answer = client.post("/predict", files=form(MP4))
    assert (answer.status_code, answer.json()) == (422, {"error": "file: decoding took longer than 3 s"})
    assert client.post("/predict", files=form(encoded())).status_code == 200
    assert counts(client)["ser_decoders_lost_total", "timeout"] == 1


SPINNING = """
from ser.app import decoder_process
decoder_process._SECONDS = decoder_process._SECONDS_PER_SECOND = 0
def spin(*_):
    while True:
        pass
decoder_process._answer = spin
decoder_process.main()
"""


def test_one_that_takes_more_processor_time_than_its_size_warrants_is_ended(scratch: Path) -> None:
    async def work(decoders: Decoders) -> None:
        (decoder,) = decoders._all
        await decoder.kill()
        decoder._command[1:] = ["-c", SPINNING, str(RATE), "10"]
        assert await refusal(decoders, b"RIFF") == (
            "file: expected a recording that takes no more processor time than its size warrants, found one"
        )

    assert with_decoders(scratch, work) == ["timeout"]


def test_a_larger_recording_has_more_processor_time() -> None:
    code = """
import resource
from ser.app.decoder_process import _limit_time
for n_bytes in (0, 20 << 20):
    _limit_time(n_bytes, 120.0)
    print(resource.getrlimit(resource.RLIMIT_CPU)[0])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    least, most = map(int, done.stdout.split())
    assert least < most <= 15
