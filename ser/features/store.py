"""The folder of features that one stage writes and later ones read."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ser.errors import InputError
from ser.features.front_end import n_bands
from ser.params import FeatureParams, validated
from ser.storage import read_json, read_table, replacing_folder, write_json, write_table

FILES = ("features.npy", "utterances.csv", "front_end.json")

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
        folder: replaced if it is one that this function wrote.

    Raises:
        InputError: the folder holds something else.
    """
    with replacing_folder(folder, FILES) as sibling:
        _write_array(spectrograms, (len(utterances), n_bands(front_end), front_end.n_frames), sibling / "features.npy")
        write_table(utterances, sibling / "utterances.csv")
        write_json(front_end.model_dump(), sibling / "front_end.json")


def _write_array(spectrograms: Iterable[np.ndarray], shape: tuple[int, int, int], path: Path) -> None:
    """Write one behind the other: where the disk is full, that is an error, and in a mapped file the process's end."""
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)), "fortran_order": False, "shape": shape}
    n_written = 0
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for spectrogram in spectrograms:
            if spectrogram.shape != shape[1:]:
                raise ValueError(f"a spectrogram of shape {spectrogram.shape}, expected {shape[1:]}")
            file.write(np.ascontiguousarray(spectrogram, dtype=np.float32).data)
            n_written += 1
    if n_written != shape[0]:
        raise ValueError(f"{n_written} spectrograms for {shape[0]} utterances")


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
