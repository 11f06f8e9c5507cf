from collections.abc import Callable

import pandas as pd
import pytest

from ser.audit.balance import break_down, count, describe_balance, gender_association
from ser.audit.findings import Limits
from ser.audit.report import WHOLE, audit_tables
from ser.dataset.metadata import EMOTIONS
from ser.dataset.recordings import CONDITION_COLUMNS

SMALL = Limits(min_clips=10, min_speakers=6)


def found(metadata: pd.DataFrame) -> list[tuple[str, str]]:
    return [(finding.kind, finding.detail) for finding in describe_balance(break_down(metadata), SMALL)]


def test_clips_hours_and_speakers_add_up(make_metadata: Callable[..., pd.DataFrame]) -> None:
    counts = count(break_down(make_metadata(speakers=8, takes=2)))
    assert (counts["clips"], counts["speakers"], counts["hours"]) == (128, 8, round(128 / 3600, 4))
    assert list(counts["emotions"]) == list(EMOTIONS)
    angry = counts["emotions"]["angry"]
    assert (angry["clips"], angry["female"]["clips"], angry["male"]["speakers"]) == (16, 8, 4)
    assert angry["clips_per_speaker"] == {"fewest": 2, "most": 2}
    assert counts["gender_association"] == 0


def test_a_balanced_corpus_has_nothing_to_report(make_metadata: Callable[..., pd.DataFrame]) -> None:
    assert found(make_metadata()) == []


def test_rare_emotions_and_missing_ones_are_named(make_metadata: Callable[..., pd.DataFrame]) -> None:
    table = make_metadata(speakers=8, takes=2)
    rare = (table["emotion"] == "calm") & ~table["speaker"].isin(["toy_01", "toy_02"])
    assert found(table[~rare]) == [
        ("few clips", "calm: 4 clips, fewer than 10"),
        ("few speakers", "calm: 2 speakers, fewer than 6"),
        *[("missing emotion", f"toy_{speaker:02} has no clip that is calm") for speaker in range(3, 9)],
    ]


def test_an_emotion_of_one_gender_or_mostly_of_one_is_a_confound(make_metadata: Callable[..., pd.DataFrame]) -> None:
    table = make_metadata(speakers=12, takes=2)
    male = table["gender"] == "male"
    mostly = male & (table["emotion"] == "happy") & ~table["speaker"].isin(["toy_01"])
    table = table[~mostly & ~(male & (table["emotion"] == "sad"))]
    confounds = [one for one in found(table) if "gender" in one[0]]
    assert confounds == [
        ("gender skew", "happy: 86% of the clips are female, 56% of all"),
        ("one gender only", "sad: 12 clips, all of female speakers"),
    ]
    assert gender_association(break_down(table)) > 0.1


def test_a_corpus_of_one_gender_and_two_speakers_is_said_once(make_metadata: Callable[..., pd.DataFrame]) -> None:
    table = make_metadata(speakers=4, takes=5)
    assert found(table[table["gender"] == "male"]) == [
        ("few speakers", "2 speakers in all, fewer than 6"),
        ("one gender only", "every speaker of known gender is male"),
    ]


def test_what_the_corpus_does_not_say_is_counted(make_metadata: Callable[..., pd.DataFrame]) -> None:
    table = make_metadata()
    table.loc[table["speaker"] == "toy_01", "gender"] = ""
    table.loc[table["utterance_id"] == "toy_02_sad_0", "gender"] = "male"
    table.loc[table["utterance_id"] == "toy_03_sad_0", ["speaker", "gender"]] = ""
    assert found(table) == [
        ("unknown speaker", "1 clip without a known speaker"),
        ("unknown gender", "toy_01: 16 clips without a known gender"),
        ("two genders", "toy_02 is labelled female and male"),
        ("unknown gender", "unknown speaker: 1 clip without a known gender"),
    ]
    counts = count(break_down(table))
    assert (counts["speakers"], counts["unknown"]["clips"]) == (8, 17)


def test_an_emotion_that_only_this_corpus_has_is_counted(make_metadata: Callable[..., pd.DataFrame]) -> None:
    table = make_metadata().replace({"emotion": {"calm": "boredom"}})
    assert list(count(break_down(table))["emotions"])[-1] == "boredom"


@pytest.mark.parametrize("name", ["toy", "other"])
def test_several_corpora_are_counted_apart_and_together(make_metadata: Callable[..., pd.DataFrame], name: str) -> None:
    other = make_metadata(speakers=6).assign(corpus=name)
    other["path"] = other["path"] + name
    other["speaker"] = name + "_" + other["speaker"]
    rejected = pd.DataFrame(columns=["path", "reason", "detail"])
    conditions = pd.DataFrame(columns=list(CONDITION_COLUMNS))
    audit = audit_tables(pd.concat([make_metadata(), other]), rejected, conditions, SMALL)
    corpora = audit.to_json()["corpora"]
    assert set(corpora) == {WHOLE, "toy", name}
    assert corpora[WHOLE]["clips"] == 128 + 96
    assert sum(corpora[one]["clips"] for one in {"toy", name}) == corpora[WHOLE]["clips"]
