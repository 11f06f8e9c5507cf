from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser import corpora
from ser.errors import InputError
from tests.conftest import CORPORA
from tests.ser.corpora.rules import means, reader

CARD, read_labels = corpora.CORPORA["tess"], reader("tess")
AGES, EMOTIONS = means("tess", "speaker", "age"), means("tess", "emotion")
REAL = CORPORA / "tess"
WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=10)


def test_a_name_is_read_field_by_field() -> None:
    labels = read_labels(PurePath("tess/OAF_back_fear.wav"))
    assert (labels.emotion, labels.speaker, labels.gender, labels.age) == ("fearful", "OAF", "female", "64")
    assert (labels.vocal_channel, labels.intensity, labels.language) == ("speech", "", "en")
    assert labels.statement == "Say the word back"


def test_the_younger_actress_is_26() -> None:
    assert read_labels(PurePath("YAF_back_fear.wav")).age == "26"


def test_ps_is_pleasant_surprise() -> None:
    assert read_labels(PurePath("YAF_youth_ps.wav")).emotion == "surprised"


@given(st.sampled_from(sorted(AGES)), WORDS, st.sampled_from(sorted(EMOTIONS)))
def test_every_name_made_by_the_rules_is_read_back(speaker: str, word: str, emotion: str) -> None:
    labels = read_labels(PurePath(f"{speaker}_{word}_{emotion}.wav"))
    assert (labels.speaker, labels.statement, labels.emotion) == (speaker, f"Say the word {word}", EMOTIONS[emotion])


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("OAF_Fear", "OAF_back_fear.wav"),
        ("oaf_fear", "OAF_back_fear.wav"),
        ("OAF_FEAR", "OAF_back_fear.wav"),
        ("tess", "OAF_back_fear.wav"),
        ("OAF_everything", "OAF_back_fear.wav"),
        ("", "oaf_Back_FEAR.WAV"),
    ],
)
def test_layout_and_capitalisation_do_not_matter(folder: str, name: str) -> None:
    assert read_labels(PurePath(folder, name)) == read_labels(PurePath("OAF_back_fear.wav"))


@pytest.mark.parametrize("folder", ["OAF_Pleasant_surprise", "OAF_pleasant_surprised", "OAF_Pleasant-Surprise"])
def test_the_folders_of_pleasant_surprise_agree_with_ps(folder: str) -> None:
    assert read_labels(PurePath(folder, "OAF_back_ps.wav")).emotion == "surprised"


def test_the_published_name_that_lacks_a_letter_is_of_the_older_actress() -> None:
    labels = read_labels(PurePath("OAF_neutral/OA_bite_neutral.wav"))
    assert (labels.speaker, labels.emotion) == ("OAF", "neutral")


@pytest.mark.parametrize("folder", ["OAF_Sad", "YAF_fear"])
def test_a_folder_that_contradicts_the_name_is_refused(folder: str) -> None:
    with pytest.raises(InputError, match=f"the name says OAF and fearful, the folder '{folder}' says otherwise"):
        read_labels(PurePath(folder, "OAF_back_fear.wav"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("OAF_back", "expected speaker, word and emotion"),
        ("OAF_back_fear_2", "expected speaker, word and emotion"),
        ("03-01-06-01-02-01-12", "expected speaker, word and emotion"),
        ("MAF_back_fear", r"speaker MAF is not a TESS speaker \(OAF or YAF\)"),
        ("OAF_back_calm", "emotion calm is not a TESS emotion"),
    ],
)
def test_an_impossible_name_says_why(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_labels(PurePath(f"{name}.wav"))


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no recordings in {REAL}")
def test_every_published_name_is_read_and_agrees_with_its_folder() -> None:
    read = CARD.open_reader(REAL, None)
    paths = sorted(REAL.rglob("*.flac"))
    labels = [read(path) for path in paths]
    assert len(labels) == 700
    assert len({one.statement for one in labels}) == 50
    for path, one in zip(paths, labels, strict=True):
        assert path.parent.name.startswith(one.speaker)
    counts = {(speaker, emotion): 0 for speaker in AGES for emotion in EMOTIONS.values()}
    for one in labels:
        counts[one.speaker, one.emotion] += 1
    assert set(counts.values()) == {50}


def test_a_reader_needs_no_folder_and_no_parameters() -> None:
    assert CARD.open_reader(Path("nowhere"), None)(Path("OAF_back_fear.wav")).emotion == "fearful"
