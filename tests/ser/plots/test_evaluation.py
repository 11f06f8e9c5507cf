from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from ser.params import EvaluateParams
from ser.plots import evaluation, training

CLASSES = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"]
PARAMS = EvaluateParams(bootstrap_samples=200, calibration_bins=15, seed=0)


def make_predictions() -> pd.DataFrame:
    """Four speakers, 60 utterances each as in RAVDESS, about half of them right."""
    rng = np.random.default_rng(0)
    actual = np.tile(np.repeat(np.arange(8), [4, 8, 8, 8, 8, 8, 8, 8]), 4)
    logits = rng.normal(scale=1.3, size=(240, 8)) + 2 * np.eye(8)[actual]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    speakers = np.repeat(["01", "02", "03", "04"], 60)
    columns = {
        "utterance_id": [f"demo_{i:03}" for i in range(240)],
        "corpus": "demo",
        "speaker": speakers,
        "gender": np.where(np.isin(speakers, ["01", "03"]), "male", "female"),
        "emotion": np.array(CLASSES)[actual],
        "predicted": np.array(CLASSES)[probabilities.argmax(axis=1)],
    }
    return pd.DataFrame(columns | {f"p_{name}": probabilities[:, i] for i, name in enumerate(CLASSES)})


PREDICTIONS = make_predictions()
HISTORY = pd.DataFrame(
    {
        "epoch": [1, 1, 2, 2, 3, 3],
        "subset": ["train", "validation"] * 3,
        "loss": [2.0, 2.1, 1.5, 1.7, 1.1, 1.8],
        "macro_f1": [0.1, 0.1, 0.4, 0.35, 0.6, 0.3],
    }
)
DRAWINGS: dict[str, Callable[[Path], None]] = {
    "curves": partial(training.draw_curves, HISTORY, 2),
    "confusion": partial(evaluation.draw_confusion, PREDICTIONS, CLASSES),
    "class_recall": partial(evaluation.draw_class_recall, PREDICTIONS, CLASSES, PARAMS),
    "reliability": partial(evaluation.draw_reliability, PREDICTIONS, 15),
    "rejection": partial(evaluation.draw_rejection, PREDICTIONS),
    "groups": partial(evaluation.draw_groups, PREDICTIONS, CLASSES),
}


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures drawn in a test, kept instead of written."""
    kept: list[Figure] = []
    for module in (training, evaluation):
        monkeypatch.setattr(module, "save_figure", lambda figure, path: kept.append(figure))
    return kept


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_a_modest_png_with_something_on_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / "plots" / f"{name}.png"
    DRAWINGS[name](path)
    assert 10_000 < path.stat().st_size < 100_000
    with Image.open(path) as image:
        image.verify()
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.width >= 600
        assert len(image.convert("RGB").getcolors(2**24)) > 50


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_has_the_same_bytes_twice_and_names_no_software(name: str, tmp_path: Path) -> None:
    DRAWINGS[name](tmp_path / "first.png")
    DRAWINGS[name](tmp_path / "second.png")
    content = (tmp_path / "first.png").read_bytes()
    assert content == (tmp_path / "second.png").read_bytes()
    assert b"tEXt" not in content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.png", "second.png"]


def test_the_curves_mark_the_epoch_that_is_kept(figures: list[Figure]) -> None:
    training.draw_curves(HISTORY.iloc[::-1], 2, Path("curves.png"))
    for panel in figures[0].axes:
        train, validation, kept = panel.get_lines()
        assert list(train.get_xdata()) == list(validation.get_xdata()) == [1, 2, 3]
        assert list(kept.get_xdata()) == [2, 2]
    assert "epoch 2 is kept, macro F1 0.350" in figures[0].get_suptitle()


def test_a_history_of_one_epoch_can_be_drawn(figures: list[Figure]) -> None:
    training.draw_curves(HISTORY.iloc[:2], 1, Path("curves.png"))
    assert "epoch 1 is kept" in figures[0].get_suptitle()


def test_the_diagonal_of_the_confusion_is_recall(figures: list[Figure]) -> None:
    evaluation.draw_confusion(PREDICTIONS, CLASSES, Path("confusion.png"))
    shares = np.asarray(figures[0].axes[0].images[0].get_array())
    sad = PREDICTIONS[PREDICTIONS["emotion"] == "sad"]
    assert shares.sum(axis=1) == pytest.approx(np.ones(8))
    assert shares[3, 3] == pytest.approx((sad["predicted"] == "sad").mean())
    hits = int((sad["predicted"] == "sad").sum())
    assert f"{shares[3, 3]:.0%}\n{hits}" in [text.get_text() for text in figures[0].axes[0].texts]


def test_the_confusion_of_an_emotion_that_does_not_occur_is_an_empty_row(figures: list[Figure]) -> None:
    evaluation.draw_confusion(PREDICTIONS[PREDICTIONS["emotion"] != "sad"], CLASSES, Path("confusion.png"))
    assert np.asarray(figures[0].axes[0].images[0].get_array())[3].tolist() == [0] * 8


def test_recall_bars_run_in_the_order_of_the_classes_from_the_top(figures: list[Figure]) -> None:
    evaluation.draw_class_recall(PREDICTIONS, CLASSES, PARAMS, Path("recall.png"))
    axes = figures[0].axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == CLASSES
    assert axes.yaxis_inverted()
    assert list(axes.get_lines()[0].get_xdata()) == [1 / 8, 1 / 8]
    sad = PREDICTIONS[PREDICTIONS["emotion"] == "sad"]
    assert axes.patches[3].get_width() == pytest.approx((sad["predicted"] == "sad").mean())  # type: ignore[attr-defined]


def test_the_reliability_histogram_counts_every_utterance(figures: list[Figure]) -> None:
    evaluation.draw_reliability(PREDICTIONS, 10, Path("reliability.png"))
    upper, lower = figures[0].axes
    assert sum(bar.get_height() for bar in lower.patches) == 240  # type: ignore[attr-defined]
    assert "(ECE) 0." in upper.get_title()


def test_the_rejection_curve_ends_at_the_accuracy_of_all_and_marks_confidences(figures: list[Figure]) -> None:
    evaluation.draw_rejection(PREDICTIONS, Path("rejection.png"))
    axes = figures[0].axes[0]
    curve, overall, *marks = axes.get_lines()
    accuracy = (PREDICTIONS["predicted"] == PREDICTIONS["emotion"]).mean()
    assert (curve.get_xdata()[-1], curve.get_ydata()[-1]) == (1, pytest.approx(accuracy, abs=1e-6))  # type: ignore[index]
    assert overall.get_ydata()[0] == pytest.approx(accuracy, abs=1e-6)  # type: ignore[index]
    confidence = PREDICTIONS.filter(regex="^p_").max(axis=1)
    for mark, text in zip(marks, axes.texts, strict=False):
        share = (confidence >= float(text.get_text())).mean()
        assert mark.get_xdata()[0] == pytest.approx(share, abs=1e-6)  # type: ignore[index]
    assert axes.texts


def test_group_bars_carry_their_values_and_the_title_the_gap(figures: list[Figure]) -> None:
    evaluation.draw_groups(PREDICTIONS, CLASSES, Path("groups.png"))
    axes = figures[0].axes[0]
    heights = [bar.get_height() for bar in axes.patches]  # type: ignore[attr-defined]
    female = PREDICTIONS[PREDICTIONS["gender"] == "female"]
    assert heights[3] == pytest.approx((female["predicted"] == female["emotion"]).mean(), abs=1e-6)
    assert [text.get_text() for text in axes.texts] == [f"{height:.0%}" for height in heights]
    assert f"{100 * abs(heights[5] - heights[8]):.1f} points" in axes.get_title()


def test_one_gender_alone_has_no_gap(figures: list[Figure]) -> None:
    evaluation.draw_groups(PREDICTIONS[PREDICTIONS["gender"] == "male"], CLASSES, Path("groups.png"))
    assert figures[0].axes[0].get_title() == "Scores by gender"
    assert len(figures[0].axes[0].patches) == 6


def test_several_corpora_have_bars_of_their_own(figures: list[Figure]) -> None:
    corpora = np.where(PREDICTIONS["speaker"] == "01", "tess", "ravdess")
    evaluation.draw_groups(PREDICTIONS.assign(corpus=corpora, gender=""), CLASSES, Path("groups.png"))
    assert figures[0].axes[0].get_title() == "Scores by gender and corpus"
    labels = figures[0].axes[0].get_legend_handles_labels()[1]
    assert labels == [
        "all: 240 utterances of 4 speakers",
        "ravdess: 180 utterances of 3 speakers",
        "tess: 60 utterances of 1 speaker",
    ]
