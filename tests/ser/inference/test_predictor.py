import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

import ser
from ser.audio.limits import AudioError
from ser.dataset.metadata import EMOTIONS
from ser.errors import InputError
from ser.features.front_end import batch_of, front_end, load_signal
from ser.inference import sound
from ser.inference.predictor import Predictor
from ser.inference.timeline import read_timeline
from ser.inference.windows import voice_shares
from ser.model_files.safetensors_file import Model, write_model
from ser.params import FeatureParams
from tests.conftest import clip, write_clip


@pytest.fixture
def predictor(small_onnx: bytes, tmp_path: Path) -> Predictor:
    (tmp_path / "m.onnx").write_bytes(small_onnx)
    return Predictor.load(tmp_path / "m.onnx")


def test_a_prediction_is_what_training_would_have_seen(
    predictor: Predictor, small_front_end: FeatureParams, tmp_path: Path
) -> None:
    path = write_clip(tmp_path / "a.wav", 1)
    prediction = predictor.predict(path)
    features = front_end(load_signal(path, small_front_end), small_front_end)
    expected = predictor.model.probabilities(batch_of([features]))[0]
    assert tuple(prediction.probabilities) == predictor.classes == EMOTIONS
    assert list(prediction.probabilities.values()) == expected.tolist()
    assert prediction.confidence == expected.max()
    assert prediction.emotion == max(prediction.probabilities, key=lambda name: prediction.probabilities[name])
    assert sum(prediction.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize(("suffix", "tolerance"), [("flac", 1e-3), ("ogg", 0.2), ("mp3", 0.2)])
def test_other_containers_and_stereo_are_heard_alike(
    predictor: Predictor, tmp_path: Path, suffix: str, tolerance: float
) -> None:
    signal = clip(2, seconds=1.0)
    soundfile.write(tmp_path / "a.wav", signal, 16_000)
    soundfile.write(tmp_path / f"a.{suffix}", np.stack([signal, signal], axis=1), 16_000)
    one = predictor.predict(tmp_path / "a.wav")
    other = predictor.predict(tmp_path / f"a.{suffix}")
    assert list(other.probabilities.values()) == pytest.approx(list(one.probabilities.values()), abs=tolerance)


def test_another_sampling_rate_is_heard_alike(predictor: Predictor, tmp_path: Path) -> None:
    time = np.arange(44_100) / 44_100
    tone = 0.3 * np.sin(2 * np.pi * 440 * time)
    soundfile.write(tmp_path / "high.wav", tone, 44_100)
    soundfile.write(tmp_path / "low.wav", 0.3 * np.sin(2 * np.pi * 440 * np.arange(11_025) / 11_025), 11_025)
    high, low = (predictor.predict(tmp_path / name) for name in ("high.wav", "low.wav"))
    assert list(low.probabilities.values()) == pytest.approx(list(high.probabilities.values()), abs=0.02)


def test_seconds_leave_silence_out(predictor: Predictor, tmp_path: Path) -> None:
    silence = np.zeros(16_000, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", np.concatenate([silence, clip(1, 0.5), silence]), 16_000)
    assert predictor.predict(tmp_path / "a.wav").seconds == pytest.approx(0.5, abs=0.3)
    assert predictor.window_seconds == 0.4


def test_what_is_no_voice_is_refused(predictor: Predictor, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no audio here\n" * 100)
    with pytest.raises(AudioError):
        predictor.predict(tmp_path / "a.wav")


@pytest.mark.parametrize("name", ["m.safetensors", "named_otherwise"])
def test_a_trained_model_is_told_from_an_exported_one_and_says_the_same(
    predictor: Predictor, small_model: Model, tmp_path: Path, name: str
) -> None:
    write_model(small_model, tmp_path / name)
    path = write_clip(tmp_path / "a.wav", 1)
    trained = Predictor.load(str(tmp_path / name))
    assert isinstance(trained.model, Model)
    assert trained.predict(path).probabilities == pytest.approx(predictor.predict(path).probabilities, abs=1e-6)


def test_samples_and_open_files_are_heard_as_the_file_is(predictor: Predictor, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.wav", 4, seconds=1.0)
    expected = predictor.predict(str(path))
    samples, rate = soundfile.read(path, dtype="float32")
    assert predictor.predict(samples, rate) == expected
    assert predictor.predict(np.stack([samples, samples], axis=1).astype(np.float64), rate) == expected
    with path.open("rb") as file:
        assert predictor.predict(file) == expected
    at_8000 = soxr.resample(samples, rate, 8_000)
    assert predictor.predict(at_8000).probabilities == pytest.approx(expected.probabilities, abs=0.02)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(0), "expected floating-point samples"),
        (np.ones(99, dtype=np.int16), "expected floating-point samples .* found int16"),
        (np.ones((9, 9, 9)), "expected floating-point samples"),
        (np.full(99, np.nan), "expected finite samples, found NaN or infinity"),
        (np.zeros(9999), "expected a peak of at least -60 dBFS, found silence"),
    ],
)
def test_samples_that_are_no_sound_are_refused(predictor: Predictor, samples: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        predictor.predict(samples)


def test_many_are_predicted_in_order_by_any_number_of_threads(predictor: Predictor, tmp_path: Path) -> None:
    paths = [write_clip(tmp_path / f"{seed}.wav", seed) for seed in range(12)]
    expected = [predictor.predict(path) for path in paths]
    assert len({tuple(one.probabilities.values()) for one in expected}) == 12
    for jobs in (1, 4, None):
        assert list(predictor.predict_many(paths, jobs=jobs)) == expected
    assert list(predictor.predict_many([])) == []


def test_a_bad_one_among_many_raises(predictor: Predictor, tmp_path: Path) -> None:
    paths = [write_clip(tmp_path / f"{seed}.wav", seed) for seed in range(3)]
    found = predictor.predict_many([*paths, tmp_path / "none.wav"], jobs=2)
    assert len([next(found) for _ in paths]) == 3
    with pytest.raises(AudioError, match=r"none.wav: expected an audio file, found no such file"):
        next(found)


def test_probabilities_are_a_matrix_as_in_scikit_learn(predictor: Predictor) -> None:
    signals = [clip(seed, 0.4 + 0.01 * seed, 8_000) for seed in range(40)]
    found = predictor.predict_proba(signals)
    assert found.shape == (40, 8)
    assert found.dtype == np.float64
    expected = [list(one.probabilities.values()) for one in predictor.predict_many(signals)]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    as_matrix = predictor.predict_proba(np.stack([signal[:3000] for signal in signals]))
    np.testing.assert_allclose(as_matrix, predictor.predict_proba([signal[:3000] for signal in signals]), atol=1e-12)
    assert predictor.predict_proba([]).shape == (0, 8)


def test_the_package_has_the_predictor_and_imports_it_on_demand() -> None:
    assert ser.Predictor is Predictor
    assert ser.InputError is InputError
    with pytest.raises(AttributeError, match="has no attribute 'Predicter'"):
        _ = ser.Predicter
    code = "import sys, ser; print('numpy' in sys.modules); from ser import Predictor; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_long_recording_is_the_mean_of_its_windows_weighted_by_voice(predictor: Predictor, tmp_path: Path) -> None:
    signal = np.concatenate([clip(1, 1.5), np.zeros(16_000, np.float32), clip(2, 0.9)])
    soundfile.write(tmp_path / "a.wav", signal, 16_000)
    found = predictor.predict(tmp_path / "a.wav")
    timeline = read_timeline(predictor, tmp_path / "a.wav")
    assert found.windows == len(timeline.starts) > 4
    weights = voice_shares(np.stack([timeline.starts, timeline.ends], axis=1))
    expected = np.average(timeline.probabilities, axis=0, weights=weights)
    np.testing.assert_allclose(list(found.probabilities.values()), expected, atol=1e-9)
    assert found.emotion == predictor.classes[int(expected.argmax())]


def test_what_fits_in_a_window_is_heard_as_it_is(predictor: Predictor, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", clip(3, 0.39), 16_000)
    found = predictor.predict(tmp_path / "a.wav")
    params = predictor.model.description.front_end
    arrays = batch_of([front_end(load_signal(tmp_path / "a.wav", params), params)])
    np.testing.assert_array_equal(list(found.probabilities.values()), predictor.model.probabilities(arrays)[0])
    assert found.windows == 1


def test_noise_without_a_phrase_is_heard_all_over(predictor: Predictor, tmp_path: Path) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(48_000)
    soundfile.write(tmp_path / "a.wav", noise, 16_000)
    found = predictor.predict(tmp_path / "a.wav")
    assert found.windows >= 7
    assert sum(found.probabilities.values()) == pytest.approx(1)


def test_what_is_read_block_by_block_says_what_is_read_at_once(
    predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = np.concatenate([np.zeros(8_000, np.float32), clip(1, 1.5), np.zeros(16_000, np.float32), clip(2, 0.9)])
    soundfile.write(tmp_path / "a.wav", np.stack([signal, 0.5 * signal], axis=1), 44_100)
    at_once = predictor.predict(tmp_path / "a.wav")
    monkeypatch.setattr(sound, "IN_MEMORY", 0.5)
    in_blocks = predictor.predict(tmp_path / "a.wav")
    assert (in_blocks.windows, in_blocks.seconds) == (at_once.windows, pytest.approx(at_once.seconds, abs=0.05))
    np.testing.assert_allclose(list(in_blocks.probabilities.values()), list(at_once.probabilities.values()), atol=1e-3)


@pytest.mark.slow
def test_memory_does_not_grow_with_a_recording(predictor: Predictor, tmp_path: Path) -> None:
    talk = np.concatenate([clip(seed, 1.0) for seed in range(10)])
    peaks = []
    for minutes in (3, 12):
        with soundfile.SoundFile(tmp_path / "a.wav", "w", 16_000, 1) as file:
            for _ in range(6 * minutes):
                file.write(talk)
        tracemalloc.start()
        predictor.predict(tmp_path / "a.wav")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]
