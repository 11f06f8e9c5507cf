"""Which recordings are copies of one another."""

import numpy as np
import pandas as pd

from ser.dataset.fingerprint import NEAR_IDENTICAL_BITS, SAME_RECORDING_BITS, fingerprint_distances
from ser.dataset.near_duplicates import group_near_identical

DUPLICATE, ALTERED_COPY, NEAR_IDENTICAL = "duplicate", "altered copy", "near-identical"

COPY_COLUMNS = ("path", "original", "kind", "detail")

LOSSY = ("MP3", "OGG", "MP4", "MATROSKA", "AAC", "ASF", "AMR")


def find_copies(conditions: pd.DataFrame) -> pd.DataFrame:
    """List every file that holds a recording which another one holds already.

    That is so when their fingerprints differ in at most `SAME_RECORDING_BITS` bits, or when both are copies of a third.
    Of one recording's files the original is that of the highest sampling rate, among these one without lossy
    compression, among these the first given; the others are copies of it: a `DUPLICATE` when the decoded audio is the
    same, be it in one channel or in several equal ones, or else an `ALTERED_COPY` (another rate, encoding or level).

    Args:
        conditions: one row per file, with the columns of `ser.dataset.recordings.tabulate`.

    Returns:
        `COPY_COLUMNS`, one row per copy, which keeps its index.
    """
    return _compare(conditions, SAME_RECORDING_BITS, ALTERED_COPY)


def find_near_identical(conditions: pd.DataFrame) -> pd.DataFrame:
    """List what may be copies, of recordings that `find_copies` took for different ones; arguments and table as there.

    Their fingerprints differ in at most `NEAR_IDENTICAL_BITS` bits, directly or over others.
    """
    return _compare(conditions, NEAR_IDENTICAL_BITS, NEAR_IDENTICAL)


def _compare(conditions: pd.DataFrame, max_bits: int, otherwise: str) -> pd.DataFrame:
    conditions = conditions.assign(lossy=conditions["container"].isin(LOSSY)).sort_values(
        ["sampling_rate", "lossy"], ascending=[False, True], kind="stable"
    )
    first = group_near_identical(conditions["fingerprint"].tolist(), max_bits)
    copies = np.flatnonzero(first != np.arange(len(conditions)))
    rows = []
    for place in copies:
        copy, original = conditions.iloc[place], conditions.iloc[first[place]]
        same_audio = copy["signal_hash"] == original["signal_hash"]
        kind = DUPLICATE if same_audio else otherwise
        rows.append((copy["path"], original["path"], kind, _detail(copy, original, same_audio)))
    return pd.DataFrame(rows, conditions.index[copies], COPY_COLUMNS).sort_index()


def _detail(copy: pd.Series, original: pd.Series, same_audio: bool) -> str:
    differences = []
    if copy["channels"] != original["channels"]:
        differences.append(f"{copy['channels']} channels instead of {original['channels']}")
    if same_audio:
        return "; ".join([f"the same audio as {original['path']}", *differences])
    if copy["sampling_rate"] != original["sampling_rate"]:
        differences.append(f"{copy['sampling_rate']:,} Hz instead of {original['sampling_rate']:,}")
    if copy["container"] != original["container"]:
        differences.append(f"{copy['container']} instead of {original['container']}")
    if abs(level := copy["rms_db"] - original["rms_db"]) >= 0.5:
        differences.append(f"{abs(level):.1f} dB {'louder' if level > 0 else 'quieter'}")
    bits = fingerprint_distances([copy["fingerprint"]], [original["fingerprint"]]).item()
    # A copy of a copy may be farther from the first of its group than a pair may be.
    how = "like" if bits <= NEAR_IDENTICAL_BITS else "over other copies like"
    return "; ".join([f"sounds {how} {original['path']}", f"{bits} of 512 bits differ", *differences])
