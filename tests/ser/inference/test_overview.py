import numpy as np

from ser.inference.frames import FRAME, FrameStream
from ser.inference.overview import MAX_BANDS, MAX_COLUMNS, Overview, OverviewBuilder

RATE = 16_000


def overview_of(signal: np.ndarray, block: int = 100_000) -> Overview:
    stream = FrameStream(RATE)
    builder = OverviewBuilder(stream.frequencies)
    for start in range(0, len(signal), block):
        builder.add(stream.add(signal[start : start + block]))
    builder.add(stream.close())
    return builder.overview()


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.1, 0.1, round(seconds * RATE)).astype(np.float32)


def test_a_short_recording_has_a_column_for_every_cell() -> None:
    overview = overview_of(noise(1.0))
    assert overview.column == FRAME
    assert overview.peaks.shape == (50, 2)
    assert overview.spectrogram.shape == (50, MAX_BANDS)
    assert overview.band_edges[-1] == 8_000


def test_a_long_one_has_no_more_columns_and_loses_no_peak() -> None:
    signal = noise(200)
    signal[1_234_567], signal[3_000_000] = 0.9, -0.8
    overview = overview_of(signal)
    assert MAX_COLUMNS / 2 <= len(overview.peaks) < MAX_COLUMNS
    assert len(overview.peaks) == np.ceil(200 / overview.column)
    assert overview.peaks[:, 1].argmax() == int(1_234_567 / RATE / overview.column)
    assert overview.peaks[:, 0].argmin() == int(3_000_000 / RATE / overview.column)
    per_column = round(overview.column * RATE)
    expected = signal[: len(signal) // per_column * per_column].reshape(-1, per_column)
    np.testing.assert_array_equal(overview.peaks[: len(expected), 0], expected.min(axis=1))
    np.testing.assert_array_equal(overview.peaks[: len(expected), 1], expected.max(axis=1))


def test_it_does_not_matter_how_the_signal_comes() -> None:
    signal = noise(90)
    one, other = overview_of(signal), overview_of(signal, block=777)
    np.testing.assert_array_equal(one.peaks, other.peaks)
    np.testing.assert_allclose(one.spectrogram, other.spectrogram, atol=1e-3)


def test_a_tone_is_in_its_band_and_at_its_level() -> None:
    signal = (0.5 * np.sin(2 * np.pi * 2_000 * np.arange(60 * RATE) / RATE)).astype(np.float32)
    overview = overview_of(signal)
    (band,) = np.unique(overview.spectrogram[1:-1].argmax(axis=1))
    assert overview.band_edges[band] <= 2_000 <= overview.band_edges[band + 1]


def test_at_the_lowest_sampling_rate_every_band_has_a_value() -> None:
    stream = FrameStream(4_000)
    builder = OverviewBuilder(stream.frequencies)
    builder.add(stream.add(noise(1.0)))
    overview = builder.overview()
    assert np.isfinite(overview.spectrogram).all()
    assert overview.band_edges[-1] == 2_000
