from unicodedata import normalize

import pytest

from ser.corpora.people import tidy

PLAIN = {"path": "a.wav", "emotion": "sad", "speaker": "", "gender": "", "age": "", "language": ""}


def tidied(field: str, *texts: str) -> tuple[list[str], list[str]]:
    rows, notes = tidy([PLAIN | {field: text} for text in texts])
    return [row[field] for row in rows], notes


@pytest.mark.parametrize(
    "spellings",
    [
        ("1", "01", "1.0", "1,0", "001.00", " 1 "),
        ("S01", "s1", "S 1", "S001"),
        ("Anna B", "anna b", " Anna  B ", "AnnaB", "Anna\xa0B"),
        (normalize("NFC", "Jürgen"), normalize("NFD", "Jürgen"), "JÜRGEN"),
    ],
)
def test_spellings_of_one_speaker_are_one(spellings: tuple[str, ...]) -> None:
    speakers, (note,) = tidied("speaker", *spellings, "somebody else")
    assert speakers == [spellings[0]] * len(spellings) + ["somebody else"]
    assert note.startswith("speakers ")
    assert note.endswith(f" are taken for one, {spellings[0]!r}")


def test_speakers_that_are_written_alike_stay_as_they_are() -> None:
    speakers = ["01", "10", "100", "1.5", "1.50", "A1", "B1", "1A", "11", "0", ""]
    assert tidied("speaker", *speakers, *speakers) == (speakers * 2, [])


def test_many_speakers_of_two_spellings_are_counted() -> None:
    _, notes = tidied("speaker", *(text for number in range(1, 6) for text in (f"{number}", f"0{number}")))
    assert len(notes) == 4
    assert notes[-1] == "and 2 more like that"


@pytest.mark.parametrize("field", ["speaker", "age", "language"])
@pytest.mark.parametrize("text", ["unknown", "N/A", "nan", "-", "None", "?"])
def test_what_says_that_nothing_is_known_is_empty_and_counted(field: str, text: str) -> None:
    assert tidied(field, text, "", text) == (["", "", ""], [f"{field}: 2 rows without one: '{text}' (2)"])


@pytest.mark.parametrize("text", ["unknown", "other", "n/a", "nan", "-", "0", "1", "x", "divers"])
def test_a_gender_that_is_neither_is_empty_and_counted(text: str) -> None:
    genders, (note,) = tidied("gender", "f", text, text, "M")
    assert genders == ["female", "", "", "male"]
    assert note == (
        f"gender: 2 rows with neither female nor male: '{text}' (2); write one of the two wherever it is known"
    )


def test_a_speaker_of_two_genders_is_noticed_even_if_each_spelling_has_one() -> None:
    rows = [PLAIN | {"speaker": who, "gender": sex} for who, sex in (("1", "f"), ("01", "m"), ("1", "f"), ("2", "m"))]
    _, notes = tidy(rows)
    assert notes[1:] == ["speaker '1' has two genders: female in 2 rows, male in 1 row"]
