import copy
import io
from dataclasses import replace
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from typer.testing import CliRunner

from ser.cli.main import app
from ser.dataset.metadata import EMOTIONS
from ser.errors import InputError
from ser.features.front_end import batch_of
from ser.features.front_end import front_end as features_of
from ser.inference.explanation import explain
from ser.model_files.safetensors_file import Model, write_model
from ser.params import FeatureParams
from ser.plots.explanation import draw_explanation
from tests.conftest import clip, untrained_model, write_clip
from tests.settings import hears


class _ListensTo(torch.nn.Module):
    """A network for which a bright place makes the recording angry, and nothing else matters."""

    def __init__(self, bands: slice, frames: slice) -> None:
        super().__init__()
        self.bands, self.frames = bands, frames

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros(len(features), len(EMOTIONS))
        logits[:, EMOTIONS.index("angry")] = features[:, self.bands, self.frames].mean(dim=(1, 2))
        return logits


def listening(model: Model, bands: slice, frames: slice) -> Model:
    classifier = copy.deepcopy(model.classifier)
    classifier.network = _ListensTo(bands, frames)
    return Model(classifier, model.description)


def test_the_region_that_decides_is_found(small_model: Model) -> None:
    signal = clip(1, sampling_rate=8_000)
    found = explain(listening(small_model, slice(5, 6), slice(5, 8)), signal, "angry")
    assert found.relevance.shape == (8, 3)  # of 0.4 s
    strength = np.abs(found.relevance)
    assert np.unravel_index(strength.argmax(), strength.shape) == (5, 1)
    assert np.delete(strength.ravel(), strength.argmax()).max() < strength.max() / 4  # windows overlap a little


def test_relevance_is_the_fall_of_the_log_probability_when_a_region_is_levelled(small_model: Model) -> None:
    signal = clip(1, sampling_rate=8_000)
    found = explain(small_model, signal, "angry")
    spectrum = librosa.stft(signal, n_fft=256, hop_length=64, pad_mode="constant")  # 32 ms
    magnitude = np.abs(spectrum)
    levelled = spectrum / magnitude * np.minimum(magnitude, magnitude.mean(axis=1, keepdims=True))
    hertz = librosa.fft_frequencies(sr=8_000, n_fft=256)
    mel = librosa.hz_to_mel(hertz)
    low, high = librosa.hz_to_mel([50, 4_000])
    height = (mel - low) / (high - low) * 9 - 0.5  # in bands: nine steps between the edges of eight triangles
    for band, region in ((0, 0), (3, 1), (7, 2)):
        rows = (np.clip(height, 0, 7) // 1 == band)[:, None]
        changed = np.where(rows & (np.arange(spectrum.shape[1]) * 3 // spectrum.shape[1] == region), levelled, spectrum)
        hidden = librosa.istft(changed, n_fft=256, hop_length=64, length=len(signal))
        before, after = (log_probability(small_model, sound, "angry") for sound in (signal, hidden))
        assert found.relevance[band, region] == pytest.approx(before - after, abs=1e-4)


def log_probability(model: Model, signal: np.ndarray, emotion: str) -> float:
    features = features_of(signal, model.description.front_end)
    return float(np.log(model.probabilities(batch_of([features]))[0, EMOTIONS.index(emotion)]))


def test_the_most_probable_emotion_is_explained_unless_another_is_asked_for(small_model: Model) -> None:
    signal = clip(3, sampling_rate=8_000)
    found = explain(small_model, signal)
    features = features_of(signal, small_model.description.front_end)
    assert found.probability == pytest.approx(max(small_model.probabilities(batch_of([features]))[0]))
    np.testing.assert_allclose(found.spectrogram, features["log_mel"])
    other = next(emotion for emotion in EMOTIONS if emotion != found.emotion)
    assert explain(small_model, signal, other).emotion == other
    with pytest.raises(InputError, match="knows no 'bored'; it knows neutral, calm"):
        explain(small_model, signal, "bored")


def test_the_map_changes_when_the_weights_are_drawn_anew(small_model: Model) -> None:
    """The sanity check of Adebayo et al., NeurIPS 2018: a map that survives it shows the recording, not the model."""
    signals = [clip(seed, sampling_rate=8_000) for seed in range(8)]
    drawn_anew = Model(copy.deepcopy(small_model.classifier), small_model.description)
    torch.manual_seed(1)
    for layer in drawn_anew.classifier.modules():
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    pairs = [(explain(small_model, signal, "sad"), explain(drawn_anew, signal, "sad")) for signal in signals]
    similarity = [spearmanr(one.relevance.ravel(), other.relevance.ravel()).statistic for one, other in pairs]
    assert abs(np.mean(similarity)) < 0.5
    again = explain(small_model, signals[0], "sad")
    assert spearmanr(again.relevance.ravel(), pairs[0][0].relevance.ravel()).statistic == pytest.approx(1)


def test_the_picture_has_both_axes_in_units_and_names_the_emotion(small_model: Model) -> None:
    figure = draw_explanation(explain(small_model, clip(1, sampling_rate=8_000), "sad"))
    axes = figure.axes[0]
    assert axes.get_title().startswith("What speaks for sad (")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Time (s)", "Frequency (kHz)")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0.25", "0.5", "1", "2", "4"]


def test_the_name_of_an_emotion_is_no_formula(small_model: Model) -> None:
    figure = draw_explanation(replace(explain(small_model, clip(1, sampling_rate=8_000)), emotion="$\\evil$"))
    figure.savefig(io.BytesIO())


def test_what_is_no_spectrogram_is_explained_in_times_and_frequencies(small_front_end: FeatureParams) -> None:
    front_end = hears(small_front_end.model_copy(update={"duration": 0.3}), "contours_functionals")
    model = untrained_model(front_end, "late_fusion")
    signal = clip(1, sampling_rate=8_000)  # of 0.4 s
    found = explain(model, signal)
    assert found.relevance.shape == (8, 2)
    assert (np.abs(found.relevance) > 1e-4).any(axis=1).sum() > 4
    assert found.spectrogram.shape == (64, 1 + 2400 // 80)  # 10 ms: of what shows a voice well
    assert draw_explanation(found).axes[0].get_ylabel() == "Frequency (kHz)"


def test_an_encoder_is_not_asked_and_so_not_loaded(small_front_end: FeatureParams) -> None:
    model = untrained_model(small_front_end)
    named = hears(small_front_end, "pretrained", encoder="/nowhere")
    other = Model(model.classifier, model.description.model_copy(update={"front_end": named}))
    with pytest.raises(InputError, match=r"^a pretrained encoder would have to hear every region"):
        explain(other, clip(1, sampling_rate=8_000))


def test_the_command_writes_a_picture(tmp_path: Path, small_model: Model) -> None:
    write_model(small_model, tmp_path / "model.safetensors")
    recording = write_clip(tmp_path / "a.wav", 1)
    arguments = ["explain", str(recording), "--model", str(tmp_path / "model.safetensors"), "--emotion", "sad"]
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "sad.png")])
    assert result.exit_code == 0
    assert "sad.png: sad " in result.stdout
    assert (tmp_path / "sad.png").read_bytes().startswith(b"\x89PNG")
