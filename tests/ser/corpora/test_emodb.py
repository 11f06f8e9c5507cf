from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser.errors import InputError
from tests.ser.corpora.rules import means, reader

read_labels = reader("emodb")
EMOTIONS, STATEMENTS = means("emodb", "emotion"), means("emodb", "statement")
_AGES = means("emodb", "speaker", "age")
SPEAKERS = {code: (gender, _AGES[code]) for code, gender in means("emodb", "speaker", "gender").items()}


def test_a_name_is_read_field_by_field() -> None:
    labels = read_labels(PurePath("wav/03a01Fa.wav"))
    assert (labels.emotion, labels.speaker, labels.gender, labels.age) == ("happy", "03", "male", "31")
    assert (labels.vocal_channel, labels.repetition, labels.language) == ("speech", "a", "de")
    assert labels.statement == "Der Lappen liegt auf dem Eisschrank."


@pytest.mark.parametrize(
    ("letter", "emotion"),
    [
        ("W", "angry"),  # Wut
        ("L", "boredom"),  # Langeweile
        ("E", "disgust"),  # Ekel
        ("A", "fearful"),  # Angst
        ("F", "happy"),  # Freude
        ("T", "sad"),  # Trauer
        ("N", "neutral"),
    ],
)
def test_every_letter_is_the_initial_of_a_german_emotion(letter: str, emotion: str) -> None:
    assert read_labels(PurePath(f"16b10{letter}a.wav")).emotion == emotion


def test_five_speakers_are_women_aged_21_to_35() -> None:
    ages = sorted(int(age) for gender, age in SPEAKERS.values() if gender == "female")
    assert ages == [21, 31, 32, 34, 35]
    assert len(SPEAKERS) == 10


@given(
    st.sampled_from(sorted(SPEAKERS)),
    st.sampled_from(sorted(STATEMENTS)),
    st.sampled_from(sorted(EMOTIONS)),
    st.sampled_from("abcdef"),
)
def test_every_name_made_by_the_rules_is_read_back(speaker: str, statement: str, letter: str, version: str) -> None:
    labels = read_labels(PurePath(f"{speaker}{statement}{letter}{version}.wav"))
    assert (labels.speaker, labels.gender, labels.age) == (speaker, *SPEAKERS[speaker])
    assert (labels.statement, labels.emotion) == (STATEMENTS[statement], EMOTIONS[letter])
    assert labels.repetition == version


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("03a01F", "expected speaker, sentence, emotion and version"),
        ("3a01Fa", "expected speaker, sentence, emotion and version"),
        ("03a01fa", "expected speaker, sentence, emotion and version"),
        ("04a01Fa", "speaker code 04 is not an EMO-DB code"),
        ("03a03Fa", "statement code a03 is not an EMO-DB code"),
        ("03a01Sa", r"emotion code S is not an EMO-DB code \(W, L, E, A, F, T, N\)"),
    ],
)
def test_an_impossible_name_says_why(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_labels(PurePath(f"{name}.wav"))
