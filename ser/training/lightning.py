"""One network fitted: the loop, the choice of the best epoch, and going on after an interruption."""

import logging
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint, WeightAveraging
from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import nn
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau
from torch.optim.swa_utils import get_ema_avg_fn
from torchmetrics.classification import MulticlassF1Score

from ser.features.examples import Examples
from ser.models.classifier import Classifier
from ser.params import TrainParams
from ser.training.batches import Batch, batches
from ser.training.checkpoints import Checkpoints, DamagedCheckpointError
from ser.training.loggers import make_logger
from ser.training.perturbation import perturb

MONITORED = "validation_macro_f1"

Network = TypeVar("Network", bound=nn.Module)


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
        resumed = checkpoints.started()
        run = "/".join(checkpoints.folder.parts[-2:])
        trainer = _quiet_trainer(params, [*callbacks, last], checkpoints, make_logger(params, run, resumed))
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
        groups = (
            self.network.parameter_groups(rate) if isinstance(self.network, Classifier) else self.network.parameters()
        )
        optimizer = torch.optim.AdamW(groups, lr=rate, weight_decay=self.params.weight_decay)
        if self.params.schedule == "one_cycle":
            rates = [float(group["lr"]) for group in optimizer.param_groups]
            cycle = OneCycleLR(optimizer, rates, total_steps=int(self.trainer.estimated_stepping_batches))
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
        features = perturb(features, self.params.perturb)
        if not self.params.mixup:
            return self._step(features, classes, "train", self.train_f1)
        share = float(torch.distributions.Beta(self.params.mixup, self.params.mixup).sample())
        order = torch.randperm(len(classes))
        mixed = {name: share * array + (1 - share) * array[order] for name, array in features.items()}
        targets = share * self._one_hot(classes) + (1 - share) * self._one_hot(classes[order])
        return self._step(mixed, targets, "train", self.train_f1)

    def validation_step(self, batch: Batch, _: int) -> None:
        self._step(*batch, "validation", self.validation_f1)

    def _one_hot(self, classes: torch.Tensor) -> torch.Tensor:
        return nn.functional.one_hot(classes, self.n_classes).float()

    def _step(
        self, features: dict[str, torch.Tensor], targets: torch.Tensor, subset: str, macro_f1: MulticlassF1Score
    ) -> torch.Tensor:
        logits = self.network(features)
        views = logits if logits.dim() == 3 else logits[None]
        summed = views.sum(dim=0)
        classes = targets if targets.dim() == 1 else targets.argmax(dim=1)
        macro_f1.update(summed, classes)
        settings: dict[str, Any] = {"on_step": False, "on_epoch": True, "batch_size": len(classes)}
        self.log(f"{subset}_loss", self.loss(summed, targets).detach(), **settings)
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


def _quiet_trainer(
    params: TrainParams, callbacks: Sequence[Callback], checkpoints: Checkpoints, logger: Logger | None
) -> Trainer:
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
        logger=logger or False,
        log_every_n_steps=1,  # more than there may be would be warned of
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
