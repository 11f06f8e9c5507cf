"""A recording of any length read block by block, so that memory does not grow with it."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from ser import audio, ffmpeg, inputs
from ser.audio import MAX_PEAK, MAX_SAMPLES, MAX_SECONDS, AudioError

LONGEST = 24 * 3600
"""Seconds of a recording; of one that ffmpeg brings to WAV, as many as `ser predict` takes."""

_BLOCK = 1 << 16  # frames


@dataclass(frozen=True)
class AudioBlocks:
    """An open recording.

    Attributes:
        sampling_rate: hertz.
        seconds: as its header says; None if it does not.
        blocks: its samples, once and in order: mono, float32, each of shape (n_samples,). Raises `AudioError` where
            the recording is damaged, too long, or has no samples in [-1, 1].
    """

    sampling_rate: int
    seconds: float | None
    blocks: Iterator[np.ndarray]


@contextmanager
def open_blocks(recording: str | Path | BinaryIO) -> Iterator[AudioBlocks]:
    """Open what `ser predict` takes: WAV, FLAC, Ogg and MP3, or, with ffmpeg, MP4 and WebM; a path, or an open file.

    Raises:
        AudioError: it cannot be used.
    """
    with ExitStack() as stack:
        name = str(recording) if isinstance(recording, str | Path) else "-"
        path, converted = _decodable(recording, name, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        with _errors(path, name):
            if not path.is_file():
                found = "a folder" if path.is_dir() else "no such file"
                raise AudioError(f"{path}: expected an audio file, found {found}", "missing")
            if path.stat().st_size == 0:
                raise AudioError(f"{path}: expected audio, found an empty file", "empty")
            file = stack.enter_context(path.open("rb"))
            sound = stack.enter_context(audio.SequentialSoundFile(file.fileno(), closefd=False))
            audio.check_header(path, sound)
            with path.open("rb") as whole:  # another one: the position of the first is libsndfile's
                if audio.ends_early(whole, sound.format):
                    raise AudioError(f"{path}: expected as much audio as its header promises, found less", "unreadable")
        promised = sound.frames if 0 < sound.frames < audio.FRAMES_UNKNOWN else None
        longest = min(MAX_SECONDS, MAX_SAMPLES / sound.channels / sound.samplerate) if converted else LONGEST
        yield AudioBlocks(
            sampling_rate=sound.samplerate,
            seconds=promised and promised / sound.samplerate,
            blocks=_blocks(sound, path, name, promised, longest),
        )


def resample_blocks(blocks: Iterable[np.ndarray], sampling_rate: int, target: int) -> Iterator[np.ndarray]:
    """Convert a signal that comes in blocks from `sampling_rate` to `target` hertz, as `ser.audio.resample` does."""
    if sampling_rate == target:
        yield from blocks
        return
    stream = soxr.ResampleStream(sampling_rate, target, 1, quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.empty(0, np.float32), last=True)


def blocks_of(length: int, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Cut a signal that comes in blocks into others, all of `length` samples but the last."""
    rest: list[np.ndarray] = []
    n_rest = 0
    for block in blocks:
        rest.append(block)
        n_rest += len(block)
        if n_rest >= length:
            signal = np.concatenate(rest)
            n_rest = len(signal) % length
            yield from signal[: len(signal) - n_rest].reshape(-1, length)
            rest = [signal[len(signal) - n_rest :]]
    if n_rest:
        yield np.concatenate(rest)


def _decodable(recording: str | Path | BinaryIO, name: str, folder: Path) -> tuple[Path, bool]:
    """A file that libsndfile may read, in `folder` if need be, and whether ffmpeg made it."""
    if isinstance(recording, str | Path):
        path = Path(recording)
    else:
        path = folder / "recording"
        _copy(recording, path, name)
    demuxer = ffmpeg.demuxer(inputs._head(path))
    if demuxer is None:
        return path, False
    with _errors(path, name):
        ffmpeg.to_wav(path, demuxer, folder / "audio.wav")
    return folder / "audio.wav", True


def _copy(stream: BinaryIO, path: Path, name: str) -> None:
    with path.open("wb") as file:
        while block := stream.read(_BLOCK):
            if file.write(block) and file.tell() > inputs.MAX_BYTES:
                raise AudioError(f"{name}: expected at most {inputs.MAX_BYTES:,} bytes, found more", "unreadable")


def _blocks(
    sound: soundfile.SoundFile, path: Path, name: str, promised: int | None, longest: float
) -> Iterator[np.ndarray]:
    n_frames = 0
    with _errors(path, name):
        while len(block := sound.read(_BLOCK, dtype="float32", always_2d=True)):
            n_frames += len(block)
            peak = float(np.abs(block).max())  # NaN if any sample is
            if not peak <= MAX_PEAK:
                raise AudioError(f"{path}: expected finite samples in [-1, 1], found a peak of {peak:g}", "not finite")
            if n_frames > longest * sound.samplerate:
                raise AudioError(f"{path}: expected at most {longest:g} s, found more; cut it", "unreadable")
            yield np.ascontiguousarray(audio.to_mono(block))
        if n_frames == 0:
            raise AudioError(f"{path}: expected audio, found a header without samples", "empty")
        if promised is not None and n_frames < promised:
            found = f"a truncated file with {n_frames / sound.samplerate:.3f} s"
            raise AudioError(f"{path}: expected as much audio as its header promises, found {found}", "unreadable")


@contextmanager
def _errors(path: Path, name: str) -> Iterator[None]:
    """Say of every defect of a file what `ser.audio.decode` says, and call the file `name`."""
    try:
        yield
    except AudioError as error:
        raise AudioError(str(error).replace(str(path), name), error.reason) from None
    except OSError as error:
        raise AudioError(f"{name}: cannot be read: {error.strerror}", "unreadable") from None
    except soundfile.LibsndfileError as error:
        if error.code == audio.FORMAT_NOT_RECOGNISED:
            raise AudioError(f"{name}: expected WAV, FLAC, Ogg or MP3, found none of them", "not audio") from None
        found = f"damage or an unknown encoding: {error.error_string}"
        raise AudioError(f"{name}: expected intact audio, found {found}", "unreadable") from None
