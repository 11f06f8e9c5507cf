from collections import Counter
from contextlib import suppress
from itertools import product
from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser import corpora
from ser.errors import InputError
from tests.conftest import CORPORA
from tests.ser.corpora.rules import means, reader

CARD, read_labels = corpora.CORPORA["ravdess"], reader("ravdess")
MODALITIES, VOCAL_CHANNELS, EMOTIONS, INTENSITIES, STATEMENTS, REPETITIONS = (
    means("ravdess", group)
    for group in ("modality", "vocal_channel", "emotion", "intensity", "statement", "repetition")
)
ACTORS = means("ravdess", "speaker", "gender")
REAL = CORPORA / "ravdess"
FIELDS = (MODALITIES, VOCAL_CHANNELS, EMOTIONS, INTENSITIES, STATEMENTS, REPETITIONS, ACTORS)


def test_a_name_is_read_field_by_field() -> None:
    labels = read_labels(PurePath("anywhere/03-02-04-02-01-02-07.wav"))
    assert (labels.emotion, labels.speaker, labels.gender) == ("sad", "07", "male")
    assert (labels.vocal_channel, labels.intensity, labels.repetition) == ("song", "strong", "2")
    assert labels.statement == "Kids are talking by the door"
    assert (labels.language, labels.age) == ("en", "")


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


def test_the_rules_make_1440_names_of_speech_and_1012_of_song() -> None:
    read: Counter[str] = Counter()
    for codes in product(["03"], *FIELDS[1:]):
        with suppress(InputError):
            read[read_labels(PurePath("-".join(codes) + ".wav")).vocal_channel] += 1
    assert read == {"speech": 1440, "song": 1012}
    assert read["speech"] == CARD.clips


@given(st.tuples(*map(st.sampled_from, map(sorted, FIELDS))))
def test_every_name_made_by_the_rules_is_read_back_or_is_of_no_recording(codes: tuple[str, ...]) -> None:
    modality, channel, emotion, intensity, statement, repetition, actor = codes
    video = modality == "02"
    strong_neutral = emotion == "01" and intensity == "02"
    no_song = channel == "02" and (emotion in {"07", "08"} or actor == "18")
    path = PurePath("-".join(codes) + ".wav")
    if video or strong_neutral or no_song:
        with pytest.raises(InputError, match=r"video without sound|RAVDESS has no"):
            read_labels(path)
        return
    labels = read_labels(path)
    assert (labels.vocal_channel, labels.emotion) == (VOCAL_CHANNELS[channel], EMOTIONS[emotion])
    assert (labels.intensity, labels.statement) == (INTENSITIES[intensity], STATEMENTS[statement])
    assert (labels.repetition, labels.speaker, labels.gender) == (REPETITIONS[repetition], actor, ACTORS[actor])


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no recordings in {REAL}")
def test_every_published_name_of_speech_is_read() -> None:
    labels = {path: read_labels(path) for path in REAL.rglob("*.flac")}
    assert len(labels) == 1440
    assert all(path.parent.name == f"Actor_{one.speaker}" for path, one in labels.items())
    assert {one.vocal_channel for one in labels.values()} == {"speech"}
    assert Counter(one.emotion for one in labels.values()) == dict.fromkeys(EMOTIONS.values(), 192) | {"neutral": 96}
    assert Counter(one.gender for one in labels.values()) == {"female": 720, "male": 720}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("03-01-09-01-01-01-01", r"emotion code 09 is not a RAVDESS code \(01 to 08\)"),
        ("03-01-01-01-01-01-25", r"actor code 25 is not a RAVDESS code \(01 to 24\)"),
        ("03-01-01-01-01-01", "expected seven RAVDESS codes"),
        ("3-1-1-1-1-1-1", "modality code 3 is not"),
        ("02-01-03-01-01-01-01", "video without sound"),
        ("03-01-01-02-01-01-01", "no strong neutral"),
        ("03-02-07-01-01-01-01", "emotion code 07: RAVDESS has no disgust song"),
        ("03-02-08-01-01-01-01", "emotion code 08: RAVDESS has no surprised song"),
        ("03-02-03-01-01-01-18", "actor code 18: RAVDESS has no songs by this actor"),
        ("OAF_back_angry", "expected seven RAVDESS codes"),
    ],
)
def test_an_impossible_name_says_why(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_labels(PurePath(f"{name}.wav"))
