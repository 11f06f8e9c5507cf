from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser.audio.decode import decode
from ser.dataset.fingerprint import N_BITS, NEAR_IDENTICAL_BITS, SAME_RECORDING_BITS, fingerprint, fingerprint_distances
from tests.conftest import CORPORA, clip

RATE = 16_000


def distance(one: np.ndarray, other: np.ndarray, rate: int = RATE, other_rate: int = RATE) -> int:
    codes = fingerprint(one, rate), fingerprint(other, other_rate)
    return int(fingerprint_distances([codes[0]], [codes[1]])[0, 0])


def speechlike(seed: int) -> np.ndarray:
    """A second of hums of changing pitch; shape (n_samples, 1)."""
    rng = np.random.default_rng(seed)
    syllables = [clip(int(rng.integers(1 << 30)), 0.15) * rng.uniform(0.3, 1) for _ in range(7)]
    return np.concatenate(syllables)[:, None]


def test_a_quieter_stereo_copy_has_the_same_fingerprint() -> None:
    signal = speechlike(0)
    assert distance(signal, 0.3 * np.repeat(signal, 2, axis=1)) <= 2


def test_a_copy_with_leading_silence_and_noise_is_near_identical() -> None:
    signal = speechlike(1)
    padded = np.pad(signal, ((3000, 0), (0, 0)))
    rng = np.random.default_rng(0)
    noisy = signal + rng.normal(0, signal.std() / 10, signal.shape)  # 20 dB
    assert distance(signal, padded) <= NEAR_IDENTICAL_BITS
    assert distance(signal, noisy) <= NEAR_IDENTICAL_BITS


def test_a_breath_behind_the_voice_may_be_near_the_level_that_counts_as_voice() -> None:
    breath = np.random.default_rng(0).normal(0, 1, (4000, 1))
    codes = [
        fingerprint(np.concatenate([speechlike(0), np.zeros((3000, 1)), level * breath]), RATE)
        for level in np.geomspace(0.001, 0.01, 20)
    ]
    assert fingerprint_distances(codes, codes).max() <= SAME_RECORDING_BITS


def test_other_recordings_differ_in_many_bits() -> None:
    codes = [fingerprint(speechlike(seed), RATE) for seed in range(20)]
    distances = fingerprint_distances(codes, codes)
    assert distances.shape == (20, 20)
    assert (distances.diagonal() == 0).all()
    assert distances[~np.eye(20, dtype=bool)].min() > NEAR_IDENTICAL_BITS


def test_distances_count_bits() -> None:
    zeros, one, all_bits = "0" * 128, "0" * 127 + "1", "f" * 128
    assert fingerprint_distances([zeros, one], [zeros, one, all_bits]).tolist() == [[0, 1, 512], [1, 0, 511]]
    assert N_BITS == 512


@pytest.mark.slow
@pytest.mark.skipif(not CORPORA.exists(), reason="../shared/corpora is not beside this checkout")
def test_real_takes_differ_and_a_real_mp3_copy_does_not(tmp_path: Path) -> None:
    paths = sorted((CORPORA / "ravdess" / "Actor_03").glob("03-01-0[345]-*.flac"))
    recordings = [decode(path) for path in paths]
    codes = [fingerprint(*recording) for recording in recordings]
    distances = fingerprint_distances(codes, codes)
    assert distances[~np.eye(len(codes), dtype=bool)].min() > NEAR_IDENTICAL_BITS
    copies = []
    for number, (samples, rate) in enumerate(recordings):
        soundfile.write(tmp_path / f"{number}.mp3", samples, rate, format="MP3")
        copies.append(fingerprint(*decode(tmp_path / f"{number}.mp3")))
    matched = fingerprint_distances(copies, codes)
    assert (matched.argmin(axis=1) == np.arange(len(codes))).all()
    assert (matched.min(axis=1) <= NEAR_IDENTICAL_BITS).mean() > 0.9
