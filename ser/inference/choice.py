"""Which model answers where none is named."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ser.errors import InputError
from ser.inference.predictor import Predictor
from ser.model_files.description import ModelDescription

MODELS = (Path("models/model.onnx"), Path("models/model.safetensors"))
"""Where `dvc repro` writes models: the first that is there is taken."""

IN_THE_BOX = Path(__file__).parents[1] / "release" / "model.onnx"
"""The model of real voices that comes with the package."""

SYNTHETIC = frozenset({"demo"})
"""Corpora that no person spoke."""


@dataclass(frozen=True)
class ChosenModel:
    """A model that is ready to answer, and where it is from.

    Attributes:
        predictor: the model.
        origin: ``named`` by the user, trained in this ``project``, or that of the ``package``.
        path: of its file.
        passed_over: of a model of this project that heard no people; None: there is none.
    """

    predictor: Predictor
    origin: Literal["named", "project", "package"]
    path: Path
    passed_over: Path | None = None

    def facts(self) -> dict[str, object]:
        """What an answer says of the model: origin, file, the corpora it was trained on, and what it is adapted to."""
        file = self.path.name if self.origin == "package" else str(self.path)
        trained_on = list(self.predictor.model.description.trained_on)
        adapted = self.predictor.adapted_by
        own = {"adapted_to": adapted.recordings} if adapted else {}
        return {"origin": self.origin, "file": file, "trained_on": trained_on, **own}

    def said(self) -> str | None:
        """One line for who did not name it; None: who did knows."""
        if self.origin == "named":
            return None
        trained_on = f"trained on {', '.join(self.predictor.model.description.trained_on)}"
        if self.origin == "project":
            return f"{self.path}, {trained_on}"
        instead = ""
        if self.passed_over:
            instead = f"; {self.passed_over} heard synthetic voices alone, --model {self.passed_over} asks it"
        return f"the one in the package, {trained_on}{instead}"


def choose_model(named: Path | None = None, encoder: str | None = None) -> ChosenModel:
    """Load the model that is named; or else the project's last, if it heard people; or else the package's.

    Args:
        named: a model file.
        encoder: as `Predictor` takes it.

    Raises:
        InputError: the model that it comes to cannot be used, or there is none.
        ModuleNotFoundError: it needs torch.
    """
    if named:
        return ChosenModel(Predictor.load(named, encoder), "named", named)
    own = next((path for path in MODELS if path.exists()), None)
    if own:
        predictor = Predictor.load(own, encoder)
        if _heard_people(predictor.model.description):
            return ChosenModel(predictor, "project", own)
    if not IN_THE_BOX.exists():
        why = f"{own} heard synthetic voices alone" if own else f"{MODELS[0]}: no such file; `dvc repro` trains one"
        raise InputError(f"no model: {why}; --model names one, and this package came without its own")
    return ChosenModel(Predictor.load(IN_THE_BOX), "package", IN_THE_BOX, own)


def _heard_people(description: ModelDescription) -> bool:
    return not set(description.trained_on) <= SYNTHETIC
