"""A model told that recordings are of one source: one microphone, call centre, speaker or corpus."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ser.errors import InputError
from ser.model_files.source import AdaptedStatistics, as_text, drawn_towards, spread

if TYPE_CHECKING:  # safetensors do without onnxruntime
    from ser.model_files.onnx_file import OnnxModel

FEWEST = 20
"""Recordings of a source; the statistics of fewer say more of these recordings than of it."""

ONE_EMOTION = 0.3
"""Share of how much utterances in validation differ. Recordings that differ less seem to carry one emotion, which their
mean would then hide. docs/adaptation.md says what was measured."""


class OneEmotionError(InputError):
    """The recordings seem to carry the same emotion: a model is better not adapted to them."""


class Heard(NamedTuple):
    """What a model makes of the windows of one recording, before it is told any source.

    Attributes:
        probabilities: float64, shape (n_windows, n_classes).
        embeddings: what is standardised by source, float32, shape (n_windows, n_values).
    """

    probabilities: np.ndarray
    embeddings: np.ndarray


def source_statistics(model: "OnnxModel", recordings: Sequence[Heard]) -> AdaptedStatistics:
    """What these recordings have in common, for a model to standardise by.

    Args:
        model: the one that heard them.
        recordings: of one source, with several emotions; which they carry need not be known.

    Raises:
        OneEmotionError: they differ too little.
        InputError: there are fewer than `FEWEST`, or the network standardises nothing by source.
    """
    if len(recordings) < FEWEST:
        raise InputError(f"expected at least {FEWEST} recordings of one source, got {len(recordings)}")
    trained, description = model.source, model.description
    probabilities, embeddings = (np.concatenate(values) for values in zip(*recordings, strict=True))
    logits = description.temperature * np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    if description.spread is not None and spread(logits) < ONE_EMOTION * description.spread:
        raise OneEmotionError(
            "these recordings seem to carry one emotion, as the model hears them: adapting to them would hide it; add"
            " recordings with others"
        )
    own = drawn_towards(trained, embeddings)
    return AdaptedStatistics(**as_text(own), recordings=len(recordings))
