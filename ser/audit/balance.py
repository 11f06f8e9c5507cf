"""How a corpus's clips are spread over emotions, genders and speakers."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from scipy.stats.contingency import association

from ser.audit.findings import Finding, Limits
from ser.dataset.metadata import GENDERS, order_emotions

UNKNOWN = "unknown"
BREAKDOWN_COLUMNS = ("corpus", "emotion", "gender", "speaker", "clips", "hours")


def break_down(metadata: pd.DataFrame) -> pd.DataFrame:
    """Count clips and hours per corpus, emotion, gender and speaker.

    Args:
        metadata: with the columns corpus, emotion, gender, speaker and duration; a gender or a
            speaker that the corpus does not say counts as `UNKNOWN`.

    Returns:
        `BREAKDOWN_COLUMNS`, one row per combination that occurs, sorted.
    """
    gender = metadata["gender"].where(metadata["gender"].isin(GENDERS), UNKNOWN)
    speaker = metadata["speaker"].where(metadata["speaker"] != "", UNKNOWN)
    cells = metadata.assign(gender=gender, speaker=speaker).groupby(["corpus", "emotion", "gender", "speaker"])[
        "duration"
    ]
    table = cells.agg(clips="count", seconds="sum").reset_index()
    return table.assign(hours=table["seconds"] / 3600)[list(BREAKDOWN_COLUMNS)]


def count(breakdown: pd.DataFrame) -> dict[str, Any]:
    """Add up a breakdown: clips, hours and speakers, as a whole, per gender, per emotion, and per emotion and gender.

    Returns:
        Nested, finite numbers. ``clips_per_speaker`` has the ``fewest`` and the ``most`` clips that a speaker has of an
        emotion. ``gender_association`` is Cramér's V of emotion and gender, from 0, none, to 1.
    """
    emotions = {}
    for emotion in order_emotions(set(breakdown["emotion"])):
        rows = breakdown[breakdown["emotion"] == emotion]
        per_speaker = rows.groupby("speaker")["clips"].sum().reindex(breakdown["speaker"].unique(), fill_value=0)
        spread = {"fewest": int(per_speaker.min()), "most": int(per_speaker.max())}
        emotions[emotion] = _sums(rows) | {"clips_per_speaker": spread} | _by_gender(rows)
    return (
        _sums(breakdown)
        | _by_gender(breakdown)
        | {"gender_association": gender_association(breakdown), "emotions": emotions}
    )


def gender_association(breakdown: pd.DataFrame) -> float:
    """Cramér's V of emotion and gender over clips: 0 when every emotion is spoken by both genders alike.

    Source:
        ``scipy.stats.contingency.association``; 0 where there is one gender or one emotion only.
    """
    known = breakdown[breakdown["gender"].isin(GENDERS)]
    table = known.pivot_table(index="emotion", columns="gender", values="clips", aggfunc="sum", fill_value=0)
    if min(table.shape) < 2:
        return 0.0
    return round(float(association(table.to_numpy(), method="cramer")), 4)


def describe_balance(breakdown: pd.DataFrame, limits: Limits) -> list[Finding]:
    """List what the labels of one corpus, or of several taken together, are short of.

    Args:
        breakdown: what `break_down` gave, not empty.
        limits: where a number becomes a finding.
    """
    return [
        *_scarcity(breakdown, limits),
        *_confounds(breakdown, limits),
        *_speaker_gaps(breakdown),
    ]


def _scarcity(breakdown: pd.DataFrame, limits: Limits) -> Iterator[Finding]:
    named = breakdown[breakdown["speaker"] != UNKNOWN]
    n_speakers = named["speaker"].nunique()
    if nameless := int(breakdown["clips"].sum() - named["clips"].sum()):
        yield Finding("unknown speaker", f"{_plural(nameless, 'clip')} without a known speaker")
    if n_speakers < limits.min_speakers:
        yield Finding("few speakers", f"{_plural(n_speakers, 'speaker')} in all, fewer than {limits.min_speakers}")
    for emotion, rows in _emotions(breakdown):
        clips = int(rows["clips"].sum())
        speakers = rows.loc[rows["speaker"] != UNKNOWN, "speaker"].nunique()
        if clips < limits.min_clips:
            yield Finding("few clips", f"{emotion}: {_plural(clips, 'clip')}, fewer than {limits.min_clips}")
        if speakers < min(limits.min_speakers, n_speakers):
            expected = min(limits.min_speakers, n_speakers)
            yield Finding("few speakers", f"{emotion}: {_plural(speakers, 'speaker')}, fewer than {expected}")


def _confounds(breakdown: pd.DataFrame, limits: Limits) -> Iterator[Finding]:
    known = breakdown[breakdown["gender"].isin(GENDERS)]
    genders = known["gender"].unique()
    if len(genders) == 1:
        yield Finding("one gender only", f"every speaker of known gender is {genders[0]}")
        return
    overall = _female_share(known)
    for emotion, rows in _emotions(known):
        share = _female_share(rows)
        if share in {0.0, 1.0}:
            clips = _plural(int(rows["clips"].sum()), "clip")
            yield Finding("one gender only", f"{emotion}: {clips}, all of {rows['gender'].iloc[0]} speakers")
        elif abs(share - overall) > limits.max_gender_skew:
            yield Finding("gender skew", f"{emotion}: {share:.0%} of the clips are female, {overall:.0%} of all")


def _speaker_gaps(breakdown: pd.DataFrame) -> Iterator[Finding]:
    for (corpus, speaker), rows in breakdown.groupby(["corpus", "speaker"]):
        expected = set(breakdown.loc[breakdown["corpus"] == corpus, "emotion"])
        if speaker != UNKNOWN and (missing := order_emotions(expected - set(rows["emotion"]))):
            yield Finding("missing emotion", f"{speaker} has no clip that is {', '.join(missing)}")
        genders = sorted(set(rows["gender"]))
        if UNKNOWN in genders:
            clips = _plural(int(rows.loc[rows["gender"] == UNKNOWN, "clips"].sum()), "clip")
            whose = "unknown speaker" if speaker == UNKNOWN else speaker
            yield Finding("unknown gender", f"{whose}: {clips} without a known gender")
        if speaker != UNKNOWN and set(GENDERS) <= set(genders):
            yield Finding("two genders", f"{speaker} is labelled {' and '.join(GENDERS)}")


def _emotions(breakdown: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for emotion in order_emotions(set(breakdown["emotion"])):
        yield emotion, breakdown[breakdown["emotion"] == emotion]


def _female_share(rows: pd.DataFrame) -> float:
    return float(rows.loc[rows["gender"] == "female", "clips"].sum() / max(rows["clips"].sum(), 1))


def _by_gender(rows: pd.DataFrame) -> dict[str, Any]:
    return {gender: _sums(rows[rows["gender"] == gender]) for gender in (*GENDERS, UNKNOWN)}


def _sums(rows: pd.DataFrame) -> dict[str, Any]:
    return {
        "clips": int(rows["clips"].sum()),
        "hours": round(float(rows["hours"].sum()), 4),
        "speakers": int(rows.loc[rows["speaker"] != UNKNOWN, "speaker"].nunique()),
    }


def _plural(number: int, noun: str) -> str:
    """Say a number of things.

    >>> _plural(1, "clip"), _plural(2000, "clip")
    ('1 clip', '2,000 clips')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
