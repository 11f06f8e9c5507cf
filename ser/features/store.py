"""The folder of features that one stage writes and later ones read."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from ser.errors import InputError
from ser.features.front_end import shapes
from ser.params import FeatureParams, FrontEnds, validated
from ser.storage import read_json, read_table, replacing_folder, write_json, write_table

_ARRAYS = [name for settings in FrontEnds.kinds().values() for name in settings.arrays]
FILES = (*(f"{name}.npy" for name in _ARRAYS), "features.npy", "utterances.csv", "front_end.json")
"""What may be in the folder; features.npy was there once."""

COLUMNS: dict[str, type] = {"utterance_id": str, "corpus": str, "speaker": str, "gender": str, "emotion": str}


@dataclass(frozen=True)
class FeatureStore:
    """Features, whose they are, and how they were made.

    Attributes:
        arrays: by name, float32, each of shape (n_utterances, ...); mapped from disk, not read.
        utterances: one row for each, in the same order; at least `COLUMNS`.
        front_end: the settings of the front end.
    """

    arrays: dict[str, np.ndarray]
    utterances: pd.DataFrame
    front_end: FeatureParams


def write_features(
    features: Iterable[Mapping[str, np.ndarray]], utterances: pd.DataFrame, front_end: FeatureParams, folder: Path
) -> None:
    """Write an ``.npy`` for each array, ``utterances.csv`` and ``front_end.json``, all or nothing.

    Args:
        features: in the order of `utterances`, what `ser.features.front_end.front_end` gives; taken one by one, so
            memory does not grow with their number.
        utterances: one row for each, with at least `COLUMNS`.
        front_end: the settings that made them.
        folder: replaced if it is one that this function wrote.

    Raises:
        InputError: the folder holds something else.
    """
    with replacing_folder(folder, FILES) as sibling:
        _write_arrays(features, len(utterances), shapes(front_end), sibling)
        write_table(utterances, sibling / "utterances.csv")
        write_json(front_end.model_dump(), sibling / "front_end.json")


def _write_arrays(
    features: Iterable[Mapping[str, np.ndarray]], n_utterances: int, each: dict[str, tuple[int, ...]], folder: Path
) -> None:
    """Write one behind the other: where the disk is full, that is an error, and in a mapped file the process's end."""
    n_written = 0
    with ExitStack() as stack:
        files: dict[str, BinaryIO] = {name: stack.enter_context((folder / f"{name}.npy").open("wb")) for name in each}
        for name, file in files.items():
            shape = (n_utterances, *each[name])
            header = {
                "descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)),
                "fortran_order": False,
                "shape": shape,
            }
            np.lib.format.write_array_header_1_0(file, header)
        for arrays in features:
            found = {name: array.shape for name, array in arrays.items()}
            if found != each:
                raise ValueError(f"features of shapes {found}, expected {each}")
            for name, file in files.items():
                file.write(np.ascontiguousarray(arrays[name], dtype=np.float32).data)
            n_written += 1
    if n_written != n_utterances:
        raise ValueError(f"features of {n_written} utterances, expected {n_utterances}")


def read_features(folder: Path) -> FeatureStore:
    """Open the folder that `write_features` wrote.

    Raises:
        InputError: a file is missing or damaged, or they do not belong together.
    """
    front_end = validated(FeatureParams, read_json(folder / "front_end.json"), str(folder / "front_end.json"))
    utterances = read_table(folder / "utterances.csv", COLUMNS)
    arrays = {
        name: _read_array(folder / f"{name}.npy", (len(utterances), *shape))
        for name, shape in shapes(front_end).items()
    }
    return FeatureStore(arrays, utterances, front_end)


def _read_array(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    try:
        array: np.ndarray = np.load(path, mmap_mode="r" if shape[0] else None, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a readable array: {error}") from None
    if array.shape != shape or array.dtype != np.float32:
        raise InputError(f"{path}: expected float32 {shape}, found {array.dtype} {array.shape}")
    return array
