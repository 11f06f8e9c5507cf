from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from ser.audio import AudioError
from ser.features import front_end, load_signal
from ser.model_file import Model, ModelDescription, write_model
from ser.models.classifier import Classifier
from ser.params import FeatureParams
from ser.predictor import Predictor
from tests.conftest import clip, write_clip


@pytest.fixture
def predictor(small_front_end: FeatureParams, tmp_path: Path) -> Predictor:
    torch.manual_seed(3)
    description = ModelDescription(
        format=2,
        architecture="logmel_gap",
        classes=("calm", "sad", "angry"),
        front_end=small_front_end,
        trained_on=("toy",),
    )
    classifier = Classifier("logmel_gap", 3, small_front_end.n_mels, small_front_end.n_frames)
    classifier.standardise_by(np.full(8, -30.0), np.full(8, 5.0))
    write_model(Model(classifier.eval(), description), tmp_path / "m.safetensors")
    return Predictor.load(tmp_path / "m.safetensors")


def test_a_prediction_is_what_training_would_have_seen(
    predictor: Predictor, small_front_end: FeatureParams, tmp_path: Path
) -> None:
    path = write_clip(tmp_path / "a.wav", 1)
    prediction = predictor.predict(path)
    features = front_end(load_signal(path, small_front_end), small_front_end)
    expected = predictor.model.classifier.probabilities(features[None])[0]
    assert list(prediction.probabilities) == ["calm", "sad", "angry"]
    assert list(prediction.probabilities.values()) == expected.tolist()
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
    assert predictor.heard_seconds == 0.4


def test_what_is_no_voice_is_refused(predictor: Predictor, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no audio here\n" * 100)
    with pytest.raises(AudioError):
        predictor.predict(tmp_path / "a.wav")
