from pathlib import PurePath

import pytest

from ser.corpora.ravdess import read_labels
from ser.errors import InputError


def test_a_name_is_read_field_by_field() -> None:
    labels = read_labels(PurePath("anywhere/03-02-04-02-01-02-07.wav"))
    assert (labels.emotion, labels.speaker, labels.gender) == ("sad", "07", "male")
    assert (labels.vocal_channel, labels.intensity, labels.repetition) == ("song", "strong", "2")
    assert labels.statement == "Kids are talking by the door"


@pytest.mark.parametrize(
    ("code", "emotion"),
    [
        ("01", "neutral"),
        ("02", "calm"),
        ("03", "happy"),
        ("04", "sad"),
        ("05", "angry"),
        ("06", "fearful"),
        ("07", "disgust"),
        ("08", "surprised"),
    ],
)
def test_every_emotion_code_means_what_the_corpus_says(code: str, emotion: str) -> None:
    assert read_labels(PurePath(f"03-01-{code}-01-01-01-12.wav")).emotion == emotion


def test_even_actors_are_women() -> None:
    assert read_labels(PurePath("03-01-01-01-01-01-24.wav")).gender == "female"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("03-01-09-01-01-01-01", r"emotion code 09 is not a RAVDESS code \(01 to 08\)"),
        ("03-01-01-01-01-01-25", r"actor code 25 is not a RAVDESS code \(01 to 24\)"),
        ("03-01-01-01-01-01", "expected seven RAVDESS codes"),
        ("3-1-1-1-1-1-1", "modality code 3 is not"),
        ("02-01-03-01-01-01-01", "video without sound"),
        ("03-01-01-02-01-01-01", "no strong neutral"),
        ("OAF_back_angry", "expected seven RAVDESS codes"),
    ],
)
def test_an_impossible_name_says_why(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_labels(PurePath(f"{name}.wav"))
