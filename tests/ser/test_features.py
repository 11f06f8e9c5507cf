from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from ser.audio import AudioError
from ser.errors import InputError
from ser.features import front_end, load_signal, log_mel, prepare_signal
from ser.params import FeatureParams

TOP = Path(__file__).parents[2]
RAVDESS = TOP.parent / "shared" / "corpora" / "ravdess"
GOLDEN = TOP / "tests" / "golden" / "log_mel.npz"
DECIBELS = 1e-3

DEFAULT = FeatureParams(
    sampling_rate=22050,
    duration=3.0,
    trim_db=40.0,
    n_fft=1024,
    hop_length=512,
    n_mels=64,
    f_min=50.0,
    f_max=8000.0,
    top_db=80.0,
)
DENSE = DEFAULT.model_copy(
    update={"sampling_rate": 16000, "n_fft": 400, "hop_length": 160, "n_mels": 40, "f_min": 0.0, "top_db": 30.0}
)


def librosa_log_mel(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    power = librosa.feature.melspectrogram(
        y=signal,
        sr=params.sampling_rate,
        n_fft=params.n_fft,
        hop_length=params.hop_length,
        n_mels=params.n_mels,
        fmin=params.f_min,
        fmax=params.f_max,
        power=2,
        center=True,
        pad_mode="constant",
    )
    return librosa.power_to_db(power, ref=np.max, amin=1e-10, top_db=params.top_db)


@st.composite
def analyses(draw: st.DrawFn) -> FeatureParams:
    rate = draw(st.sampled_from([8000, 16000, 22050, 44100, 48000]))
    n_fft = draw(st.sampled_from([256, 400, 512, 1024, 2048]))
    f_max = draw(st.floats(0.3, 1.0)) * rate / 2
    return DEFAULT.model_copy(
        update={
            "sampling_rate": rate,
            "n_fft": n_fft,
            "hop_length": draw(st.integers(n_fft // 8, n_fft)),
            "n_mels": draw(st.integers(1, 128)),
            "f_min": draw(st.floats(0, 0.5)) * f_max,
            "f_max": f_max,
            "top_db": draw(st.floats(20, 100)),
        }
    )


@pytest.mark.parametrize(("name", "params"), [("default", DEFAULT), ("dense", DENSE)])
def test_log_mel_agrees_with_the_golden_file(name: str, params: FeatureParams) -> None:
    with np.load(GOLDEN) as golden:
        ours = log_mel(golden[f"{name}_signal"], params)
        assert_allclose(ours, golden[f"{name}_log_mel"], rtol=0, atol=DECIBELS)


@pytest.mark.filterwarnings("ignore:Empty filters detected")
@settings(deadline=None, max_examples=60)
@given(params=analyses(), n_samples=st.integers(2048, 20000), decay=st.floats(0, 12), seed=st.integers(0, 2**32 - 1))
def test_log_mel_agrees_with_librosa_whatever_the_settings(
    params: FeatureParams, n_samples: int, decay: float, seed: int
) -> None:
    noise = np.random.default_rng(seed).standard_normal(n_samples)
    signal = (0.3 * noise * np.exp(-decay * np.linspace(0, 1, n_samples))).astype(np.float32)
    ours = log_mel(signal, params)
    assert ours.dtype == np.float32
    assert_allclose(ours, librosa_log_mel(signal, params), rtol=0, atol=DECIBELS)


@pytest.mark.slow
def test_real_recordings_give_what_librosa_gives() -> None:
    if not RAVDESS.is_dir():
        pytest.skip("needs the recordings of RAVDESS in ../shared/corpora/ravdess")
    for path in sorted(RAVDESS.glob("*/*.flac"))[::120]:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        signal = librosa.resample(librosa.to_mono(samples.T), orig_sr=rate, target_sr=22050, res_type="soxr_hq")
        signal, _ = librosa.effects.trim(signal, top_db=40)
        ours = load_signal(path, DEFAULT)
        assert_array_equal(ours, signal)
        fixed = librosa.util.fix_length(signal, size=DEFAULT.n_samples)
        assert_allclose(front_end(ours, DEFAULT), librosa_log_mel(fixed, DEFAULT), rtol=0, atol=DECIBELS)


def test_silence_is_the_same_in_every_cell() -> None:
    assert_allclose(log_mel(np.zeros(4000, np.float32), DEFAULT), np.zeros((64, 8)), rtol=0, atol=DECIBELS)


def test_the_recording_level_does_not_matter() -> None:
    signal = 0.1 * np.random.default_rng(0).standard_normal(22050).astype(np.float32)
    assert_allclose(log_mel(2 * signal, DEFAULT), log_mel(signal, DEFAULT), rtol=0, atol=DECIBELS)
    assert log_mel(signal, DEFAULT).max() == 0


def test_a_tone_is_loudest_in_the_band_around_its_frequency() -> None:
    signal = np.sin(2 * np.pi * 1500 * np.arange(22050) / 22050).astype(np.float32)
    centres = librosa.mel_frequencies(66, fmin=50, fmax=8000)[1:-1]
    assert log_mel(signal, DEFAULT).mean(axis=1).argmax() == np.abs(centres - 1500).argmin()


@pytest.mark.parametrize("n_samples", [1, 512, 66149, 66150, 66151, 200000])
@pytest.mark.parametrize("params", [DEFAULT, DENSE])
def test_the_front_end_has_one_shape_for_every_length(n_samples: int, params: FeatureParams) -> None:
    signal = 0.1 * np.random.default_rng(0).standard_normal(n_samples).astype(np.float32)
    assert front_end(signal, params).shape == (params.n_mels, params.n_frames)


@pytest.mark.parametrize(
    ("signal", "found"),
    [
        (np.array([0.1, np.nan], np.float32), "found NaN or infinity"),
        (np.array([0.1, -np.inf], np.float32), "found NaN or infinity"),
        (np.zeros((100, 2), np.float32), r"found shape \(100, 2\)"),
    ],
)
def test_a_signal_that_cannot_be_analysed_is_refused(signal: np.ndarray, found: str) -> None:
    with pytest.raises(InputError, match=found):
        log_mel(signal, DEFAULT)


def test_a_file_is_mixed_resampled_and_trimmed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = np.zeros((48000, 2))
    samples[12000:36000] = 0.1 * rng.standard_normal((24000, 2))
    soundfile.write(tmp_path / "a.flac", samples, 48000)
    signal = load_signal(tmp_path / "a.flac", DEFAULT)
    assert signal.dtype == np.float32
    assert 0.5 <= len(signal) / 22050 <= 0.5 + 2 * 2048 / 22050
    assert np.sqrt(np.mean(signal[2048:-2048] ** 2)) == pytest.approx(
        0.1 / np.sqrt(2) * np.sqrt(22050 / 48000), rel=0.05
    )


def test_a_signal_in_memory_gives_what_its_file_gives(tmp_path: Path) -> None:
    samples = 0.1 * np.random.default_rng(0).standard_normal((8000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")
    assert_array_equal(load_signal(tmp_path / "a.wav", DEFAULT), prepare_signal(samples, 8000, DEFAULT))


def test_a_file_that_cannot_be_decoded_keeps_its_reason(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("this is no sound")
    with pytest.raises(AudioError) as caught:
        load_signal(tmp_path / "a.wav", DEFAULT)
    assert caught.value.reason == "not audio"
