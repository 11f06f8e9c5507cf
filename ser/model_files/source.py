"""What a source's own recordings are like to a network: mean and deviation of what it standardises by source."""

import base64
from typing import Annotated, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from ser.params import Section

MAX_VALUES = 1 << 14
"""Of an embedding; three networks of Whisper large have half of it."""

DRAWN_BY = 10
"""How many recordings the statistics of train weigh as much as, when a source's own are drawn towards them."""

SMALLEST_DEVIATION = 1e-5

NOTHING_TO_ADAPT = (
    "this model cannot be adapted: its network standardises nothing by source; one that begins with Whisper does"
)


def _read(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4")


def _numbers(text: str) -> str:
    try:
        values = _read(text)
    except ValueError:
        raise ValueError("expected float32 numbers in base64") from None
    if not np.isfinite(values).all():
        raise ValueError("expected finite numbers")
    return text


Numbers = Annotated[str, Field(max_length=6 * MAX_VALUES), AfterValidator(_numbers)]


class SourceStatistics(Section):
    """Mean and deviation of each value of a network's embedding over recordings.

    Attributes:
        mean: float32 numbers, the least byte first, in base64.
        deviation: likewise, as many, all above 0.
    """

    mean: Numbers
    deviation: Numbers

    @model_validator(mode="after")
    def _they_fit(self) -> Self:
        mean, deviation = map(_read, (self.mean, self.deviation))
        if len(mean) != len(deviation) or (deviation <= 0).any():
            raise ValueError("expected as many deviations as means, all above 0")
        return self

    @property
    def array(self) -> np.ndarray:
        """Mean and deviation: float32, shape (2, n_values)."""
        return np.stack([_read(self.mean), _read(self.deviation)])


class AdaptedStatistics(SourceStatistics):
    """Those of a source that a model is adapted to.

    Attributes:
        recordings: how many there were.
    """

    recordings: Annotated[int, Field(ge=1, lt=2**63)]


def as_text(statistics: np.ndarray) -> dict[str, str]:
    """The fields of a `SourceStatistics`, of an array of shape (2, n_values)."""
    mean, deviation = (base64.b64encode(row.astype("<f4").tobytes()).decode() for row in statistics)
    return {"mean": mean, "deviation": deviation}


def statistics(embeddings: np.ndarray) -> np.ndarray:
    """Mean and deviation of each value over recordings.

    Args:
        embeddings: shape (n_recordings, n_values).

    Returns:
        float32, shape (2, n_values).
    """
    wide = embeddings.astype(np.float64)
    return np.stack([wide.mean(axis=0), np.maximum(wide.std(axis=0), SMALLEST_DEVIATION)]).astype(np.float32)


def drawn_towards(trained: np.ndarray, embeddings: np.ndarray) -> np.ndarray:
    """Statistics of a source, drawn towards those of train by how few recordings there are of it.

    They are those of the recordings and of `DRAWN_BY` others that are as train's are.

    Args:
        trained: those of train, shape (2, n_values).
        embeddings: of the source's recordings, shape (n_recordings, n_values).

    Returns:
        float32, shape (2, n_values).
    """
    share = len(embeddings) / (len(embeddings) + DRAWN_BY)
    own = statistics(embeddings).astype(np.float64)
    mean = share * own[0] + (1 - share) * trained[0]
    spread = share * own[1] + (1 - share) * trained[1]
    return np.stack([mean, spread]).astype(np.float32)


def spread(logits: np.ndarray) -> float:
    """How much recordings differ to a network: the variance of their logits over recordings, summed over the emotions.

    Args:
        logits: shape (n_recordings, n_classes); what is added to all of a recording's does not matter.
    """
    return float((logits - logits.mean(axis=1, keepdims=True)).var(axis=0).sum())


def distance(embeddings: np.ndarray, statistics: np.ndarray) -> np.ndarray:
    """How far recordings are from a source: the mean square of what is standardised by it, 1 on average of its own.

    Args:
        embeddings: shape (n_recordings, n_values).
        statistics: of the source, shape (2, n_values).

    Returns:
        float64, shape (n_recordings,).
    """
    mean, deviation = statistics.astype(np.float64)
    squares: np.ndarray = ((embeddings - mean) / deviation) ** 2
    away: np.ndarray = squares.mean(axis=1)
    return away
