"""Decoding what a user hands over: a file of any kind that is understood, or an open one."""

import tempfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ser import ffmpeg
from ser.audio import AudioError, decode

MAX_BYTES = 1 << 32
"""Of a stream."""

_BLOCK = 1 << 20


def decode_file(path: Path) -> tuple[np.ndarray, int]:
    """Decode a file that `ser.audio.decode` reads, or, if it is MP4 or WebM, ffmpeg.

    Returns:
        Samples, float32 of shape (n_samples, n_channels), and the sampling rate in hertz.

    Raises:
        AudioError: it cannot be used.
    """
    demuxer = ffmpeg.demuxer(_head(path))
    if demuxer is None:
        return decode(path)
    with tempfile.TemporaryDirectory(prefix="ser-") as folder:
        wav = Path(folder) / "audio.wav"
        ffmpeg.to_wav(path, demuxer, wav)
        return _decode_as(wav, str(path))


def decode_stream(stream: BinaryIO, name: str = "-") -> tuple[np.ndarray, int]:
    """Decode what an open file holds from its place to its end, as `decode_file` does.

    Args:
        stream: of bytes; it need not be able to seek.
        name: what an error message calls it.

    Raises:
        AudioError: it cannot be used, or has more than `MAX_BYTES`.
    """
    with tempfile.TemporaryDirectory(prefix="ser-") as folder:
        copy = Path(folder) / "recording"
        with copy.open("wb") as file:
            while block := stream.read(_BLOCK):
                if file.write(block) and file.tell() > MAX_BYTES:
                    raise AudioError(f"{name}: expected at most {MAX_BYTES:,} bytes, found more", "unreadable")
        return _decode_as(copy, name)


def _decode_as(path: Path, name: str) -> tuple[np.ndarray, int]:
    try:
        return decode_file(path)
    except AudioError as error:
        raise AudioError(str(error).replace(str(path), name), error.reason) from None


def _head(path: Path) -> bytes:
    if not path.is_file():
        return b""  # `decode` says what it is
    try:
        with path.open("rb") as file:
            return file.read(12)
    except OSError:
        return b""  # `decode` says why
