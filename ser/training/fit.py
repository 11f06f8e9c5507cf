"""Fitting a classifier: the loop, the choice of the best epoch, and going on after an interruption."""

import hashlib
import logging
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint, WeightAveraging
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import nn
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau
from torch.optim.swa_utils import get_ema_avg_fn
from torchmetrics.classification import MulticlassF1Score

from ser.errors import InputError
from ser.evaluation.calibration import fit_temperature
from ser.features.examples import Batch, Examples, batches
from ser.features.store import FeatureStore
from ser.features.subsets import select_training_data
from ser.model_files.description import ModelDescription
from ser.model_files.safetensors_file import Model
from ser.models.classifier import Classifier, together
from ser.params import READS_CONTOURS, TrainParams
from ser.training.checkpoints import Checkpoints, DamagedCheckpointError, remove_checkpoints
from ser.training.perturbation import perturb, perturb_contours

MONITORED = "validation_macro_f1"
DIGEST_BYTES = 8

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Fitted:
    """What training gives.

    Attributes:
        classifier: with the weights of the epoch that is kept.
        history: of the choice of the epoch: one row per epoch and subset: epoch (from 1), subset, loss, macro_f1. The
            train rows are means over the epoch while the weights moved, on augmented examples; the validation rows are
            of the weights at its end. Of several networks, the mean.
        best_epoch: the first with the highest validation macro F1, or the last, as the parameters say; of several
            networks, the mean.
        temperature: what to divide the logits by, so that confidence is as high as accuracy in validation; 1.0 if that
            was not asked for.
        seconds: of the epochs, also of those before an interruption.
    """

    classifier: Classifier
    history: pd.DataFrame
    best_epoch: int
    temperature: float
    seconds: float

    def metrics(self) -> dict[str, Any]:
        """Summarise the training: epochs run, the one kept, its scores, the temperature, and the number of weights."""
        kept = self.history[self.history["epoch"] == self.best_epoch].set_index("subset")[["loss", "macro_f1"]]
        scores: dict[str, dict[str, float]] = {str(subset): dict(row) for subset, row in kept.iterrows()}
        return {
            "epochs": int(self.history["epoch"].max()),
            "best_epoch": self.best_epoch,
            **scores["train"],
            "validation": scores["validation"],
            "temperature": self.temperature,
            "weights": sum(parameter.numel() for parameter in self.classifier.parameters()),
        }


def train_model(
    features: FeatureStore,
    augmented: FeatureStore,
    splits: pd.DataFrame,
    params: TrainParams,
    scratch: Path,
    report: Callable[[str], None],
) -> tuple[Model, Fitted]:
    """Train on the train subset, choose on the validation subset, and say in the model what it was made of.

    Args:
        features: of all utterances.
        augmented: changed copies of train utterances.
        splits: utterance_id and subset.
        params: architecture, optimisation, seed, device.
        scratch: as `fit` takes it.
        report: called with one line per epoch.

    Raises:
        InputError: the features do not fit the split.
    """
    data = select_training_data(features, augmented, splits)
    fitted = fit(data.train, data.validation, len(data.classes), params, scratch, report)
    description = ModelDescription(
        format=4,
        architecture=params.model,
        members=params.members,
        classes=tuple(data.classes),
        front_end=features.front_end,
        trained_on=tuple(data.corpora),
        temperature=fitted.temperature,
    )
    return Model(fitted.classifier, description), fitted


def fit(
    train: Examples,
    validation: Examples,
    n_classes: int,
    params: TrainParams,
    scratch: Path,
    report: Callable[[str], None],
) -> Fitted:
    """Fit a classifier with AdamW and cross-entropy, and keep the epoch with the best validation macro F1, or the last.

    With ``params.refit``, what is kept is trained anew on train and validation for as many epochs; the curves, the
    scores and the temperature are then those of the choice. Several ``params.members`` are fitted one after another,
    each with a seed of its own.

    A checkpoint is written after every epoch. Called again with the same data and parameters after an interruption, it
    goes on from there and gives the same weights as a run that was not interrupted: the random state is set from the
    seed and the epoch's number before every epoch, so nothing depends on what ran before. The global generators are
    left as they were found.

    Args:
        train: what is learnt from; its band statistics standardise the input.
        validation: what chooses the epoch and stops the training.
        n_classes: number of emotions.
        params: architecture, optimisation, seed, device.
        scratch: a folder for checkpoints, which are removed when training is done, and it with them if it is empty.
        report: called with one line per epoch.

    Raises:
        InputError: `scratch` is a file.
    """
    if scratch.exists() and not scratch.is_dir():
        raise InputError(f"{scratch}: expected a folder for checkpoints, found a file")
    checkpoints = scratch / _digest(train, validation, params, scratch)
    for other in scratch.glob("[0-9a-f]" * 2 * DIGEST_BYTES):
        if other != checkpoints:
            remove_checkpoints(other)  # of a run with other data or parameters

    def new(examples: Examples) -> Classifier:
        _, n_bands, n_frames = examples.arrays[0].shape
        classifier = Classifier(params.model, n_classes, n_bands, n_frames, params.conv_dropout, params.dense_dropout)
        classifier.standardise_by(*examples.band_statistics())
        return classifier

    chosen, refitted, tables, kept, seconds = [], [], [], [], 0.0
    both = train.and_also(validation)
    for member in range(params.members):
        if params.members > 1:
            report(f"network {member + 1} of {params.members}")
        own = params.model_copy(update={"seed": params.seed * params.members + member})
        folder = checkpoints / str(member)
        classifier, history = fit_network(new, train, validation, own, folder / "chosen", report)
        chosen.append(classifier)
        tables.append(pd.DataFrame(history.rows))
        kept.append(_kept_epoch(tables[-1], params))
        seconds += history.seconds
        if params.refit:
            report(f"epoch {kept[-1]} is kept: training anew for as long, on train and validation")
            as_long = own.model_copy(update={"max_epochs": kept[-1]})
            classifier, again = fit_network(new, both, None, as_long, folder / "refitted", report)
            refitted.append(classifier)
            seconds += again.seconds
    classifier = together(chosen)
    temperature = _temperature(classifier, validation) if params.calibrate else 1.0
    if params.refit:
        classifier = together(refitted)
    remove_checkpoints(checkpoints)
    with suppress(OSError):  # it is not empty: something else is there
        scratch.rmdir()
    return Fitted(classifier, _mean(tables), round(float(np.mean(kept))), temperature, seconds)


def _kept_epoch(history: pd.DataFrame, params: TrainParams) -> int:
    validated = history[history["subset"] == "validation"]
    best = int(validated["macro_f1"].argmax()) if params.keep == "best" else -1
    return int(validated["epoch"].iloc[best])


def _mean(histories: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The curves of several networks, some of them perhaps shorter, as one."""
    means = pd.concat(histories).groupby(["epoch", "subset"], as_index=False, sort=True).mean()
    return means.round(6)


def fit_network(
    new: Callable[[Examples], Network],
    train: Examples,
    validation: Examples | None,
    params: TrainParams,
    checkpoints: Path,
    report: Callable[[str], None],
) -> tuple[Network, "_History"]:
    """Fit a network, and keep the epoch that is the best in validation, or the last one.

    Args:
        new: makes it, for these train examples; random numbers come from torch's global generator.
        train: what is learnt from; every class occurs.
        validation: what is scored after every epoch, and chooses one and stops the training where ``params.keep`` says
            so; without it, the last epoch is kept.
        params: optimisation, seed, device.
        checkpoints: a folder, from which an interrupted run goes on.
        report: called with one line per epoch.

    Returns:
        The network in evaluation mode, and the curves.
    """
    own = Checkpoints(checkpoints)
    try:
        return _fit_network(new, train, validation, params, own, report)
    except DamagedCheckpointError as error:
        report(f"{error}; the checkpoints are thrown away, and training starts again")
        own.discard()
        return _fit_network(new, train, validation, params, own, report)


def _fit_network(
    new: Callable[[Examples], Network],
    train: Examples,
    validation: Examples | None,
    params: TrainParams,
    checkpoints: Checkpoints,
    report: Callable[[str], None],
) -> tuple[Network, "_History"]:
    finished = checkpoints.finished()
    if finished:  # what follows only reads its end
        params = params.model_copy(update={"max_epochs": finished})
    with torch.random.fork_rng(), warnings.catch_warnings():
        # Features come from mapped arrays: worker processes would only copy them.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        # A refit has none to validate with.
        warnings.filterwarnings("ignore", message=".*but have no `val_dataloader`.*")
        # It is not empty when a run is resumed.
        warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")
        # Lightning 2.6 with torch 2.13; harmless.
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        torch.manual_seed(params.seed)
        network = new(train)
        # A pixel's channels beside each other suit a processor's convolutions best
        # (benchmarks/measurements/training_speed.py).
        _lay_out(network, torch.channels_last)
        task = _Task(network, _weights(train, params), params)
        history = _History(report, params.max_epochs)
        callbacks: list[Callback] = [*_averaging(params), history]
        last = ModelCheckpoint(checkpoints.folder, "last", save_on_train_epoch_end=True, enable_version_counter=False)
        # Whole, not weights alone: those would be the last step's, where the mean is what was validated.
        best = ModelCheckpoint(checkpoints.folder, "best", monitor=MONITORED, mode="max", save_on_train_epoch_end=True)
        choosing = validation is not None and params.keep == "best"
        if choosing:
            stopping = EarlyStopping(MONITORED, mode="max", patience=params.patience, check_on_train_epoch_end=True)
            callbacks += [stopping, best]
        trainer = _quiet_trainer(params, [*callbacks, last], checkpoints)
        resumed = checkpoints.started()
        if resumed and not finished:
            report(f"going on from the checkpoint of an interrupted run in {checkpoints.folder}")
        trainer.fit(
            task,
            batches(train, params.batch_size, shuffle_seed=params.seed),
            None if validation is None else batches(validation, 4 * params.batch_size),
            ckpt_path=checkpoints.last if resumed else None,
            weights_only=True,
        )
        checkpoints.finish(history.rows[-1]["epoch"])
        kept = best.best_model_path if choosing else checkpoints.last
        task.load_state_dict(checkpoints.load_checkpoint(kept, "cpu")["state_dict"])
    _lay_out(network.cpu(), torch.contiguous_format)
    return network.eval(), history


def _temperature(classifier: Classifier, validation: Examples) -> float:
    logits = np.concatenate([classifier.logits(chunk) for chunk in validation.chunks()])
    return float(f"{fit_temperature(logits, validation.classes):.4g}")  # more digits would be noise


def _lay_out(network: nn.Module, memory_format: torch.memory_format) -> None:
    """Order the weights of the convolutions in memory."""
    for weights in network.parameters():
        if weights.dim() == 4:
            weights.data = weights.data.contiguous(memory_format=memory_format)


def _weights(train: Examples, params: TrainParams) -> torch.Tensor:
    """Weight of each class in the loss, shape (n_classes,): 1, or such that all classes weigh the same in train."""
    counts = np.bincount(train.classes)
    if not params.class_weights:
        return torch.ones(len(counts))
    return torch.from_numpy(len(train) / (len(counts) * counts)).float()


class _Task(LightningModule):
    """The network as Lightning trains it."""

    def __init__(self, network: nn.Module, class_weights: torch.Tensor, params: TrainParams) -> None:
        super().__init__()
        self.n_classes = n_classes = len(class_weights)
        self.network = network
        self.params = params
        self.loss = nn.CrossEntropyLoss(class_weights, label_smoothing=params.label_smoothing)
        self.train_f1 = MulticlassF1Score(n_classes, average="macro")
        self.validation_f1 = MulticlassF1Score(n_classes, average="macro")

    def configure_optimizers(self) -> OptimizerLRScheduler:
        rate = self.params.learning_rate
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=self.params.weight_decay)
        if self.params.schedule == "one_cycle":
            cycle = OneCycleLR(optimizer, rate, total_steps=int(self.trainer.estimated_stepping_batches))
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}
        if self.params.rate_factor == 1:
            return optimizer
        plateau = ReduceLROnPlateau(
            optimizer, "max", factor=self.params.rate_factor, patience=self.params.rate_patience, threshold=0
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, "monitor": MONITORED}}

    def on_train_epoch_start(self) -> None:
        torch.manual_seed((self.params.seed << 16) + self.current_epoch + 1)

    def lr_scheduler_step(self, scheduler: LRScheduler, _: Any) -> None:
        """Leave a plateau to `on_train_epoch_end`: here, the checkpoint is written, and a resumed run would miss it."""
        if isinstance(scheduler, OneCycleLR):
            scheduler.step()

    def on_train_epoch_end(self) -> None:
        scheduler = self.lr_schedulers()
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(self.trainer.callback_metrics[MONITORED])

    def training_step(self, batch: Batch, _: int) -> torch.Tensor:
        features, classes = batch
        changed = perturb_contours if self.params.model in READS_CONTOURS else perturb
        features = changed(features, self.params.perturb)
        if not self.params.mixup:
            return self._step(features, classes, "train", self.train_f1)
        share = float(torch.distributions.Beta(self.params.mixup, self.params.mixup).sample())
        order = torch.randperm(len(classes))
        mixed = share * features + (1 - share) * features[order]
        targets = share * self._one_hot(classes) + (1 - share) * self._one_hot(classes[order])
        return self._step(mixed, targets, "train", self.train_f1)

    def validation_step(self, batch: Batch, _: int) -> None:
        self._step(*batch, "validation", self.validation_f1)

    def _one_hot(self, classes: torch.Tensor) -> torch.Tensor:
        return nn.functional.one_hot(classes, self.n_classes).float()

    def _step(
        self, features: torch.Tensor, targets: torch.Tensor, subset: str, macro_f1: MulticlassF1Score
    ) -> torch.Tensor:
        logits = self.network(features)
        views = logits if logits.dim() == 3 else logits[None]
        together = views.sum(dim=0)
        classes = targets if targets.dim() == 1 else targets.argmax(dim=1)
        macro_f1.update(together, classes)
        settings: dict[str, Any] = {"on_step": False, "on_epoch": True, "batch_size": len(classes)}
        self.log(f"{subset}_loss", self.loss(together, targets).detach(), **settings)
        self.log(f"{subset}_macro_f1", macro_f1, **settings)
        return torch.stack([self.loss(view, targets) for view in views]).sum()  # each view learns for itself


class _History(Callback):
    """Keeps the curves, also across an interruption, and reports every epoch."""

    def __init__(self, report: Callable[[str], None], max_epochs: int) -> None:
        self.report, self.max_epochs = report, max_epochs
        self.rows: list[dict[str, Any]] = []
        self.seconds = 0.0
        self.started = 0.0

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows, self.seconds = state_dict["rows"], state_dict["seconds"]

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self.started = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        epoch = trainer.current_epoch + 1
        seconds = time.monotonic() - self.started
        self.seconds += seconds
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        said = ""
        for subset in ("train", "validation"):
            if f"{subset}_loss" in values:
                loss, macro_f1 = values[f"{subset}_loss"], values[f"{subset}_macro_f1"]
                scores = {"loss": round(loss, 6), "macro_f1": round(macro_f1, 6)}
                self.rows.append({"epoch": epoch, "subset": subset, **scores})
                said += f"  {subset}: loss {loss:.3f}, macro F1 {macro_f1:.3f}"
        self.report(f"epoch {epoch:3}/{self.max_epochs}{said}  ({seconds:.0f} s)")


def _averaging(params: TrainParams) -> list[Callback]:
    """The running mean of the weights, first among the callbacks: validation, and so the others, see the mean."""
    if not params.averaging:
        return []
    return [WeightAveraging(avg_fn=get_ema_avg_fn(params.averaging))]  # type: ignore[no-untyped-call]


def _quiet_trainer(params: TrainParams, callbacks: Sequence[Callback], checkpoints: Checkpoints) -> Trainer:
    """A trainer that says nothing of its own: the history reports, the caller draws."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    return Trainer(
        accelerator=params.accelerator,
        devices=1,
        precision=params.precision,
        max_epochs=params.max_epochs,
        callbacks=list(callbacks),
        plugins=[checkpoints],
        deterministic="warn",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def _digest(train: Examples, validation: Examples, params: TrainParams, scratch: Path) -> str:
    """Tell runs apart: the same digest means the same data, in the same order, the same parameters, the same folder.

    The folder, because Lightning forgets which epoch was the best of a checkpoint that was moved.
    """
    digest = hashlib.blake2b(params.model_dump_json().encode(), digest_size=DIGEST_BYTES)
    digest.update(bytes(scratch.resolve()))
    for examples in (train, validation):
        digest.update(examples.rows.tobytes() + examples.classes.tobytes())
        for chunk in examples.chunks():
            digest.update(chunk.tobytes())
    return digest.hexdigest()
