"""Which recordings are copies of one another."""

import numpy as np
import pandas as pd

from ser.audit.near_duplicates import group_near_identical
from ser.fingerprint import NEAR_IDENTICAL_BITS, fingerprint_distances

ALTERED_BITS = 45
"""Two recordings that differ in at most this many bits are one, stored in another way.

On the 1,440 clips of RAVDESS speech, copies at 22,050, 16,000 and 8,000 Hz, in stereo, or at 0.3 of the level differ in
this many bits or fewer, all but one of them; so do 93 % of copies with white noise at 20 dB. The nearest two different
recordings differ in 108.
"""

COPY_COLUMNS = ("path", "original", "kind", "bits", "detail")


def find_copies(conditions: pd.DataFrame) -> pd.DataFrame:
    """List every recording that is a copy of another one.

    Of each group of copies the original is that of the highest sampling rate, among these the first path; the others
    are listed: as ``duplicate`` when the decoded
    audio is the same, be it in one channel or in several equal ones; as ``altered copy`` when its fingerprint says that
    the recording is the same (another sampling rate, encoding or level); as ``near-identical`` when it may be.

    Args:
        conditions: the table of `ser.audit.recordings.tabulate`.

    Returns:
        One row per copy, sorted by path; ``bits`` is how many bits of the fingerprint differ from the original's.
    """
    if conditions.empty:
        return pd.DataFrame(columns=list(COPY_COLUMNS))
    conditions = conditions.sort_values(["sampling_rate", "path"], ascending=[False, True])
    first_same = _first_with_the_same(conditions["signal_hash"])
    first_near = group_near_identical(conditions["fingerprint"].tolist())
    rows = []
    for place in np.flatnonzero(first_near != np.arange(len(conditions))):
        copy = conditions.iloc[place]
        original = conditions.iloc[first_same[place] if first_same[place] != place else first_near[place]]
        bits = int(fingerprint_distances([copy["fingerprint"]], [original["fingerprint"]])[0, 0])
        kind = _kind(first_same[place] != place, bits)
        rows.append((copy["path"], original["path"], kind, bits, _detail(copy, original, kind, bits)))
    return pd.DataFrame(rows, columns=list(COPY_COLUMNS)).sort_values("path", ignore_index=True)


def _first_with_the_same(values: pd.Series) -> np.ndarray:
    codes, _ = pd.factorize(values)
    _, first = np.unique(codes, return_index=True)
    places: np.ndarray = first[codes]
    return places


def _kind(same_audio: bool, bits: int) -> str:
    if same_audio:
        return "duplicate"
    return "altered copy" if bits <= ALTERED_BITS else "near-identical"


def _detail(copy: pd.Series, original: pd.Series, kind: str, bits: int) -> str:
    differences = []
    if copy["channels"] != original["channels"]:
        differences.append(f"{copy['channels']} channels instead of {original['channels']}")
    if kind == "duplicate":
        return "; ".join([f"the same audio as {original['path']}", *differences])
    if copy["sampling_rate"] != original["sampling_rate"]:
        differences.append(f"{copy['sampling_rate']:,} Hz instead of {original['sampling_rate']:,}")
    if copy["container"] != original["container"]:
        differences.append(f"{copy['container']} instead of {original['container']}")
    if abs(level := copy["rms_db"] - original["rms_db"]) >= 0.5:
        differences.append(f"{abs(level):.1f} dB {'louder' if level > 0 else 'quieter'}")
    # A copy of a copy may be farther from the first of its group than a pair may be.
    how = "like" if bits <= NEAR_IDENTICAL_BITS else "over other copies like"
    return "; ".join([f"sounds {how} {original['path']}", f"{bits} of 512 bits differ", *differences])
