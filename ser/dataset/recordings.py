"""All that is known of a file by its audio alone, decoded once."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ser.audio.decode import read_audio, whole
from ser.audio.limits import AudioError
from ser.audio.signal import audio_hash
from ser.dataset.condition import Condition, measure_condition
from ser.dataset.fingerprint import fingerprint
from ser.parallel import parallel_map


@dataclass(frozen=True)
class Recording:
    """One decoded file.

    Attributes:
        path: where it is.
        audio_hash: of the decoded audio, with its sampling rate and channels.
        signal_hash: of what is heard of its channels; equal channels have the hash of the one-channel recording.
        fingerprint: of what it sounds like.
        condition: levels, container and the like.
        odd: what is odd about the file though all of it is there; lines that begin with its path, or nothing.
    """

    path: Path
    audio_hash: str
    signal_hash: str
    fingerprint: str
    condition: Condition
    odd: str

    def row(self) -> dict[str, Any]:
        """The recording as one row of the table of conditions, `CONDITION_COLUMNS`."""
        hashes = {name: getattr(self, name) for name in ("audio_hash", "signal_hash", "fingerprint")}
        return {"path": self.path.as_posix(), **hashes, **asdict(self.condition), "odd": self.odd}


CONDITION_COLUMNS: dict[str, type] = {
    "path": str,
    "audio_hash": str,
    "signal_hash": str,
    "fingerprint": str,
    "container": str,
    "sampling_rate": int,
    "channels": int,
    "equal_channels": int,  # 1 or 0
    "duration": float,
    "peak_db": float,
    "rms_db": float,
    "dc_offset": float,
    "clipped_share": float,
    "leading_silence": float,
    "trailing_silence": float,
    "start_db": float,
    "end_db": float,
    "odd": str,
}
"""Columns of the table of conditions, for `ser.storage.read_table`: one row per file that can be decoded, used or not.

Those from ``container`` to ``end_db`` are what `Condition` describes.
"""


def read_recording(path: Path) -> Recording | AudioError:
    """Decode a file once and take from it all that an audit and the ingest stage want.

    Returns:
        The recording, or why there is none (an error, not raised, so that it is one result among others).
    """
    try:
        audio = whole(read_audio(path))
    except AudioError as error:
        return error
    heard = audio.signal[:, None]
    return Recording(
        path=path,
        audio_hash=audio_hash(audio.samples, audio.sampling_rate),
        signal_hash=audio_hash(heard, audio.sampling_rate),
        fingerprint=fingerprint(heard, audio.sampling_rate),
        condition=measure_condition(audio.samples, audio.sampling_rate, audio.container),
        odd="; ".join(audio.odd),
    )


def examine(paths: Sequence[Path], label: str = "examine") -> Iterator[Recording | AudioError]:
    """Yield what `read_recording` gives for each of `paths`, in their order, on all cores."""
    return parallel_map(read_recording, paths, label, "file")


def tabulate(recordings: Sequence[Recording]) -> pd.DataFrame:
    """Put recordings in the table of conditions, sorted by path."""
    table = pd.DataFrame([recording.row() for recording in recordings], columns=list(CONDITION_COLUMNS))
    return table.astype({"equal_channels": int}).sort_values("path", ignore_index=True)
