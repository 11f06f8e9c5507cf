"""Decode, resample, trim, pad."""

import hashlib
import math
import os
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import soundfile
import soxr

from ser.errors import InputError

FORMATS = ("WAV", "WAVEX", "FLAC", "OGG", "MP3")
"""Containers that are decoded, by libsndfile's names; OGG holds Vorbis or Opus."""

REASONS = ("missing", "empty", "not audio", "unreadable", "not finite", "silent")
"""Why a file cannot be decoded."""

MAX_CHANNELS = 8
MAX_SECONDS = 2 * 3600
MAX_SAMPLES = 2 * 3600 * 48_000 * 2
"""Samples of one recording, all channels together: 2 hours of 48 kHz stereo, 2.8 GB decoded."""

SAMPLING_RATES = (4_000, 384_000)
"""Lowest and highest sampling rate that is decoded, hertz."""

SILENCE_DB = -60.0
"""Peak, in dB re full scale, below which a recording holds no speech."""

MAX_PEAK = 10.0
"""Peak of a float file above which its samples are not in [-1, 1]: 20 dB leave room for hot masters."""

TRIM_FRAME = 2048
TRIM_HOP = 512

_BLOCK = 1 << 18  # frames; no memory is reserved on the word of a header beyond one block
FORMAT_NOT_RECOGNISED = 1  # SF_ERR_UNRECOGNISED_FORMAT
FRAMES_UNKNOWN = 2**63 - 1  # SF_COUNT_MAX
_LENGTH_UNKNOWN = 0x7FFF_F000  # bytes; SoX and FFmpeg write this or more into a WAV header when they write to a pipe


class AudioError(InputError):
    """A file cannot be decoded.

    Attributes:
        reason: one of `REASONS`.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        # Exceptions cross to joblib's parent process; the default would forget the second argument.
        return AudioError, (str(self), self.reason)


class SequentialSoundFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A sound file read from its start to its end.

    soundfile seeks to where it already is after every block, which makes libmpg123 lose the bits that an MP3 frame
    borrows from those before it, and fails on a FLAC from a pipe, whose length is unknown.
    """

    def seekable(self) -> bool:
        """Say no, whatever the file can."""
        return False


def decode(path: Path) -> tuple[np.ndarray, int]:
    """Decode a WAV, FLAC, Ogg or MP3 file, told by its content.

    The header is not trusted: the file is read block by block, and what it promises must be there.

    Args:
        path: the file.

    Returns:
        The samples, float32 of shape (n_samples, n_channels), in [-1, 1] except for a float file's overshoot, and the
        sampling rate in hertz.

    Raises:
        AudioError: the file cannot be used; its ``reason`` is one of `REASONS`. Beyond `MAX_CHANNELS`, `MAX_SECONDS`,
            `MAX_SAMPLES`, `SAMPLING_RATES` or `MAX_PEAK` it is ``unreadable``.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise AudioError(f"{path}: expected an audio file, found {found}", "missing")
    try:
        with path.open("rb") as file:
            samples, sampling_rate = _decode_open_file(path, file)
    except OSError as error:
        raise AudioError(f"{path}: cannot be read: {error.strerror}", "unreadable") from None
    except soundfile.LibsndfileError as error:
        if error.code == FORMAT_NOT_RECOGNISED:
            raise AudioError(f"{path}: expected WAV, FLAC, Ogg or MP3, found none of them", "not audio") from None
        found = f"damage or an unknown encoding: {error.error_string}"
        raise AudioError(f"{path}: expected intact audio, found {found}", "unreadable") from None
    _check_peak(path, samples)
    return samples, sampling_rate


def _decode_open_file(path: Path, file: BinaryIO) -> tuple[np.ndarray, int]:
    if os.fstat(file.fileno()).st_size == 0:
        raise AudioError(f"{path}: expected audio, found an empty file", "empty")
    # By descriptor: given a path, libsndfile and soundfile would let its extension decide, and SD2 open a second file.
    with SequentialSoundFile(file.fileno(), closefd=False) as sound:
        check_header(path, sound)
        samples = _read_blocks(path, sound)
    if len(samples) == 0:
        raise AudioError(f"{path}: expected audio, found a header without samples", "empty")
    if len(samples) < sound.frames < FRAMES_UNKNOWN or ends_early(file, sound.format):
        found = f"a truncated file with {len(samples) / sound.samplerate:.3f} s"
        raise AudioError(f"{path}: expected as much audio as its header promises, found {found}", "unreadable")
    return samples, sound.samplerate


def check_header(path: Path, sound: soundfile.SoundFile) -> None:
    """Refuse what no recording of a voice is.

    Raises:
        AudioError: its container, its channels or its sampling rate are none of those.
    """
    low, high = SAMPLING_RATES
    if sound.format not in FORMATS:
        raise AudioError(f"{path}: expected WAV, FLAC, Ogg or MP3, found {sound.format}", "not audio")
    if sound.channels > MAX_CHANNELS:
        raise AudioError(f"{path}: expected at most {MAX_CHANNELS} channels, found {sound.channels}", "unreadable")
    if not low <= sound.samplerate <= high:
        raise AudioError(
            f"{path}: expected a sampling rate of {low} to {high} Hz, found {sound.samplerate}", "unreadable"
        )


def _read_blocks(path: Path, sound: soundfile.SoundFile) -> np.ndarray:
    max_frames = min(MAX_SECONDS * sound.samplerate, MAX_SAMPLES // sound.channels)
    blocks: list[np.ndarray] = []
    n_frames = 0
    while len(block := sound.read(_BLOCK, dtype="float32", always_2d=True)):
        blocks.append(block)
        n_frames += len(block)
        if n_frames > max_frames:
            raise AudioError(
                f"{path}: expected at most {max_frames / sound.samplerate:g} s, found more; cut it", "unreadable"
            )
    return np.concatenate(blocks) if blocks else block


def _check_peak(path: Path, samples: np.ndarray) -> None:
    peak = max(float(samples.max()), -float(samples.min()))  # NaN if any sample is
    if not math.isfinite(peak):
        raise AudioError(f"{path}: expected finite samples, found NaN or infinity", "not finite")
    if peak > MAX_PEAK:
        raise AudioError(f"{path}: expected samples in [-1, 1], found a peak of {peak:g}", "unreadable")
    if peak < 10 ** (SILENCE_DB / 20):
        level = f"{20 * math.log10(peak):.1f} dBFS" if peak else "digital silence"
        raise AudioError(f"{path}: expected a peak of at least {SILENCE_DB:g} dBFS, found {level}", "silent")


def ends_early(file: BinaryIO, container: str) -> bool:
    """Whether a file was cut short unnoticed: libsndfile takes what is left of a WAV or an Ogg for all of it."""
    match container:
        case "WAV" | "WAVEX":
            return _wav_ends_early(file)
        case "OGG":
            return _ogg_ends_early(file)
    return False  # FLAC fails to decode, and MP3 promises more frames than it has


def _wav_ends_early(file: BinaryIO) -> bool:
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    order: Literal["big", "little"] = "big" if file.read(4) == b"RIFX" else "little"
    file.seek(12)
    while len(header := file.read(8)) == 8:
        length = int.from_bytes(header[4:], order)
        if header.startswith(b"data"):
            return length < _LENGTH_UNKNOWN and file.tell() + length > size
        file.seek(length + length % 2, os.SEEK_CUR)
    return False


def _ogg_ends_early(file: BinaryIO) -> bool:
    """Walk the pages: the last one must be whole and flagged as the end of its stream (RFC 3533, section 6)."""
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    ended = False
    while (header := file.read(27)).startswith(b"OggS") and len(header) == 27:
        ended = bool(header[5] & 4)
        file.seek(sum(file.read(header[26])), os.SEEK_CUR)
        if file.tell() > size:
            return True
    return not ended


def audio_hash(samples: np.ndarray, sampling_rate: int) -> str:
    """Hash what is heard, not how it is stored: the same for WAV and FLAC copies of one recording.

    Args:
        samples: what `decode` gave, shape (n_samples, n_channels).
        sampling_rate: hertz.

    Returns:
        SHA-256 in hexadecimal, of the rate and the channel count (little-endian, 32 bits) and the float32 samples
        (little-endian, interleaved).
    """
    digest = hashlib.sha256(np.array([sampling_rate, samples.shape[1]], dtype="<u4").tobytes())
    digest.update(np.ascontiguousarray(samples, dtype="<f4").data)
    return digest.hexdigest()


def to_mono(samples: np.ndarray) -> np.ndarray:
    """Mean of the channels: (n_samples, n_channels) to (n_samples,)."""
    mono: np.ndarray = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    return mono


def resample(signal: np.ndarray, sampling_rate: int, target: int) -> np.ndarray:
    """Convert `signal`, shape (n_samples,), from `sampling_rate` to `target` hertz.

    Returns:
        The same dtype, shape (ceil(n_samples * target / sampling_rate),); `signal` itself when the rates agree.

    Source:
        ``librosa.resample(res_type="soxr_hq")``, output length included.
    """
    if sampling_rate == target:
        return signal
    n_samples = math.ceil(len(signal) * (target / sampling_rate))
    return fix_length(soxr.resample(signal, sampling_rate, target, quality="HQ"), n_samples)


def trim_silence(signal: np.ndarray, trim_db: float) -> np.ndarray:
    """Cut leading and trailing frames that are `trim_db` decibels or more quieter than the loudest one.

    Args:
        signal: shape (n_samples,).
        trim_db: positive, decibels below the loudest frame.

    Returns:
        A view of `signal`; all of it when every frame is equally loud, as in digital silence.

    Source:
        ``librosa.effects.trim(top_db=trim_db)`` with its frames of `TRIM_FRAME` samples every `TRIM_HOP` samples.
    """
    n_frames = 1 + len(signal) // TRIM_HOP
    frame_hops = TRIM_FRAME // TRIM_HOP
    padded = np.zeros((n_frames + frame_hops - 1) * TRIM_HOP)
    n_inside = min(len(signal), len(padded) - TRIM_FRAME // 2)
    padded[TRIM_FRAME // 2 : TRIM_FRAME // 2 + n_inside] = signal[:n_inside]
    hops = padded.reshape(-1, TRIM_HOP)  # (n_frames + frame_hops - 1, TRIM_HOP)
    energy = np.convolve(np.einsum("ij,ij->i", hops, hops), np.ones(frame_hops), mode="valid")  # (n_frames,)
    level = 10 * np.log10(np.maximum(energy / TRIM_FRAME, 1e-10))  # dB; librosa's floor
    loud = np.flatnonzero(level > level.max() - trim_db)
    return signal[loud[0] * TRIM_HOP : (loud[-1] + 1) * TRIM_HOP]


def fix_length(signal: np.ndarray, n_samples: int) -> np.ndarray:
    """Cut `signal`, shape (n_samples before,), at its end, or pad it there with zeros, to shape (n_samples,).

    >>> fix_length(np.array([1.0, 2.0]), 3)
    array([1., 2., 0.])
    """
    if len(signal) >= n_samples:
        return signal[:n_samples]
    return np.pad(signal, (0, n_samples - len(signal)))
