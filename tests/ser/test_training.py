from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from ser.examples import Examples
from ser.params import PerturbParams, TrainParams
from ser.training import Fitted, fit

PARAMS = TrainParams(
    model="logmel_gap",
    conv_dropout=0.0,
    dense_dropout=0.0,
    class_weights=False,
    label_smoothing=0.0,
    learning_rate=3e-3,
    weight_decay=0.0,
    schedule="plateau",
    rate_factor=1.0,
    rate_patience=1,
    averaging=0.0,
    mixup=0.0,
    perturb=PerturbParams(
        noise_db=(-200.0, -200.0),
        tilt_db=0.0,
        stretch=(1.0, 1.0),
        shift_frames=0,
        shift_mels=0,
        mask_frames=0,
        mask_mels=0,
    ),
    batch_size=16,
    max_epochs=4,
    patience=4,
    precision="32-true",
    accelerator="cpu",
    seed=0,
)


def toy_examples(seed: int, n: int = 48) -> Examples:
    """Three classes told apart by which bands are loud, with noise; 8 bands, 12 frames."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, n)
    features = rng.normal(-40, 8, (n, 8, 12)).astype(np.float32)
    for row, number in enumerate(classes):
        features[row, 2 * number : 2 * number + 3] += 12
    return Examples((features,), np.arange(n), classes)


TRAIN, VALIDATION = toy_examples(1), toy_examples(2, 24)


def run(scratch: Path, **changes: object) -> tuple[Fitted, list[str]]:
    lines: list[str] = []
    fitted = fit(TRAIN, VALIDATION, 3, PARAMS.model_copy(update=changes), scratch, lines.append)
    return fitted, lines


def weights(fitted: Fitted) -> torch.Tensor:
    return torch.cat([value.flatten() for value in fitted.classifier.state_dict().values()])


def test_a_network_learns_what_can_be_learnt(tmp_path: Path) -> None:
    fitted, lines = run(tmp_path / "scratch", max_epochs=12, patience=12)
    scores = fitted.classifier.probabilities(VALIDATION.read(np.arange(len(VALIDATION)))).argmax(axis=1)
    macro_f1 = f1_score(VALIDATION.classes, scores, average="macro")
    assert macro_f1 > 0.8
    kept = fitted.history[(fitted.history["epoch"] == fitted.best_epoch) & (fitted.history["subset"] == "validation")]
    assert kept["macro_f1"].item() == pytest.approx(macro_f1, abs=1e-5)
    assert kept["macro_f1"].item() == fitted.history.loc[fitted.history["subset"] == "validation", "macro_f1"].max()
    assert len(lines) == 12
    assert not (tmp_path / "scratch").exists()


def test_the_same_seed_gives_the_same_weights_and_another_does_not(tmp_path: Path) -> None:
    first, again, other = run(tmp_path / "a")[0], run(tmp_path / "b")[0], run(tmp_path / "c", seed=1)[0]
    assert torch.equal(weights(first), weights(again))
    assert first.history.equals(again.history)
    assert not torch.equal(weights(first), weights(other))


def test_global_random_state_is_left_alone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run(tmp_path / "scratch", max_epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_an_interrupted_run_goes_on_and_ends_like_an_uninterrupted_one(tmp_path: Path) -> None:
    whole, _ = run(tmp_path / "whole")
    scratch = tmp_path / "scratch"

    def interrupt(line: str) -> None:
        if line.startswith("epoch   3"):
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fit(TRAIN, VALIDATION, 3, PARAMS, scratch, interrupt)
    resumed, lines = run(scratch)
    assert lines[0].startswith("going on from the checkpoint of an interrupted run")
    assert lines[1].startswith("epoch   3/4")
    assert torch.equal(weights(whole), weights(resumed))
    assert whole.history.equals(resumed.history)
    assert whole.best_epoch == resumed.best_epoch


def test_a_checkpoint_of_other_parameters_is_not_used(tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        if line.startswith("epoch   2"):
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fit(TRAIN, VALIDATION, 3, PARAMS, tmp_path / "scratch", interrupt)
    _, lines = run(tmp_path / "scratch", learning_rate=1e-3)
    assert lines[0].startswith("epoch   1/4")


def test_training_stops_when_validation_no_longer_improves(tmp_path: Path) -> None:
    fitted, lines = run(tmp_path / "scratch", learning_rate=1e-9, max_epochs=20, patience=2)
    assert len(lines) == 3
    assert fitted.best_epoch == 1


def test_input_is_standardised_by_train_alone(tmp_path: Path) -> None:
    fitted, _ = run(tmp_path / "scratch", max_epochs=1)
    features = TRAIN.arrays[0]
    np.testing.assert_allclose(fitted.classifier.mean[:, 0], features.mean(axis=(0, 2)), rtol=1e-5)
    np.testing.assert_allclose(fitted.classifier.deviation[:, 0], features.std(axis=(0, 2)), rtol=1e-4)


def test_metrics_are_of_the_kept_epoch(tmp_path: Path) -> None:
    fitted, _ = run(tmp_path / "scratch")
    metrics = fitted.metrics()
    assert metrics["epochs"] == 4
    assert metrics["best_epoch"] == fitted.best_epoch
    assert (
        metrics["validation"]["macro_f1"] == fitted.history["macro_f1"][fitted.history["subset"] == "validation"].max()
    )
