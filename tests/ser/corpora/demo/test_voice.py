import numpy as np
import pytest
from scipy import signal as dsp

from ser.corpora.demo.phones import KIDS_ARE_TALKING_BY_THE_DOOR
from ser.corpora.demo.voice import HOP, SAMPLING_RATE, Delivery, _overlap_add, _pulses, _spectra, synthesise

PLAIN = Delivery(
    f0=150,
    accent=2,
    contour=0,
    tempo=1,
    level=-25,
    emphasis=6,
    tilt=0,
    jitter=0.005,
    breathiness=-10,
    articulation=1,
    tract=1,
    room=-80,
)


def say(seed: int = 0, **changes: float) -> np.ndarray:
    return synthesise(KIDS_ARE_TALKING_BY_THE_DOOR, PLAIN._replace(**changes), np.random.default_rng(seed))


def median_f0(signal: np.ndarray) -> float:
    """Fundamental frequency by autocorrelation, in hertz: the median over clearly voiced frames of 50 ms."""
    rate = SAMPLING_RATE // 6
    low = dsp.decimate(np.asarray(signal, dtype=float), 6)
    frames = np.lib.stride_tricks.sliding_window_view(low, rate // 20)[:: rate // 50]
    frames = frames[np.mean(frames**2, axis=1) > 0.1 * np.mean(low**2)] * np.hanning(rate // 20)
    autocorrelation = np.fft.irfft(np.abs(np.fft.rfft(frames, 2048)) ** 2)[:, : rate // 65]
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(rate // 20), 2048)) ** 2)[: rate // 65]
    autocorrelation = autocorrelation / autocorrelation[:, :1] / (window / window[0])
    found = []
    for lags in autocorrelation:
        peaks = dsp.find_peaks(lags)[0]
        peaks = peaks[(peaks >= rate // 550) & (lags[peaks] > 0.6)]
        if len(peaks):
            found.append(rate / peaks[lags[peaks] > 0.9 * lags[peaks].max()][0])
    return float(np.median(found))


def energy(signal: np.ndarray, low: float, high: float) -> float:
    """Energy between two frequencies, in dB re the whole."""
    frequencies, power = dsp.welch(signal, SAMPLING_RATE, nperseg=2048)
    return float(10 * np.log10(power[(frequencies >= low) & (frequencies < high)].sum() / power.sum()))


@pytest.mark.parametrize("f0", [90, 150, 240, 350])
def test_the_pitch_is_the_one_asked_for(f0: float) -> None:
    assert median_f0(say(f0=f0, accent=0)) == pytest.approx(f0, rel=0.08)


def test_twice_the_tempo_halves_the_speech() -> None:
    slow, fast = (len(say(tempo=tempo)) / SAMPLING_RATE for tempo in (1, 2))
    margins = np.random.default_rng(0)
    margins.normal(0, 0.08, len(KIDS_ARE_TALKING_BY_THE_DOOR))
    silence = margins.uniform(0.1, 0.25, 2).sum()
    assert slow - silence == pytest.approx(2 * (fast - silence), abs=0.02)


def test_speech_has_the_level_asked_for_and_silence_the_rooms() -> None:
    signal = say(level=-25, room=-70)
    silence, speech = signal[: SAMPLING_RATE // 12], signal[SAMPLING_RATE // 4 : -SAMPLING_RATE // 4]
    assert 10 * np.log10(np.mean(silence**2)) == pytest.approx(-70, abs=0.5)
    assert 10 * np.log10(np.mean(speech**2)) == pytest.approx(-25, abs=1)


def test_a_shout_is_turned_down_and_not_clipped() -> None:
    assert np.abs(say(level=0)).max() == pytest.approx(0.95)


def test_tilt_moves_energy_upwards() -> None:
    soft, plain, pressed = (energy(say(tilt=tilt), 2000, 5000) for tilt in (-3, 0, 3))
    assert soft + 2 < plain < pressed - 2


def test_breath_is_heard_above_the_voice() -> None:
    assert energy(say(breathiness=10), 2500, 5000) > energy(say(breathiness=-30), 2500, 5000) + 3


def test_a_shorter_vocal_tract_has_higher_formants() -> None:
    def first_formant(tract: float) -> float:
        frequencies, power = dsp.welch(say(f0=70, accent=0, tract=tract), SAMPLING_RATE, nperseg=480)
        band = (frequencies > 200) & (frequencies < 1400)
        return float(np.average(frequencies[band], weights=power[band]))

    assert first_formant(1.2) / first_formant(1.0) == pytest.approx(1.2, abs=0.08)


def test_without_jitter_the_pulses_are_regular_and_with_it_they_are_not() -> None:
    def spread(jitter: float) -> float:
        pulses = _pulses(np.full(200, 100.0), jitter, np.random.default_rng(0))
        whole = dsp.find_peaks(pulses, height=1)[0]
        return float(np.std(np.diff(whole)) / np.mean(np.diff(whole)))

    assert spread(0) < 0.001
    assert spread(0.03) == pytest.approx(0.03, rel=0.25)


def test_pulses_have_the_same_power_at_any_pitch() -> None:
    low, high = (np.mean(_pulses(np.full(200, f0), 0, np.random.default_rng(0)) ** 2) for f0 in (100.0, 300.0))
    assert low == pytest.approx(high, rel=0.2)


def test_short_time_spectra_add_up_to_the_signal() -> None:
    white = np.random.default_rng(0).standard_normal(40 * HOP)
    signal = dsp.sosfiltfilt(dsp.butter(8, 6000, fs=SAMPLING_RATE, output="sos"), white)
    np.testing.assert_allclose(_overlap_add(_spectra(signal))[HOP:-HOP], signal[HOP:-HOP], atol=1e-3)


def test_a_seed_fixes_every_sample() -> None:
    np.testing.assert_array_equal(say(seed=3), say(seed=3))
    assert len(say(seed=3)) != len(say(seed=4))


def test_the_type_of_a_number_changes_no_sample() -> None:
    numpy_floats = Delivery(*np.array(PLAIN))
    np.testing.assert_array_equal(
        synthesise(KIDS_ARE_TALKING_BY_THE_DOOR, numpy_floats, np.random.default_rng(0)), say(seed=0)
    )
