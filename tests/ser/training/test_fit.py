from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from sklearn.metrics import f1_score
from torch import nn
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from ser.errors import InputError
from ser.features.examples import Examples
from ser.model_files.source import distance, spread, statistics
from ser.models.classifier import Classifier
from ser.models.source import embeddings, held_statistics
from ser.params import NO_PERTURBATION, PerturbParams, TrainParams
from ser.training.fit import Fitted, fit
from ser.training.lightning import _lay_out
from ser.training.temperature import fit_temperature
from tests.settings import ARCHITECTURES, network, random_arrays, shapes_for

PARAMS = TrainParams(
    network=network("logmel_gap"),
    members=1,
    class_weights=False,
    label_smoothing=0.0,
    calibrate=False,
    keep="best",
    refit=False,
    learning_rate=3e-3,
    weight_decay=0.0,
    schedule="plateau",
    rate_factor=1.0,
    rate_patience=1,
    averaging=0.0,
    mixup=0.0,
    perturb=NO_PERTURBATION,
    batch_size=16,
    max_epochs=4,
    patience=4,
    precision="32-true",
    accelerator="cpu",
    logger="none",
    seed=0,
)


def toy_examples(seed: int, n: int = 48) -> Examples:
    """Three classes told apart by which bands are loud, with noise; 8 bands, 12 frames."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, n)
    features = rng.normal(-40, 8, (n, 8, 12)).astype(np.float32)
    for row, number in enumerate(classes):
        features[row, 2 * number : 2 * number + 3] += 12
    return Examples({"log_mel": (features,)}, np.arange(n), classes)


TRAIN, VALIDATION = toy_examples(1), toy_examples(2, 24)


def run(scratch: Path, **changes: object) -> tuple[Fitted, list[str]]:
    lines: list[str] = []
    fitted = fit(TRAIN, VALIDATION, 3, PARAMS.model_copy(update=changes), scratch, lines.append)
    return fitted, lines


def interrupt(scratch: Path, epoch: int, **changes: object) -> None:
    """Train until the power goes as `epoch` ends, before its checkpoint is written."""

    def report(line: str) -> None:
        if line.startswith(f"epoch {epoch:3}"):
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fit(TRAIN, VALIDATION, 3, PARAMS.model_copy(update=changes), scratch, report)


def weights(fitted: Fitted) -> torch.Tensor:
    return torch.cat([value.flatten() for value in fitted.classifier.state_dict().values()])


def all_logits(fitted: Fitted, examples: Examples) -> np.ndarray:
    return fitted.classifier.logits(examples.read(np.arange(len(examples))))


def test_a_network_learns_what_can_be_learnt(tmp_path: Path) -> None:
    fitted, lines = run(tmp_path / "scratch", max_epochs=12, patience=12)
    scores = all_logits(fitted, VALIDATION).argmax(axis=1)
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
    interrupt(scratch, 3)
    resumed, lines = run(scratch)
    assert lines[0].startswith("going on from the checkpoint of an interrupted run")
    assert lines[1].startswith("epoch   3/4")
    assert torch.equal(weights(whole), weights(resumed))
    assert whole.history.equals(resumed.history)
    assert whole.best_epoch == resumed.best_epoch


def test_a_checkpoint_of_other_parameters_is_not_used(tmp_path: Path) -> None:
    interrupt(tmp_path / "scratch", 2)
    _, lines = run(tmp_path / "scratch", learning_rate=1e-3)
    assert lines[0].startswith("epoch   1/4")


def test_a_checkpoint_that_was_moved_is_not_used(tmp_path: Path) -> None:
    interrupt(tmp_path / "scratch", 3)
    (tmp_path / "scratch").rename(tmp_path / "elsewhere")
    moved, lines = run(tmp_path / "elsewhere")
    assert lines[0].startswith("epoch   1/4")
    whole, _ = run(tmp_path / "whole")
    assert torch.equal(weights(whole), weights(moved))


@pytest.mark.parametrize("content", [b"", b"no checkpoint", None])
@pytest.mark.parametrize("name", ["last.ckpt", "finished"])
def test_a_checkpoint_that_is_damaged_or_planted_is_thrown_away(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    interrupt(tmp_path / "scratch", 3)
    (last,) = (tmp_path / "scratch").rglob("last.ckpt")
    last.with_name(name).write_bytes(last.read_bytes()[:-9] if content is None else content)
    fitted, lines = run(tmp_path / "scratch")
    assert lines[0].endswith("the checkpoints are thrown away, and training starts again")
    assert lines[1].startswith("epoch   1/4")
    whole, _ = run(tmp_path / "whole")
    assert torch.equal(weights(whole), weights(fitted))


def test_what_else_is_in_the_folder_of_a_damaged_checkpoint_stays_and_does_not_stop_the_training(
    tmp_path: Path,
) -> None:
    interrupt(tmp_path / "scratch", 3)
    (last,) = (tmp_path / "scratch").rglob("last.ckpt")
    last.write_bytes(b"no checkpoint")
    notes = last.with_name("notes.txt")
    notes.write_text("mine")
    fitted, _ = run(tmp_path / "scratch")
    whole, _ = run(tmp_path / "whole")
    assert torch.equal(weights(whole), weights(fitted))
    assert notes.read_text() == "mine"


def test_only_folders_of_checkpoints_are_touched_in_a_scratch_folder(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    for name in ("mine/kept.wav", "0123456789abcdef/kept.wav", "kept.txt"):
        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / name).write_text("kept")
    run(scratch)
    kept = {path.relative_to(scratch).as_posix() for path in scratch.rglob("*") if path.is_file()}
    assert kept == {"mine/kept.wav", "0123456789abcdef/kept.wav", "kept.txt"}
    with pytest.raises(InputError, match="expected a folder for checkpoints, found a file"):
        run(scratch / "kept.txt")


def test_the_time_of_a_run_includes_that_before_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(1_000))
    monkeypatch.setattr("ser.training.lightning.time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    interrupt(tmp_path / "scratch", 3)
    resumed, _ = run(tmp_path / "scratch")
    assert resumed.seconds == 4  # one each epoch


def test_a_run_that_was_stopped_early_and_then_killed_trains_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: dict[str, object] = {"learning_rate": 1e-9, "max_epochs": 20, "patience": 2, "calibrate": True}
    whole, _ = run(tmp_path / "whole", **changes)
    with monkeypatch.context() as patched:
        patched.setattr("ser.training.fit.fit_temperature", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(tmp_path / "scratch", **changes)
    resumed, lines = run(tmp_path / "scratch", **changes)
    assert lines == []
    assert whole.history.equals(resumed.history)
    assert torch.equal(weights(whole), weights(resumed))


REFIT: dict[str, object] = {"refit": True, "max_epochs": 3, "schedule": "one_cycle", "averaging": 0.5}


def test_a_refit_trains_as_long_as_was_best_on_train_and_validation(tmp_path: Path) -> None:
    chosen, _ = run(tmp_path / "chosen", **{**REFIT, "refit": False, "calibrate": True})
    refitted, lines = run(tmp_path / "scratch", **{**REFIT, "calibrate": True})
    assert refitted.history.equals(chosen.history)
    assert (refitted.best_epoch, refitted.temperature) == (chosen.best_epoch, chosen.temperature)
    behind = lines[lines.index(next(line for line in lines if "training anew" in line)) + 1 :]
    assert [line[:11] for line in behind] == [
        f"epoch {epoch:3}/{chosen.best_epoch}" for epoch in range(1, chosen.best_epoch + 1)
    ]
    assert not any("validation" in line for line in behind)
    assert not torch.equal(weights(chosen), weights(refitted))
    both = np.concatenate([TRAIN.arrays["log_mel"][0], VALIDATION.arrays["log_mel"][0]])
    standardise: Any = refitted.classifier.standardise["log_mel"]
    np.testing.assert_allclose(standardise.mean[:, 0], both.mean(axis=(0, 2)), rtol=1e-5)


@pytest.mark.parametrize("nth", [2, 4, 5])
def test_a_refit_ends_alike_when_it_is_interrupted(tmp_path: Path, nth: int) -> None:
    whole, expected = run(tmp_path / "whole", **REFIT)
    lines: list[str] = []

    def report(line: str) -> None:
        lines.append(line)
        if len(lines) == nth:
            raise RuntimeError("power cut")

    assert len(expected) >= nth
    with pytest.raises(RuntimeError, match="power cut"):
        fit(TRAIN, VALIDATION, 3, PARAMS.model_copy(update=REFIT), tmp_path / "scratch", report)
    resumed, _ = run(tmp_path / "scratch", **REFIT)
    assert whole.history.equals(resumed.history)
    assert torch.equal(weights(whole), weights(resumed))


def test_the_last_epoch_is_kept_where_validation_is_not_to_choose(tmp_path: Path) -> None:
    # So small a rate lets nothing improve: validation would stop after the second epoch and keep the first.
    fitted, lines = run(tmp_path / "scratch", keep="last", learning_rate=1e-9, patience=1)
    assert (fitted.best_epoch, len(lines)) == (4, 4)
    longer, _ = run(tmp_path / "longer", keep="last", averaging=0.5)
    shorter, _ = run(tmp_path / "shorter", keep="last", averaging=0.5, max_epochs=3)
    assert not torch.equal(weights(longer), weights(shorter))
    assert longer.history["epoch"].max() == longer.best_epoch == 4


def test_members_are_networks_of_seeds_of_their_own_whose_probabilities_are_averaged(tmp_path: Path) -> None:
    changes: dict[str, object] = {"averaging": 0.5, "schedule": "one_cycle"}
    three, lines = run(tmp_path / "three", members=3, seed=2, calibrate=True, **changes)
    assert [line for line in lines if "network" in line] == [f"network {number} of 3" for number in (1, 2, 3)]
    alone = [run(tmp_path / str(seed), seed=seed, **changes)[0] for seed in (6, 7, 8)]
    probabilities = [torch.from_numpy(all_logits(one, VALIDATION)).softmax(dim=1) for one in alone]
    mean = torch.stack(probabilities).mean(dim=0)
    np.testing.assert_allclose(np.exp(all_logits(three, VALIDATION)), mean, atol=1e-6)
    assert three.temperature == float(f"{fit_temperature(mean.log().numpy(), VALIDATION.classes):.4g}")
    curves = [one.history["macro_f1"] for one in alone]
    np.testing.assert_allclose(three.history["macro_f1"], np.mean(curves, axis=0), atol=1e-6)
    assert three.best_epoch == round(np.mean([one.best_epoch for one in alone]))


@pytest.mark.parametrize("nth", [3, 8, 14])
def test_members_end_alike_when_they_are_interrupted(tmp_path: Path, nth: int) -> None:
    changes: dict[str, object] = {**REFIT, "members": 2, "keep": "last", "calibrate": True}
    whole, expected = run(tmp_path / "whole", **changes)
    assert len(expected) == 2 * (1 + 3 + 1 + 3)
    lines: list[str] = []

    def report(line: str) -> None:
        lines.append(line)
        if len(lines) == nth:
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fit(TRAIN, VALIDATION, 3, PARAMS.model_copy(update=changes), tmp_path / "scratch", report)
    resumed, _ = run(tmp_path / "scratch", **changes)
    assert whole.history.equals(resumed.history)
    assert whole.temperature == resumed.temperature
    assert torch.equal(weights(whole), weights(resumed))


def test_a_refit_without_validation_cannot_wait_for_it() -> None:
    with pytest.raises(ValueError, match="refit trains without validation"):
        TrainParams.model_validate(PARAMS.model_dump() | {"refit": True, "rate_factor": 0.5})


def test_training_stops_when_validation_no_longer_improves(tmp_path: Path) -> None:
    fitted, lines = run(tmp_path / "scratch", learning_rate=1e-9, max_epochs=20, patience=2)
    assert len(lines) == 3
    assert fitted.best_epoch == 1


def test_input_is_standardised_by_train_alone(tmp_path: Path) -> None:
    fitted, _ = run(tmp_path / "scratch", max_epochs=1)
    (features,) = TRAIN.arrays["log_mel"]
    standardise: Any = fitted.classifier.standardise["log_mel"]
    np.testing.assert_allclose(standardise.mean[:, 0], features.mean(axis=(0, 2)), rtol=1e-5)
    np.testing.assert_allclose(standardise.deviation[:, 0], features.std(axis=(0, 2)), rtol=1e-4)


def test_metrics_are_of_the_kept_epoch(tmp_path: Path) -> None:
    fitted, _ = run(tmp_path / "scratch")
    metrics = fitted.metrics()
    assert metrics["epochs"] == 4
    assert metrics["best_epoch"] == fitted.best_epoch
    assert (
        metrics["validation"]["macro_f1"] == fitted.history["macro_f1"][fitted.history["subset"] == "validation"].max()
    )


ALL_AT_ONCE: dict[str, object] = {"learning_rate": 1e-9, "batch_size": 64, "max_epochs": 1}
"""One step that moves next to nothing: the loss is that of the weights that are kept."""


def losses(fitted: Fitted, examples: Examples) -> np.ndarray:
    """Minus the logarithm of every class's probability, shape (n_examples, n_classes)."""
    return -log_softmax(all_logits(fitted, examples), axis=1)


def imbalanced(per_class: tuple[int, int, int]) -> Examples:
    """As many of the toy examples of each class."""
    examples = toy_examples(3, 400)
    rows = np.concatenate([np.flatnonzero(examples.classes == c)[:n] for c, n in enumerate(per_class)])
    return Examples(examples.arrays, rows, examples.classes[rows])


def test_class_weights_make_every_class_weigh_the_same(tmp_path: Path) -> None:
    train = imbalanced((24, 6, 6))
    params = PARAMS.model_copy(update=ALL_AT_ONCE | {"class_weights": True})
    fitted = fit(train, VALIDATION, 3, params, tmp_path / "scratch", lambda line: None)
    weight = np.array([36 / (3 * 24), 36 / (3 * 6), 36 / (3 * 6)])  # 0.5, 2, 2: a third of the weight to each class
    own = losses(fitted, train)[np.arange(36), train.classes]
    expected = (own[:24].sum() * weight[0] + own[24:30].sum() * weight[1] + own[30:].sum() * weight[2]) / 36
    unweighted = own.mean()
    assert fitted.metrics()["loss"] == pytest.approx(expected, abs=1e-5)
    assert abs(expected - unweighted) > 1e-3


def test_class_weights_make_rare_classes_heard(tmp_path: Path) -> None:
    train = imbalanced((60, 3, 3))
    recalled = {}
    for class_weights in (False, True):
        params = PARAMS.model_copy(update={"max_epochs": 8, "patience": 8, "class_weights": class_weights})
        fitted = fit(train, VALIDATION, 3, params, tmp_path / "scratch", lambda line: None)
        probabilities = softmax(all_logits(fitted, VALIDATION), axis=1)
        recalled[class_weights] = probabilities[VALIDATION.classes > 0, 1:].sum(axis=1).mean()
    assert recalled[True] > 2 * recalled[False]


def test_label_smoothing_spreads_a_share_of_every_label_over_all_classes(tmp_path: Path) -> None:
    fitted, _ = run(tmp_path / "scratch", **ALL_AT_ONCE, label_smoothing=0.3)
    each = losses(fitted, TRAIN)
    own = each[np.arange(len(TRAIN)), TRAIN.classes]
    # 0.7 of the label stays, and each of the three classes has 0.1.
    assert fitted.metrics()["loss"] == pytest.approx((0.7 * own + 0.1 * each.sum(axis=1)).mean(), abs=1e-5)
    plain, _ = run(tmp_path / "scratch", **ALL_AT_ONCE)
    assert plain.metrics()["loss"] == pytest.approx(own.mean(), abs=1e-5)


def test_the_temperature_is_what_suits_validation_and_is_asked_for(tmp_path: Path) -> None:
    doubtful = Examples(VALIDATION.arrays, VALIDATION.rows, np.where(VALIDATION.rows % 4, VALIDATION.classes, 0))
    plain, fitted = (
        fit(TRAIN, doubtful, 3, PARAMS.model_copy(update={"calibrate": calibrate}), tmp_path, lambda line: None)
        for calibrate in (False, True)
    )
    assert plain.temperature == plain.metrics()["temperature"] == 1
    assert torch.equal(weights(plain), weights(fitted))

    def loss(temperature: float) -> float:
        likelihoods = log_softmax(all_logits(fitted, doubtful) / temperature, axis=1)
        return -float(likelihoods[np.arange(len(doubtful)), doubtful.classes].mean())

    assert fitted.metrics()["temperature"] == fitted.temperature != 1
    assert loss(fitted.temperature) < min(loss(0.97 * fitted.temperature), loss(1.03 * fitted.temperature), loss(1.0))


@pytest.fixture
def rates() -> Iterator[list[float]]:
    """The learning rate of every step."""
    found: list[float] = []

    def note(optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        found.append(optimizer.param_groups[0]["lr"])

    handle = register_optimizer_step_pre_hook(note)
    yield found
    handle.remove()


STUCK: dict[str, object] = {"learning_rate": 1e-6, "batch_size": 64, "max_epochs": 7, "patience": 7}
"""One step per epoch, and validation never improves."""


def test_the_rate_falls_when_validation_has_not_improved_for_longer_than_the_patience(
    tmp_path: Path, rates: list[float]
) -> None:
    run(tmp_path / "scratch", **STUCK, rate_factor=0.1, rate_patience=2)
    # Epoch 1 is the best; 2 and 3 are waited for; 4 is one too many, and the wait begins again.
    assert rates == pytest.approx([1e-6] * 4 + [1e-7] * 3)


def test_a_factor_of_one_keeps_the_rate(tmp_path: Path, rates: list[float]) -> None:
    run(tmp_path / "scratch", **STUCK, rate_factor=1.0, rate_patience=1)
    assert rates == [1e-6] * 7


@pytest.mark.parametrize("epoch", [2, 4])
def test_an_interruption_does_not_change_when_the_rate_falls(tmp_path: Path, rates: list[float], epoch: int) -> None:
    changes = STUCK | {"learning_rate": 1e-4, "rate_factor": 0.1, "rate_patience": 1, "max_epochs": 5}
    whole, _ = run(tmp_path / "whole", **changes)
    expected = rates.copy()
    rates.clear()
    interrupt(tmp_path / "scratch", epoch, **changes)
    resumed, _ = run(tmp_path / "scratch", **changes)
    assert expected == pytest.approx([1e-4] * 3 + [1e-5] * 2)
    assert rates == expected[:epoch] + expected[epoch - 1 :]  # the interrupted epoch is run twice
    assert torch.equal(weights(whole), weights(resumed))
    assert whole.history.equals(resumed.history)


@pytest.mark.parametrize("place", ["conv_dropout", "dense_dropout"])
def test_dropout_reaches_the_network(tmp_path: Path, place: str) -> None:
    plain, _ = run(tmp_path / "plain", max_epochs=1)
    dropped, _ = run(tmp_path / "dropped", max_epochs=1, network=network("logmel_gap", **{place: 0.5}))
    assert not torch.equal(weights(plain), weights(dropped))


def test_an_interruption_does_not_change_what_is_dropped(tmp_path: Path) -> None:
    changes: dict[str, object] = {
        "max_epochs": 2,
        "network": network("logmel_gap", conv_dropout=0.5, dense_dropout=0.5),
    }
    whole, _ = run(tmp_path / "whole", **changes)
    interrupt(tmp_path / "scratch", 2, **changes)
    resumed, _ = run(tmp_path / "scratch", **changes)
    assert whole.history.equals(resumed.history)
    assert torch.equal(weights(whole), weights(resumed))


def test_half_precision_trains_to_weights_of_full_precision(tmp_path: Path) -> None:
    full, _ = run(tmp_path / "full", max_epochs=2)
    half, _ = run(tmp_path / "half", max_epochs=2, precision="bf16-mixed")
    again, _ = run(tmp_path / "again", max_epochs=2, precision="bf16-mixed")
    assert {value.dtype for value in half.classifier.state_dict().values()} == {torch.float32}
    assert torch.equal(weights(half), weights(again))
    assert not torch.equal(weights(full), weights(half))
    np.testing.assert_allclose(half.history["loss"], full.history["loss"], rtol=0.02)


def convolutions(classifier: Classifier) -> list[torch.Tensor]:
    return [layer.weight for layer in classifier.modules() if isinstance(layer, nn.Conv2d)]


def test_weights_are_channels_last_in_training_and_contiguous_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    step = nn.Conv2d.forward

    def forward(layer: nn.Conv2d, maps: torch.Tensor) -> torch.Tensor:
        seen.append(layer.weight.is_contiguous(memory_format=torch.channels_last))
        return step(layer, maps)

    monkeypatch.setattr(nn.Conv2d, "forward", forward)
    fitted, _ = run(tmp_path / "scratch", max_epochs=1)
    assert seen
    assert all(seen)
    assert all(weight.is_contiguous() for weight in convolutions(fitted.classifier))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_order_of_weights_in_memory_does_not_change_what_a_network_gives(architecture: str) -> None:
    torch.manual_seed(0)
    classifier = Classifier(8, shapes_for(architecture), network(architecture)).eval()
    features = random_arrays(shapes_for(architecture), 4)
    contiguous, before = classifier(features), [weight.clone() for weight in convolutions(classifier)]
    _lay_out(classifier, torch.channels_last)
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in convolutions(classifier))
    torch.testing.assert_close(classifier(features), contiguous, rtol=0, atol=1e-5)
    _lay_out(classifier, torch.contiguous_format)
    assert all(weight.is_contiguous() for weight in convolutions(classifier))
    assert all(torch.equal(one, other) for one, other in zip(convolutions(classifier), before, strict=True))
    assert torch.equal(classifier(features), contiguous)


def test_one_cycle_rises_to_the_rate_and_falls_to_nothing(tmp_path: Path, rates: list[float]) -> None:
    run(tmp_path / "scratch", schedule="one_cycle", learning_rate=1e-3, max_epochs=5)
    assert len(rates) == 15  # three steps an epoch
    peak = int(np.argmax(rates))
    assert rates[0] == pytest.approx(1e-3 / 25)
    assert rates[peak] == pytest.approx(1e-3, rel=0.1)
    assert 3 <= peak <= 5
    assert rates == sorted(rates[: peak + 1]) + sorted(rates[peak + 1 :], reverse=True)
    assert rates[-1] < 1e-6


RECIPE: dict[str, object] = {
    "schedule": "one_cycle",
    "weight_decay": 0.01,
    "averaging": 0.9,
    "mixup": 0.3,
    "label_smoothing": 0.1,
    "perturb": PerturbParams(
        noise_db=(-60.0, -20.0),
        tilt_db=6.0,
        stretch=(0.85, 1.18),
        shift_frames=2,
        shift_mels=1,
        mask_frames=2,
        mask_mels=2,
    ),
}


@pytest.mark.parametrize("epoch", [1, 3])
def test_the_whole_recipe_ends_alike_when_it_is_interrupted(tmp_path: Path, rates: list[float], epoch: int) -> None:
    whole, _ = run(tmp_path / "whole", **RECIPE)
    expected = rates.copy()
    rates.clear()
    interrupt(tmp_path / "scratch", epoch, **RECIPE)
    resumed, _ = run(tmp_path / "scratch", **RECIPE)
    assert rates == expected[: 3 * epoch] + expected[3 * (epoch - 1) :]
    assert whole.history.equals(resumed.history)
    assert torch.equal(weights(whole), weights(resumed))


def test_each_part_of_the_recipe_matters(tmp_path: Path) -> None:
    plain, _ = run(tmp_path / "plain")
    for name, value in RECIPE.items():
        changed, _ = run(tmp_path / name, **{name: value})
        assert not torch.equal(weights(plain), weights(changed)), name


def test_averaged_weights_are_the_running_mean_of_those_of_every_step(tmp_path: Path) -> None:
    changes: dict[str, object] = {"max_epochs": 1, "batch_size": 12}
    steps: list[torch.Tensor] = []

    def note(optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        steps.append(torch.cat([one.detach().flatten() for one in optimizer.param_groups[0]["params"]]))

    handle = register_optimizer_step_post_hook(note)
    averaged, _ = run(tmp_path / "averaged", **changes, averaging=0.75)
    handle.remove()
    mean = steps[0]
    for step in steps[1:]:
        mean = 0.75 * mean + 0.25 * step
    kept = torch.cat([one.flatten() for one in averaged.classifier.parameters()])
    assert len(steps) == 4
    torch.testing.assert_close(kept, mean)


def test_mixed_examples_are_labelled_by_their_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    loss = nn.CrossEntropyLoss.forward

    def forward(layer: nn.CrossEntropyLoss, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        seen.append((logits, targets))
        return loss(layer, logits, targets)

    monkeypatch.setattr(nn.CrossEntropyLoss, "forward", forward)
    run(tmp_path / "scratch", max_epochs=1, mixup=1.0)
    trained = [targets for logits, targets in seen if targets.dim() == 2]
    assert len(trained) == 2 * 3  # of three batches, what is learnt from and what is drawn; and validation is not mixed
    assert any(targets.dim() == 1 for _, targets in seen)
    for targets in trained:
        torch.testing.assert_close(targets.sum(dim=1), torch.ones(len(targets)))
        shares = targets[targets > 0].unique()
        assert len(shares) <= 3  # one share and the rest for the whole batch, and 1 where both are of a class
        assert float(shares.min() + shares[shares < 1].max()) == pytest.approx(1)


def examples_of_contours() -> Examples:
    rng = np.random.default_rng(0)
    shapes = shapes_for("late_fusion")
    arrays = {name: (rng.normal(-40, 8, (24, *shape)).astype(np.float32),) for name, shape in shapes.items()}
    return Examples(arrays, np.arange(24), np.arange(24) % 3)


def test_views_learn_for_themselves_and_functionals_are_not_perturbed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = examples_of_contours()
    seen: dict[str, list[bytes]] = {"contours": [], "functionals": []}
    forward = Classifier.forward

    def note(classifier: Classifier, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        if classifier.training:
            for name, array in batch.items():
                seen[name] += [row.numpy().tobytes() for row in array]
        return forward(classifier, batch)

    monkeypatch.setattr(Classifier, "forward", note)
    params = PARAMS.model_copy(update=RECIPE | {"mixup": 0.0, "max_epochs": 1, "network": network("late_fusion")})
    fitted = fit(examples, examples, 3, params, tmp_path / "both", print)
    known = {name: {row.tobytes() for row in parts[0]} for name, parts in examples.arrays.items()}
    assert set(seen["functionals"]) == known["functionals"]
    assert not set(seen["contours"]) & known["contours"]
    assert all_logits(fitted, examples).shape == (24, 3)
    # With other functionals, the convolutions learn the same: no gradient passes from one view to the other.
    (functionals,) = examples.arrays["functionals"]
    other = Examples({**examples.arrays, "functionals": (functionals[::-1],)}, examples.rows, examples.classes)
    again = fit(other, other, 3, params, tmp_path / "other", print)
    same = [
        torch.equal(nn.utils.parameters_to_vector(one.parameters()), nn.utils.parameters_to_vector(two.parameters()))
        for one, two in zip(*(one_fit.classifier.network.views for one_fit in (fitted, again)), strict=True)
    ]
    assert same == [True, False]


def test_mixup_mixes_all_arrays_of_two_recordings_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.arange(24, dtype=np.float32)
    arrays = {
        name: (np.ones((24, *shape), np.float32) * numbers.reshape(-1, *[1] * len(shape)),)
        for name, shape in shapes_for("late_fusion").items()
    }
    seen: list[dict[str, torch.Tensor]] = []
    forward = Classifier.forward

    def note(classifier: Classifier, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        if classifier.training:
            seen.append(batch)
        return forward(classifier, batch)

    monkeypatch.setattr(Classifier, "forward", note)
    examples = Examples(arrays, np.arange(24), np.arange(24) % 3)
    params = PARAMS.model_copy(update={"mixup": 1.0, "max_epochs": 1, "network": network("late_fusion")})
    fit(examples, examples, 3, params, tmp_path / "scratch", print)
    contours, functionals = (torch.cat([batch[name].flatten(1)[:, 0] for batch in seen]) for name in arrays)
    torch.testing.assert_close(contours, functionals)
    assert (contours != contours.round()).any()


def test_the_loss_of_train_is_that_of_validation_where_views_are_added_up(tmp_path: Path) -> None:
    examples = examples_of_contours()
    still = {"network": network("late_fusion"), "learning_rate": 1e-12, "max_epochs": 1, "batch_size": 24}
    history = fit(examples, examples, 3, PARAMS.model_copy(update=still), tmp_path, print).history
    train, validation = (history.loc[history["subset"] == subset, "loss"].item() for subset in ("train", "validation"))
    assert train == pytest.approx(validation, rel=0.5)
    assert train < 1.5 * np.log(3)  # of one, not two


@pytest.mark.parametrize("refit", [False, True])
def test_what_is_standardised_by_source_is_by_train_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, refit: bool
) -> None:
    monkeypatch.setattr(Classifier, "load_initial_weights", lambda _: None)
    torch.manual_seed(0)
    (array,) = random_arrays(shapes_for("whisper"), 30).values()
    arrays = {"whisper_log_mel": (array.numpy(),)}
    train, validation = (Examples(arrays, rows, rows % 3) for rows in (np.arange(20), np.arange(20, 30)))
    perturbed = NO_PERTURBATION.model_copy(update={"mask_mels": 40})
    settings = {"network": network("whisper"), "refit": refit, "keep": "last", "max_epochs": 2, "perturb": perturbed}
    params = PARAMS.model_copy(update=settings)
    fitted = fit(train, validation, 3, params, tmp_path, lambda line: None)
    heard = embeddings(fitted.classifier, (train.concatenate(validation) if refit else train).chunks())
    np.testing.assert_allclose(held_statistics(fitted.classifier), statistics(heard), rtol=1e-5, atol=1e-6)
    assert fitted.spread is not None
    assert fitted.farthest is not None
    if not refit:
        chunk = next(validation.chunks())
        away = distance(embeddings(fitted.classifier, [chunk]), statistics(heard))
        assert fitted.farthest == pytest.approx(np.quantile(away, 0.99), rel=1e-3)
        assert fitted.spread == pytest.approx(spread(fitted.classifier.logits(chunk)), rel=1e-3)
