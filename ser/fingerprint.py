"""A short code of what a recording sounds like, alike for altered copies of one recording."""

from functools import cache

import numpy as np

from ser.audio import resample, to_mono

N_BITS = 512
N_SEGMENTS, N_BANDS = 33, 17  # 32 x 16 differences make the bits
SAMPLING_RATE, N_FFT, HOP_LENGTH = 8_000, 512, 64
LOWEST_BAND, HIGHEST_BAND = 150.0, 3_400.0  # hertz: what telephone speech keeps
TRIM, FLOOR = 1e-2, 1e-4  # of the loudest frame's power: where the voice begins, and what counts as nothing

NEAR_IDENTICAL_BITS = 80
"""Two recordings that differ in at most this many bits are taken for copies.

On the 1,440 clips of RAVDESS speech the nearest two different recordings differ in 108 bits or more. Of their copies
with white noise at 20 dB, as 128 kbit/s MP3, resampled to 22,050 Hz, quieter, or with leading silence, 99 % differ in
less than 80; with noise at 10 dB one in ten differs in more.
"""


def fingerprint(samples: np.ndarray, sampling_rate: int) -> str:
    """Describe a recording by the signs of its energy differences over time and frequency.

    The part above -20 dB of the loudest frame is cut into 33 equal segments, so that leading silence does not matter,
    and each into 17 bands. A bit says whether the step from one band to the next grows from one segment to the next,
    which neither gain nor a steady filter changes.

    Args:
        samples: shape (n_samples, n_channels), not silent.
        sampling_rate: in hertz.

    Returns:
        128 hexadecimal digits.

    Source:
        The bits are those of Haitsma & Kalker (2002), A Highly Robust Audio Fingerprinting System, ISMIR, equation 1,
        here over the whole utterance instead of frame by frame.
    """
    signal = resample(to_mono(samples), sampling_rate, SAMPLING_RATE)
    padded = np.pad(signal, N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP_LENGTH]
    power = np.abs(np.fft.rfft(frames * np.hanning(N_FFT).astype(np.float32))) ** 2
    energy = power @ _bands()  # (frames, bands)
    total = energy.sum(axis=1)
    voiced = np.flatnonzero(total >= TRIM * total.max())
    energy = energy[voiced[0] : voiced[-1] + 1]

    # Segment edges fall between frames: interpolate the running sum.
    running = np.vstack([np.zeros(N_BANDS), energy.cumsum(axis=0)])
    edges = np.linspace(0, len(energy), N_SEGMENTS + 1)
    at_edges = np.stack([np.interp(edges, np.arange(len(running)), band) for band in running.T], axis=1)
    level = np.log(np.diff(at_edges, axis=0) + FLOOR * total.max())  # (segments, bands)
    bits = np.diff(np.diff(level, axis=1), axis=0) > 0  # (segments - 1, bands - 1)
    return np.packbits(bits).tobytes().hex()


def fingerprint_distances(some: list[str], others: list[str]) -> np.ndarray:
    """Count the differing bits of every pair.

    Returns:
        Integers from 0 to 512, shape (len(some), len(others)).
    """
    ours, theirs = _words(some), _words(others)
    distances = np.zeros((len(ours), len(theirs)), dtype=np.uint16)
    for word in range(ours.shape[1]):
        distances += np.bitwise_count(ours[:, word, None] ^ theirs[None, :, word])
    return distances


def _words(fingerprints: list[str]) -> np.ndarray:
    packed = np.frombuffer(bytes.fromhex("".join(fingerprints)), dtype=np.uint64)
    return packed.reshape(len(fingerprints), N_BITS // 64)


@cache
def _bands() -> np.ndarray:
    """Rectangular bands of equal width in log-frequency, shape (N_FFT // 2 + 1, N_BANDS)."""
    edges = np.geomspace(LOWEST_BAND, HIGHEST_BAND, N_BANDS + 1) * N_FFT / SAMPLING_RATE  # in bins
    bins = np.arange(N_FFT // 2 + 1)[:, None]
    shares: np.ndarray = np.clip(np.minimum(bins + 0.5, edges[1:]) - np.maximum(bins - 0.5, edges[:-1]), 0, 1)
    return shares
