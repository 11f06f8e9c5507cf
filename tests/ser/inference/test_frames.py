import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser.inference.frames import Frames, FrameStream

RATE = 8_000
HOP = 160


def frames_of(blocks: list[np.ndarray]) -> Frames:
    stream = FrameStream(RATE)
    found = [stream.add(block) for block in blocks] + [stream.close()]
    return Frames(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


@given(st.integers(0, 2000), st.lists(st.integers(0, 2000), max_size=5))
def test_every_sample_is_in_one_cell_however_the_signal_comes(n_samples: int, cuts: list[int]) -> None:
    signal = np.random.default_rng(n_samples).uniform(-1, 1, n_samples).astype(np.float32)
    whole, parts = frames_of([signal]), frames_of(np.split(signal, sorted(cuts)))
    assert len(whole.power) == len(whole.peaks) == -(-n_samples // HOP)
    np.testing.assert_array_equal(parts.peaks, whole.peaks)
    np.testing.assert_allclose(parts.power, whole.power, atol=1e-7)
    for i, (lowest, highest) in enumerate(whole.peaks[:-1]):
        inside = signal[i * HOP : (i + 1) * HOP]
        assert (lowest, highest) == (inside.min(), inside.max())


@pytest.mark.parametrize("frequency", [500, 1000, 3000])
def test_a_tone_has_its_mean_square_at_its_frequency(frequency: int) -> None:
    signal = 0.5 * np.sin(2 * np.pi * frequency * np.arange(RATE) / RATE).astype(np.float32)
    power = frames_of([signal]).power[5:-5]
    frequencies = FrameStream(RATE).frequencies
    assert frequencies[power.mean(axis=0).argmax()] == frequency
    np.testing.assert_allclose(power.sum(axis=1), 0.5**2 / 2, rtol=1e-3)


def test_a_cell_is_centred_on_what_it_stands_for() -> None:
    signal = np.zeros(1600, np.float32)
    signal[5 * HOP : 6 * HOP] = np.random.default_rng(0).normal(size=HOP)
    assert frames_of([signal]).power.sum(axis=1).argmax() == 5
