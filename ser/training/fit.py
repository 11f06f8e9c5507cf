"""Fitting a classifier of one network or several, and what is said of it."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ser.errors import InputError
from ser.features.examples import Examples
from ser.features.store import FeatureStore
from ser.features.subsets import select_training_data
from ser.model_files.description import FORMAT, ModelDescription
from ser.model_files.safetensors_file import Model
from ser.model_files.source import distance, spread, statistics
from ser.models.classifier import Classifier, ensemble
from ser.models.source import embeddings, held_statistics, set_statistics, source_norms
from ser.params import TrainParams
from ser.training.checkpoints import remove_checkpoints
from ser.training.lightning import fit_network
from ser.training.temperature import fit_temperature

DIGEST_BYTES = 8

USUAL = 0.99
"""Share of the utterances in validation that count as like those of train."""


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
        spread: how much utterances in validation differ (`ser.model_files.source.spread`); None if nothing is
            standardised by source.
        farthest: how far `USUAL` of them are from train at most (`ser.model_files.source.distance`); None likewise.
        seconds: of the epochs, also of those before an interruption.
    """

    classifier: Classifier
    history: pd.DataFrame
    best_epoch: int
    temperature: float
    spread: float | None
    farthest: float | None
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
        format=FORMAT,
        network=params.network,
        members=params.members,
        classes=tuple(data.classes),
        front_end=features.front_end,
        trained_on=tuple(data.corpora),
        temperature=fitted.temperature,
        spread=fitted.spread,
        farthest=fitted.farthest,
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
        classifier = Classifier(n_classes, examples.shapes, params.network)
        if classifier.standardise:
            classifier.standardise_by(examples.band_statistics())
        classifier.load_initial_weights()
        return classifier

    chosen, refitted, tables, kept, seconds = [], [], [], [], 0.0
    both = train.concatenate(validation)
    for member in range(params.members):
        if params.members > 1:
            report(f"network {member + 1} of {params.members}")
        own = params.model_copy(update={"seed": params.seed * params.members + member})
        folder = checkpoints / str(member)
        classifier, history = fit_network(new, train, validation, own, folder / "chosen", report)
        _standardise_by(train, classifier, params)
        chosen.append(classifier)
        tables.append(pd.DataFrame(history.rows))
        kept.append(_kept_epoch(tables[-1], params))
        seconds += history.seconds
        if params.refit:
            report(f"epoch {kept[-1]} is kept: training anew for as long, on train and validation")
            as_long = own.model_copy(update={"max_epochs": kept[-1]})
            classifier, again = fit_network(new, both, None, as_long, folder / "refitted", report)
            _standardise_by(both, classifier, params)
            refitted.append(classifier)
            seconds += again.seconds
    classifier = ensemble(chosen)
    by_source = bool(source_norms(classifier))
    temperature, differing, farthest = 1.0, None, None
    if params.calibrate or by_source:
        logits = np.concatenate([classifier.logits(chunk) for chunk in validation.chunks()])
        temperature = _short(fit_temperature(logits, validation.classes)) if params.calibrate else 1.0
    if by_source:
        away = distance(embeddings(classifier, validation.chunks()), held_statistics(classifier))
        differing, farthest = _short(spread(logits)), _short(np.quantile(away, USUAL))
    if params.refit:
        classifier = ensemble(refitted)
    remove_checkpoints(checkpoints)
    with suppress(OSError):  # it is not empty: something else is there
        scratch.rmdir()
    return Fitted(classifier, _mean(tables), round(float(np.mean(kept))), temperature, differing, farthest, seconds)


def _standardise_by(examples: Examples, classifier: Classifier, params: TrainParams) -> None:
    """Have what is standardised by source standardised by these examples as they are; training perturbed them."""
    norms = source_norms(classifier)
    if norms:
        with torch.autocast("cpu", torch.bfloat16, enabled=params.precision == "bf16-mixed"):
            found = embeddings(classifier, examples.chunks())
        set_statistics(norms, torch.from_numpy(statistics(found)))


def _short(value: float) -> float:
    """With four digits: more would be noise."""
    return float(f"{value:.4g}")


def _kept_epoch(history: pd.DataFrame, params: TrainParams) -> int:
    validated = history[history["subset"] == "validation"]
    best = int(validated["macro_f1"].argmax()) if params.keep == "best" else -1
    return int(validated["epoch"].iloc[best])


def _mean(histories: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The curves of several networks, some of them perhaps shorter, as one."""
    means = pd.concat(histories).groupby(["epoch", "subset"], as_index=False, sort=True).mean()
    return means.round(6)


def _digest(train: Examples, validation: Examples, params: TrainParams, scratch: Path) -> str:
    """Tell runs apart: the same digest means the same data, in the same order, the same parameters, the same folder.

    The folder, because Lightning forgets which epoch was the best of a checkpoint that was moved.
    """
    digest = hashlib.blake2b(params.model_dump_json().encode(), digest_size=DIGEST_BYTES)
    digest.update(bytes(scratch.resolve()))
    for examples in (train, validation):
        digest.update(examples.rows.tobytes() + examples.classes.tobytes())
        for chunk in examples.chunks():
            for name, array in chunk.items():
                digest.update(name.encode() + array.tobytes())
    return digest.hexdigest()
