"""The folder of features that one stage writes and later ones read."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ser.errors import InputError
from ser.features import n_bands
from ser.params import FeatureParams, validated
from ser.storage import read_json, read_table, replacing, write_json, write_table

COLUMNS: dict[str, type] = {"utterance_id": str, "corpus": str, "speaker": str, "gender": str, "emotion": str}


@dataclass(frozen=True)
class FeatureStore:
    """Features, whose they are, and how they were made.

    Attributes:
        features: float32, shape (n_utterances, n_bands, n_frames); mapped from disk, not read.
        utterances: one row for each, in the same order; at least `COLUMNS`.
        front_end: the settings of the front end.
    """

    features: np.ndarray
    utterances: pd.DataFrame
    front_end: FeatureParams


def write_features(
    spectrograms: Iterable[np.ndarray], utterances: pd.DataFrame, front_end: FeatureParams, folder: Path
) -> None:
    """Write ``features.npy``, ``utterances.csv`` and ``front_end.json``, all or nothing.

    Args:
        spectrograms: in the order of `utterances`, each float32 and of shape (n_bands, n_frames); taken one by one, so
            memory does not grow with their number.
        utterances: one row per spectrogram, with at least `COLUMNS`.
        front_end: the settings that made them.
        folder: replaced if it exists.
    """
    with replacing(folder) as sibling:
        sibling.mkdir()
        shape = (len(utterances), n_bands(front_end), front_end.n_frames)
        # An array of no rows cannot be mapped, and is a legal one: augmentation may be off.
        values = (
            np.lib.format.open_memmap(sibling / "features.npy", mode="w+", dtype=np.float32, shape=shape)
            if len(utterances)
            else np.empty(shape, dtype=np.float32)
        )
        n_written = 0
        for n_written, spectrogram in enumerate(spectrograms, start=1):
            values[n_written - 1] = spectrogram
        if n_written != len(utterances):
            raise ValueError(f"{n_written} spectrograms for {len(utterances)} utterances")
        if isinstance(values, np.memmap):
            values.flush()
        else:
            np.save(sibling / "features.npy", values)
        write_table(utterances, sibling / "utterances.csv")
        write_json(front_end.model_dump(), sibling / "front_end.json")


def read_features(folder: Path) -> FeatureStore:
    """Open the folder that `write_features` wrote.

    Raises:
        InputError: a file is missing or damaged, or the three do not belong together.
    """
    front_end = validated(FeatureParams, read_json(folder / "front_end.json"), str(folder / "front_end.json"))
    utterances = read_table(folder / "utterances.csv", COLUMNS)
    array = folder / "features.npy"
    try:
        features = np.load(array, mmap_mode="r" if len(utterances) else None, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{array}: not a readable array: {error}") from None
    expected = (len(utterances), n_bands(front_end), front_end.n_frames)
    if features.shape != expected or features.dtype != np.float32:
        raise InputError(f"{array}: expected float32 {expected}, found {features.dtype} {features.shape}")
    return FeatureStore(features, utterances, front_end)
