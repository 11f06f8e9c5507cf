import csv
from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser.errors import InputError
from tests.conftest import CORPORA
from tests.ser.corpora.rules import means, reader

read_labels = reader("crema_d")
EMOTIONS, INTENSITIES, STATEMENTS = (means("crema_d", group) for group in ("emotion", "intensity", "statement"))
REAL = CORPORA / "crema_d" / "VideoDemographics.csv"


def read_demographics() -> dict[str, tuple[str, str]]:
    ages = means("crema_d", "speaker", "age")
    return {actor: (gender, ages[actor]) for actor, gender in means("crema_d", "speaker", "gender").items()}


def test_a_name_is_read_field_by_field() -> None:
    labels = read_labels(PurePath("AudioWAV/1001_IEO_FEA_HI.wav"))
    assert (labels.emotion, labels.speaker, labels.gender, labels.age) == ("fearful", "1001", "male", "51")
    assert (labels.vocal_channel, labels.intensity, labels.language) == ("speech", "high", "en")
    assert labels.statement == "It's eleven o'clock"


@pytest.mark.parametrize(("code", "intensity"), [("LO", "low"), ("MD", "medium"), ("HI", "high"), ("XX", "")])
def test_every_intensity_code_means_what_the_corpus_says(code: str, intensity: str) -> None:
    assert read_labels(PurePath(f"1091_IEO_SAD_{code}.wav")).intensity == intensity


@pytest.mark.parametrize(
    ("code", "emotion"),
    [
        ("ANG", "angry"),
        ("DIS", "disgust"),
        ("FEA", "fearful"),
        ("HAP", "happy"),
        ("NEU", "neutral"),
        ("SAD", "sad"),
    ],
)
def test_every_emotion_code_means_what_the_corpus_says(code: str, emotion: str) -> None:
    assert read_labels(PurePath(f"1002_DFA_{code}_XX.wav")).emotion == emotion


def test_actors_are_as_published_43_women_and_48_men_aged_20_to_74() -> None:
    actors = read_demographics()
    assert list(actors) == [str(number) for number in range(1001, 1092)]
    genders = [gender for gender, _ in actors.values()]
    assert (genders.count("female"), genders.count("male")) == (43, 48)
    ages = [int(age) for _, age in actors.values()]
    assert (min(ages), max(ages)) == (20, 74)


@pytest.mark.skipif(not REAL.is_file(), reason=f"no {REAL}")
def test_the_demographics_are_those_of_the_published_file() -> None:
    with REAL.open(encoding="utf-8", newline="") as file:
        published = {row["ActorID"]: (row["Sex"].lower(), row["Age"]) for row in csv.DictReader(file)}
    assert read_demographics() == published


@given(
    st.integers(1001, 1091),
    st.sampled_from(sorted(STATEMENTS)),
    st.sampled_from(sorted(EMOTIONS)),
    st.sampled_from(sorted(INTENSITIES)),
)
def test_every_name_made_by_the_rules_is_read_back(actor: int, statement: str, emotion: str, intensity: str) -> None:
    labels = read_labels(PurePath(f"{actor}_{statement}_{emotion}_{intensity}.wav"))
    assert (labels.speaker, labels.statement) == (str(actor), STATEMENTS[statement])
    assert (labels.emotion, labels.intensity) == (EMOTIONS[emotion], INTENSITIES[intensity])


def test_the_published_name_that_lacks_a_letter_is_of_no_stated_intensity() -> None:
    misspelt = read_labels(PurePath("1040_ITH_SAD_X.wav"))
    assert misspelt == read_labels(PurePath("1040_ITH_SAD_XX.wav"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("1001_DFA_ANG", "expected actor, sentence, emotion and intensity"),
        ("1001_DFA_ANG_XX_2", "expected actor, sentence, emotion and intensity"),
        ("1000_DFA_ANG_XX", r"actor 1000 is not a CREMA-D actor \(1001 to 1091\)"),
        ("1092_DFA_ANG_XX", r"actor 1092 is not a CREMA-D actor \(1001 to 1091\)"),
        ("1001_ABC_ANG_XX", "sentence code ABC is not a CREMA-D code"),
        ("1001_DFA_SUR_XX", "emotion code SUR is not a CREMA-D code"),
        ("1001_DFA_ANG_X", "intensity code X is not a CREMA-D code"),
    ],
)
def test_an_impossible_name_says_why(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_labels(PurePath(f"{name}.wav"))
