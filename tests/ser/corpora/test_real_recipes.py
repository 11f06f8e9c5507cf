"""Recipes of corpora whose real recordings may lie beside this checkout, against what their authors publish."""

from collections import Counter

import pytest

from ser.corpora import CORPORA
from ser.corpora.labels import Labels
from tests.conftest import CORPORA as FOLDER


def labels_in(corpus: str) -> list[Labels]:
    folder = FOLDER / corpus
    if not folder.is_dir():
        pytest.skip(f"needs {corpus} in ../shared/corpora")
    read = CORPORA[corpus].open_reader(folder, None)
    return [read(path) for path in sorted(folder.rglob("*.flac"))]


def test_emovo_has_14_sentences_of_3_women_and_3_men_in_each_of_7_emotions() -> None:
    labels = labels_in("emovo")
    assert len(labels) == CORPORA["emovo"].clips == 588
    emotions = ("neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised")
    assert Counter(one.emotion for one in labels) == dict.fromkeys(emotions, 84)
    assert Counter(one.speaker for one in labels) == dict.fromkeys(("f1", "f2", "f3", "m1", "m2", "m3"), 98)
    assert Counter(one.gender for one in labels) == {"female": 294, "male": 294}
    assert len({one.statement for one in labels}) == 14


def test_nemo_has_4_women_and_5_men_whose_names_lose_their_leading_blanks() -> None:
    labels = labels_in("nemo")
    assert len(labels) == 424  # 8 of each speaker and emotion, of which one combination is not published
    others = dict.fromkeys(("neutral", "happy", "sad", "angry", "fearful"), 72)
    assert Counter(one.emotion for one in labels) == others | {"surprised": 64}
    people = {(one.speaker, one.gender) for one in labels}
    assert len(people) == CORPORA["nemo"].speakers == 9
    assert Counter(gender for _, gender in people) == {"female": 4, "male": 5}
    assert all(speaker == speaker.strip() for speaker, _ in people)
    assert {one.age for one in labels} == {"23", "24", "26", "27", "28"}
    assert labels[0] == Labels(
        emotion="angry",
        gender="female",
        speaker="EB0",
        vocal_channel="speech",
        statement="Ten miesiąc minął bardzo szybko.",
        age="27",
        language="pl",
    )


def test_emodb_has_as_many_clips_of_each_emotion_as_published() -> None:
    labels = labels_in("emodb")
    assert Counter(one.emotion for one in labels) == {
        "angry": 127,
        "boredom": 81,
        "disgust": 46,
        "fearful": 69,
        "happy": 71,
        "sad": 62,
        "neutral": 79,
    }
    assert {one.speaker for one in labels} == {"03", "08", "09", "10", "11", "12", "13", "14", "15", "16"}
