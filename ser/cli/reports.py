"""How predictions are printed: text to be read, or JSON, JSON Lines and CSV for other programs."""

import csv
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

import typer

from ser.console import bar, printable, spreadsheet_cell
from ser.inference.choice import ChosenModel
from ser.inference.predictor import UNSURE, Prediction, emotion_or_unsure

BAR_WIDTH = 30
TABLE_TOP = 3
"""Emotions in a row of the table of several recordings, unless another number is asked for."""

Kind = Literal["text", "json", "jsonl", "csv"]


class Report(ABC):
    """Prints predictions to stdout.

    Args:
        recordings: the names of all that will come.
        model: the one that answers.
        top: how many of them are printed, the most probable first; None: all, in the model's order.
        min_confidence: smallest probability of an emotion that is named.
    """

    def __init__(self, recordings: Sequence[str], model: ChosenModel, top: int | None, min_confidence: float) -> None:
        self.recordings, self.model, self.top, self.min_confidence = recordings, model, top, min_confidence
        self.classes = model.predictor.classes
        self.start()

    def start(self) -> None:  # noqa: B027 (most kinds have nothing to print there)
        """Print what stands before all predictions."""

    @abstractmethod
    def add(self, recording: str, prediction: Prediction) -> None:
        """Print one, or keep it for the end."""

    def close(self) -> None:  # noqa: B027 (as `start`)
        """Print what stands behind all predictions."""

    def emotion(self, prediction: Prediction) -> str:
        """The emotion, or `UNSURE`."""
        return emotion_or_unsure(prediction, self.min_confidence)

    def shown(self, prediction: Prediction, top: int | None) -> dict[str, float]:
        """The probabilities that are printed."""
        if top is None:
            return prediction.probabilities
        return dict(sorted(prediction.probabilities.items(), key=lambda one: -one[1])[:top])


class _Bars(Report):
    """For one recording: its emotion, and a bar for every probability."""

    def add(self, recording: str, prediction: Prediction) -> None:
        typer.echo(f"{printable(recording)}: {self.emotion(prediction)}")
        for name, probability in self.shown(prediction, self.top).items():
            typer.echo(f"  {name:<10} {probability:6.1%} {bar(round(BAR_WIDTH * probability))}".rstrip())


class _Table(Report):
    """For several: one row each."""

    def start(self) -> None:
        columns = (["recording", *map(printable, self.recordings)], ["emotion", UNSURE, *self.classes])
        self.widths = [max(map(len, column)) for column in columns]
        self._row("recording", "emotion", "probabilities")

    def add(self, recording: str, prediction: Prediction) -> None:
        shown = self.shown(prediction, self.top or TABLE_TOP)
        cells = "  ".join(f"{f'{name} {probability:.0%}':<{self.widths[1] + 5}}" for name, probability in shown.items())
        self._row(printable(recording), self.emotion(prediction), cells)

    def _row(self, recording: str, emotion: str, probabilities: str) -> None:
        typer.echo(f"{recording:<{self.widths[0]}}  {emotion:<{self.widths[1]}}  {probabilities}".rstrip())


class _Json(Report):
    def start(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, recording: str, prediction: Prediction) -> None:
        self.rows.append(
            {
                "path": recording,
                "emotion": self.emotion(prediction),
                "confidence": prediction.confidence,
                "probabilities": self.shown(prediction, self.top),
                "seconds": prediction.seconds,
                "windows": prediction.windows,
                "unlike": prediction.unlike,
                "model": self.model.facts(),
            }
        )

    def close(self) -> None:
        typer.echo(json.dumps(self.rows, indent=2))


class _JsonLines(_Json):
    def add(self, recording: str, prediction: Prediction) -> None:
        super().add(recording, prediction)
        typer.echo(json.dumps(self.rows.pop()))

    def close(self) -> None:
        pass


class _Csv(Report):
    """A column for every emotion, empty where it is not among the most probable that are asked for."""

    def start(self) -> None:
        self.writer = csv.writer(sys.stdout, lineterminator="\n")
        self._row(["path", "emotion", "confidence", *(f"p_{name}" for name in self.classes)])

    def add(self, recording: str, prediction: Prediction) -> None:
        shown = self.shown(prediction, self.top)
        cells = [f"{shown[name]:.6f}" if name in shown else "" for name in self.classes]
        self._row([recording, self.emotion(prediction), f"{prediction.confidence:.6f}", *cells])

    def _row(self, cells: list[str]) -> None:
        self.writer.writerow(map(spreadsheet_cell, cells))


def report(kind: Kind, recordings: Sequence[str], model: ChosenModel, top: int | None, min_confidence: float) -> Report:
    """Open the report of a kind; text has bars for one recording, and a table for several."""
    text = _Table if len(recordings) > 1 else _Bars
    makers: dict[Kind, type[Report]] = {"text": text, "json": _Json, "jsonl": _JsonLines, "csv": _Csv}
    return makers[kind](recordings, model, top, min_confidence)
