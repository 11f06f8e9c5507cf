"""The front end over a whole corpus, on all cores."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ser.audio.decode import decode
from ser.audio.signal import audio_hash
from ser.errors import InputError
from ser.features.augmentation import Copy, augment, plan_copies
from ser.features.front_end import front_end, prepare_signal
from ser.parallel import parallel_map
from ser.params import AugmentParams, FeatureParams

MAX_NAMED_FAILURES = 5


@dataclass(frozen=True)
class _Recording:
    """What one worker is given: a recording, and what to make of it."""

    utterance_id: str
    path: Path
    audio_hash: str
    params: FeatureParams
    copies: tuple[Copy, ...] | None  # None: the recording as it is
    analyse: Callable[[np.ndarray, FeatureParams], Any] = front_end


def extract_features(metadata: pd.DataFrame, params: FeatureParams) -> Iterator[dict[str, np.ndarray]]:
    """Yield the features of every utterance, in the order of `metadata`.

    Args:
        metadata: the table of `ser.dataset.metadata`.
        params: the front end.

    Returns:
        What `ser.features.front_end.front_end` gives.

    Raises:
        InputError: recordings are missing, unreadable, or not those that were ingested; raised at the end, naming the
            utterances.
    """
    recordings = [_Recording(*row, params, None) for row in _locations(metadata)]
    return _extract(recordings, "features")


def load_signals(metadata: pd.DataFrame, params: FeatureParams) -> Iterator[np.ndarray]:
    """Yield what a front end would be given of every utterance, in the order of `metadata`.

    Returns:
        Arrays of shape (n_samples,), float32, at most ``params.n_samples`` long.

    Raises:
        InputError: as `extract_features`.
    """
    recordings = [_Recording(*row, params, None, _cut) for row in _locations(metadata)]
    return _extract(recordings, "recordings")


def _cut(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    return signal[: params.n_samples]


def plan_augmentation(metadata: pd.DataFrame, params: AugmentParams) -> pd.DataFrame:
    """Decide which changed copies are made of which utterance.

    Args:
        metadata: rows of the table of `ser.dataset.metadata`; train utterances only.
        params: how many copies, and how they are drawn.

    Returns:
        One row per copy, in the order of `metadata`: utterance_id (the copy's own), source_utterance_id, method,
        amount, and the source's corpus, speaker, gender and emotion.
    """
    columns = ["corpus", "speaker", "gender", "emotion"]
    rows = [
        {"utterance_id": copy.id, "source_utterance_id": row["utterance_id"]}
        | {name: row[name] for name in columns}
        | {"method": copy.method, "amount": round(copy.amount, 6)}
        for row in metadata.to_dict("records")
        for copy in plan_copies(row["utterance_id"], params)
    ]
    return pd.DataFrame(rows, columns=["utterance_id", "source_utterance_id", *columns, "method", "amount"])


def extract_augmented(
    metadata: pd.DataFrame, params: AugmentParams, features: FeatureParams
) -> Iterator[dict[str, np.ndarray]]:
    """Yield the features of every copy, in the order of `plan_augmentation`.

    Raises:
        InputError: as `extract_features`.
    """
    recordings = [
        _Recording(utterance_id, path, digest, features, tuple(plan_copies(utterance_id, params)))
        for utterance_id, path, digest in _locations(metadata)
    ]
    return _extract(recordings, "augment")


def _locations(metadata: pd.DataFrame) -> list[tuple[str, Path, str]]:
    columns = (metadata[name] for name in ("utterance_id", "path", "audio_hash"))
    return [(utterance_id, Path(path), digest) for utterance_id, path, digest in zip(*columns, strict=True)]


def _extract(recordings: Sequence[_Recording], label: str) -> Iterator[Any]:
    failures = []
    # An encoder is large, and uses all cores by itself.
    n_jobs = 1 if recordings and recordings[0].params.encoder else -1
    results = parallel_map(_extract_one, recordings, label, n_jobs=n_jobs)
    for recording, result in zip(recordings, results, strict=True):
        if isinstance(result, InputError):
            failures.append(f"{recording.utterance_id} ({result})")
        else:
            yield from result
    if failures:
        more = f" and {len(failures) - MAX_NAMED_FAILURES} more" if len(failures) > MAX_NAMED_FAILURES else ""
        raise InputError(
            f"{len(failures)} of {len(recordings)} utterances failed: {'; '.join(failures[:MAX_NAMED_FAILURES])}{more}"
        )


def _extract_one(recording: _Recording) -> list[Any] | InputError:
    try:
        samples, sampling_rate = decode(recording.path)
    except InputError as error:
        return error
    if audio_hash(samples, sampling_rate) != recording.audio_hash:
        return InputError(f"{recording.path}: changed since it was ingested; run `dvc repro`")
    signal = prepare_signal(samples, sampling_rate, recording.params)
    if recording.copies is None:
        return [recording.analyse(signal, recording.params)]
    return [
        recording.analyse(augment(signal, recording.params.sampling_rate, copy), recording.params)
        for copy in recording.copies
    ]
