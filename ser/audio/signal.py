"""What is done to decoded samples: mix, judge, resample, trim, pad, hash."""

import hashlib
import math

import numpy as np
import soxr

from ser.audio.limits import AudioError

SILENCE_DB = -60.0
"""Peak, in dB re full scale, below which a recording holds no speech."""

SHORTEST_VOICE = 0.2
"""Seconds of sound, pauses left out, below which there is no word to hear an emotion in."""

CANCELLED = 0.1
"""Channels cancel each other when their mean has less than this share of the power it would have of unrelated ones."""

CANCELLING = "its channels cancel each other: the loudest of them is heard"
"""What is said of such a recording, after its name."""

TRIM_FRAME = 2048
TRIM_HOP = 512

_LOWEST_VOICE = 60.0  # hertz: below is no voice, but an offset, a drift, a rumble
_FRAME = 0.01  # seconds
_SOUND_DB, _FLOOR_DB = -40.0, -80.0  # dB re the loudest frame, and re full scale: where sound begins
_STRETCH, _BLOCK = 1 << 12, 1 << 18  # frames and samples that are judged at once, so that hours need no more memory


def audio_hash(samples: np.ndarray, sampling_rate: int) -> str:
    """Hash what is heard, not how it is stored: the same for WAV and FLAC copies of one recording.

    Args:
        samples: what `ser.audio.decode.decode` gave, shape (n_samples, n_channels).
        sampling_rate: hertz.

    Returns:
        SHA-256 in hexadecimal, of the rate and the channel count (little-endian, 32 bits) and the float32 samples
        (little-endian, interleaved).
    """
    digest = hashlib.sha256(np.array([sampling_rate, samples.shape[1]], dtype="<u4").tobytes())
    digest.update(np.ascontiguousarray(samples, dtype="<f4").data)
    return digest.hexdigest()


class ChannelPowers:
    """Adds up the power of a recording's channels, and of their mean, each without its own mean.

    Args:
        n_channels: how many there are.
    """

    def __init__(self, n_channels: int) -> None:
        self._n_samples, self._sums, self._squares = 0, np.zeros(n_channels + 1), np.zeros(n_channels + 1)

    def add(self, samples: np.ndarray) -> None:
        """Add a block of shape (n_samples, n_channels)."""
        all_of_it = np.column_stack([samples, samples.mean(axis=1)]).astype(np.float64)
        self._n_samples += len(samples)
        self._sums += all_of_it.sum(axis=0)
        self._squares += np.einsum("ij,ij->j", all_of_it, all_of_it)

    def louder_channel(self) -> int | None:
        """The loudest channel, if all channels together cancel each other; None if they do not."""
        powers = self._squares - self._sums**2 / max(self._n_samples, 1)
        *channels, mean = powers.tolist()
        cancelled = mean < CANCELLED * sum(channels) / len(channels) ** 2
        return int(np.argmax(channels)) if cancelled else None


def to_mono(samples: np.ndarray) -> np.ndarray:
    """Bring a recording to one channel: the mean of its channels, or the loudest if they cancel each other in the mean.

    Args:
        samples: shape (n_samples, n_channels).

    Returns:
        The same dtype, shape (n_samples,).
    """
    if samples.shape[1] == 1:
        return samples[:, 0]
    powers = ChannelPowers(samples.shape[1])
    for block in np.array_split(samples, 1 + len(samples) // _BLOCK):
        powers.add(block)
    return mix(samples, powers.louder_channel())


def mix(samples: np.ndarray, channel: int | None) -> np.ndarray:
    """One channel of samples of shape (n_samples, n_channels), or, if None is named, the mean of all."""
    mono: np.ndarray = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    return mono if channel is None else samples[:, channel]


def check_voice(signal: np.ndarray, sampling_rate: int, name: str) -> None:
    """Refuse a signal in which there is nothing that could be a voice; see `VoiceCheck`.

    Args:
        signal: mono, finite, shape (n_samples,), at least one sample.
        sampling_rate: hertz.
        name: what an error message calls the recording.

    Raises:
        AudioError: it is ``silent`` or ``too short``.
    """
    check = VoiceCheck(sampling_rate, name)
    for start in range(0, len(signal), check.stretch):
        check.add(signal[start : start + check.stretch])
    check.check()


class VoiceCheck:
    """Refuses a signal that comes in stretches if there is nothing in it that could be a voice.

    What is slower than a voice, such as a constant offset, counts as nothing.

    Args:
        sampling_rate: hertz.
        name: what an error message calls the recording.

    Attributes:
        stretch: samples in every stretch but the last.
    """

    def __init__(self, sampling_rate: int, name: str) -> None:
        self._sampling_rate, self._name = sampling_rate, name
        self._length = max(round(_FRAME * sampling_rate), 1)
        self.stretch = _STRETCH * self._length
        self._n_samples, self._peak, self._offset = 0, 0.0, 0.0
        self._powers: list[np.ndarray] = []

    def add(self, signal: np.ndarray) -> None:
        """Judge the next stretch: mono, finite, shape (n_samples,)."""
        sound = _without_drift(signal, self._sampling_rate)
        self._n_samples += len(signal)
        self._peak = max(self._peak, float(np.abs(sound).max()))
        self._offset = max(self._offset, float(np.abs(signal).max()))
        frames = np.pad(sound, (0, -len(sound) % self._length)).reshape(-1, self._length)
        self._powers.append(np.einsum("ij,ij->i", frames, frames))

    def check(self) -> None:
        """Say what is wrong, now that all was added.

        Raises:
            AudioError: it is ``silent``, its peak being below `SILENCE_DB`, or ``too short``, with less than
                `SHORTEST_VOICE` of sound.
        """
        there = self._n_samples / self._sampling_rate
        if there < SHORTEST_VOICE:
            raise _too_short(self._name, there)
        power = np.concatenate(self._powers)
        if self._peak < 10 ** (SILENCE_DB / 20):
            level = f"{20 * math.log10(self._peak):.1f} dBFS" if self._peak > 1e-7 else "silence"
            if self._offset >= 10 ** (SILENCE_DB / 20):
                level += " beside an offset"
            message = f"{self._name}: expected a peak of at least {SILENCE_DB:g} dBFS, found {level}"
            raise AudioError(message, "silent")
        least = max(power.max() * 10 ** (_SOUND_DB / 10), self._length * 10 ** (_FLOOR_DB / 10))
        seconds = min(int((power >= least).sum()) * self._length / self._sampling_rate, there)
        if seconds < SHORTEST_VOICE:
            raise _too_short(self._name, seconds)


def _too_short(name: str, seconds: float) -> AudioError:
    message = f"{name}: too short: expected at least {SHORTEST_VOICE:g} s of voice, found {seconds:.3f} s"
    return AudioError(message, "too short")


def _without_drift(signal: np.ndarray, sampling_rate: int) -> np.ndarray:
    """Take from every sample the mean of those around it, over a period of the lowest voice; float64."""
    half = max(round(sampling_rate / _LOWEST_VOICE / 2), 1)
    padded = np.pad(signal.astype(np.float64), half, mode="reflect")
    running = np.concatenate([[0.0], padded.cumsum()])
    width = 2 * half + 1
    sound: np.ndarray = signal - (running[width:] - running[:-width]) / width
    return sound


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
    start, end = loud_part(hop_energies(signal), trim_db)
    return signal[start:end]


def hop_energies(signal: np.ndarray) -> np.ndarray:
    """Energy of a signal, shape (n_samples,), in hops of `TRIM_HOP` samples, none left out: float64, shape (n_hops,).

    Of a signal in blocks, if all blocks but the last are whole hops, those of the blocks are those of the signal.
    """
    padded = np.zeros(-(-len(signal) // TRIM_HOP) * TRIM_HOP)
    padded[: len(signal)] = signal
    hops = padded.reshape(-1, TRIM_HOP)
    energies: np.ndarray = np.einsum("ij,ij->i", hops, hops)
    return energies


def loud_part(energies: np.ndarray, trim_db: float) -> tuple[int, int]:
    """Where `trim_silence` has what it keeps of a signal begin and end, samples; the end may lie behind the signal's.

    Args:
        energies: of the signal, as `hop_energies` gives them, shape (n_hops,).
        trim_db: positive, decibels below the loudest frame.
    """
    frame_hops = TRIM_FRAME // TRIM_HOP
    around = np.pad(energies, (frame_hops // 2, frame_hops // 2))
    energy = np.convolve(around, np.ones(frame_hops), mode="valid")  # (n_hops + 1,): of the frames
    level = 10 * np.log10(np.maximum(energy / TRIM_FRAME, 1e-10))  # dB; librosa's floor
    loud = np.flatnonzero(level > level.max() - trim_db)
    return int(loud[0]) * TRIM_HOP, (int(loud[-1]) + 1) * TRIM_HOP


def fix_length(signal: np.ndarray, n_samples: int) -> np.ndarray:
    """Cut `signal`, shape (n_samples before,), at its end, or pad it there with zeros, to shape (n_samples,).

    >>> fix_length(np.array([1.0, 2.0]), 3)
    array([1., 2., 0.])
    """
    if len(signal) >= n_samples:
        return signal[:n_samples]
    return np.pad(signal, (0, n_samples - len(signal)))
