import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from typer.testing import CliRunner

from ser.cli import app
from ser.errors import InputError
from ser.explanation import draw_explanation, explain
from ser.features import front_end as features_of
from ser.metadata import EMOTIONS
from ser.model_file import Model, write_model
from ser.params import FeatureParams
from tests.conftest import clip, untrained_model, write_clip


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


def test_the_place_that_decides_is_found_and_no_other(small_model: Model) -> None:
    signal = clip(1, sampling_rate=8_000)
    found = explain(listening(small_model, slice(4, 6), slice(6, 10)), signal, "angry")
    assert found.relevance.shape == found.features.shape == (8, 13)
    inside = np.abs(found.relevance[4:6, 6:10])
    assert np.abs(found.relevance).max() == inside.max() > 0
    assert np.abs(found.relevance[:3]).max() == 0  # a window is 2 bands high and 5 frames long
    assert np.abs(found.relevance[:, :2]).max() == 0


def test_relevance_is_the_fall_of_the_log_probability(small_model: Model) -> None:
    signal = clip(1, sampling_rate=8_000)
    model = listening(small_model, slice(0, 2), slice(0, 2))
    found = explain(model, signal, "angry")
    hidden = found.features.copy()
    hidden[:2, :5] = found.features.mean(axis=1)[:2, None]
    angry = EMOTIONS.index("angry")
    before, after = (np.log(model.probabilities(one[None])[0, angry]) for one in (found.features, hidden))
    assert found.relevance[0, 0] == pytest.approx(before - after, abs=1e-5)


def test_the_most_probable_emotion_is_explained_unless_another_is_asked_for(small_model: Model) -> None:
    signal = clip(3, sampling_rate=8_000)
    found = explain(small_model, signal)
    assert found.probability == pytest.approx(max(small_model.probabilities(found.features[None])[0]))
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


def test_functionals_below_a_spectrogram_are_heard_and_not_drawn(small_front_end: FeatureParams) -> None:
    front_end = small_front_end.model_copy(update={"front_end": "log_mel_functionals", "n_mels": 16, "duration": 0.6})
    model = untrained_model(front_end, "late_fusion")
    signal = clip(1, sampling_rate=8_000)
    found = explain(model, signal)
    assert found.features.shape[0] == found.relevance.shape[0] == 16
    assert found.probability == pytest.approx(max(model.probabilities(features_of(signal, front_end)[None])[0]))
    assert np.abs(found.relevance).max() > 0
    assert draw_explanation(found).axes[0].get_ylabel() == "Frequency (kHz)"


def test_the_command_writes_a_picture(tmp_path: Path, small_model: Model) -> None:
    write_model(small_model, tmp_path / "model.safetensors")
    recording = write_clip(tmp_path / "a.wav", 1)
    arguments = ["explain", str(recording), "--model", str(tmp_path / "model.safetensors"), "--emotion", "sad"]
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "sad.png")])
    assert result.exit_code == 0
    assert "sad.png: sad " in result.stdout
    assert (tmp_path / "sad.png").read_bytes().startswith(b"\x89PNG")
