import csv
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ser.corpora.custom import CARD, open_reader, read_table
from ser.corpora.labels import Labels
from ser.errors import InputError
from ser.params import CustomParams, validated
from tests.conftest import write_clip

NO_CSV = CustomParams(csv="", path="", emotion="", speaker="", gender="", age="", language="")
LABELS = CustomParams(
    csv="labels.csv",
    path="file",
    emotion="feeling",
    speaker="who",
    gender="sex",
    age="years",
    language="lang",
)
TWO_COLUMNS = CustomParams(csv="labels.csv", path="path", emotion="emotion", speaker="", gender="", age="", language="")
HEADER = ["file", "feeling", "who", "sex", "years", "lang"]

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")


def write_csv(folder: Path, *rows: list[str], encoding: str = "utf-8") -> Path:
    with (folder / "labels.csv").open("w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows(rows)
    return folder


def write_paths(folder: Path, *paths: str) -> Path:
    return write_csv(folder, ["path", "emotion"], *([path, "happy"] for path in paths))


def test_a_row_is_read_field_by_field(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "day 1" / "take.wav", seed=0)
    write_csv(tmp_path, HEADER, ["day 1/take.wav", " Happy ", " Anna ", "w", "31.0", "DE"])
    assert open_reader(tmp_path, LABELS)(path) == Labels(
        emotion="happy", gender="female", speaker="Anna", age="31", language="de"
    )


def test_columns_that_are_not_mapped_are_not_read(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.wav", seed=0)
    write_csv(tmp_path, ["speaker", "emotion", "notes", "path"], ["Anna", "sad", "x", "a.wav"])
    assert open_reader(tmp_path, TWO_COLUMNS)(path) == Labels(emotion="sad", gender="", speaker="")


def test_a_table_as_excel_on_windows_writes_it_is_read(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "Müller" / "a.wav", seed=0)
    write_csv(tmp_path, ["path", "emotion"], ["Müller\\a.wav", "sad"], [], encoding="utf-8-sig")
    assert open_reader(tmp_path, TWO_COLUMNS)(path).emotion == "sad"


@pytest.mark.parametrize(
    ("written", "gender"),
    [
        ("f", "female"),
        ("Female", "female"),
        ("W", "female"),
        ("weiblich", "female"),
        ("m", "male"),
        (" MALE ", "male"),
        ("männlich", "male"),
        ("", ""),
        (" ", ""),
    ],
)
def test_genders_are_brought_to_one_spelling(tmp_path: Path, written: str, gender: str) -> None:
    path = write_clip(tmp_path / "a.wav", seed=0)
    write_csv(tmp_path, HEADER, ["a.wav", "sad", "1", written, "", ""])
    assert open_reader(tmp_path, LABELS)(path).gender == gender


names = st.text("abcdefghijklmnopqrstuvwxyzäöü 0123456789,'\"", min_size=1, max_size=12).filter(
    lambda text: text == text.strip()
)
words = st.text("abcdefghijklmnopqrstuvwxyzäöü,'\"", min_size=1, max_size=12)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(names, st.tuples(words, words, st.integers(0, 130)), min_size=1, max_size=4))
def test_every_row_is_read_back(rows: dict[str, tuple[str, str, int]]) -> None:
    with TemporaryDirectory() as top:
        folder = Path(top)
        for name in rows:
            (folder / f"{name}.wav").touch()
        write_csv(
            folder,
            HEADER,
            *([f"{name}.wav", emotion, f"s.{who}", "f", str(age), "en"] for name, (emotion, who, age) in rows.items()),
        )
        read = open_reader(folder, LABELS)
        for name, (emotion, who, age) in rows.items():
            assert read(folder / f"{name}.wav") == Labels(
                emotion=emotion, gender="female", speaker=f"s.{who}", age=str(age), language="en"
            )


def test_a_recording_that_the_table_does_not_name_is_refused(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.wav", seed=0)
    path = write_clip(tmp_path / "b.wav", seed=1)
    with pytest.raises(InputError, match=r"^not in labels\.csv$"):
        open_reader(write_paths(tmp_path, "a.wav"), TWO_COLUMNS)(path)


def test_rows_without_a_recording_are_counted_and_the_first_named(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.wav", seed=0)
    write_paths(tmp_path, "a.wav", *(f"{number}.wav" for number in range(5)))
    with pytest.raises(
        InputError, match=r"5 of its 6 recordings are not in the folder: '0\.wav', '1\.wav', '2\.wav', \.\.\."
    ):
        open_reader(tmp_path, TWO_COLUMNS)


@pytest.mark.parametrize("path", ["../secret.wav", "/etc/passwd", "a/../../secret.wav", "a/../b.wav", "..\\secret.wav"])
def test_a_path_may_not_climb_out_of_the_folder(tmp_path: Path, path: str) -> None:
    write_clip(tmp_path / "secret.wav", seed=0)
    folder = tmp_path / "corpus"
    folder.mkdir()
    with pytest.raises(InputError, match="line 2: expected a path below the folder, found"):
        open_reader(write_paths(folder, path), TWO_COLUMNS)


@needs_links
@pytest.mark.parametrize("path", ["link.wav", "session/a.wav"])
def test_recordings_behind_a_link_may_be_named(tmp_path: Path, path: str) -> None:
    elsewhere = write_clip(tmp_path / "elsewhere" / "a.wav", seed=0)
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "link.wav").symlink_to(elsewhere)
    (folder / "session").symlink_to(elsewhere.parent, target_is_directory=True)
    assert open_reader(write_paths(folder, path), TWO_COLUMNS)(folder / path).emotion == "happy"


@needs_links
def test_a_file_beyond_a_link_that_leads_up_is_not_in_the_folder(tmp_path: Path) -> None:
    write_clip(tmp_path / "secret.wav", seed=0)
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(InputError, match=r"not in the folder: 'up/secret\.wav'"):
        open_reader(write_paths(folder, "up/secret.wav"), TWO_COLUMNS)


@needs_links
def test_the_table_may_be_a_link(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "corpus" / "a.wav", seed=0)
    write_paths(tmp_path, "a.wav")
    (path.parent / "labels.csv").symlink_to(tmp_path / "labels.csv")
    assert open_reader(path.parent, TWO_COLUMNS)(path).emotion == "happy"


@needs_links
def test_a_corpus_that_is_itself_a_link_is_read(tmp_path: Path) -> None:
    write_clip(tmp_path / "disk" / "a.wav", seed=0)
    write_paths(tmp_path / "disk", "a.wav")
    folder = tmp_path / "corpus"
    folder.symlink_to(tmp_path / "disk", target_is_directory=True)
    assert open_reader(folder, TWO_COLUMNS)(folder / "a.wav").emotion == "happy"


@needs_links
def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").symlink_to("a.wav")
    with pytest.raises(InputError, match=r"'a\.wav'"):
        open_reader(write_paths(tmp_path, "a.wav"), TWO_COLUMNS)


pieces = st.sampled_from(["..", ".", "/", "\\", "a.wav", "secret.wav", "corpus", "labels.csv", "~", "\0", " "])


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])) | st.lists(pieces, max_size=8).map("".join))
def test_no_path_whatever_is_taken_unless_it_is_a_file_of_the_folder(text: str) -> None:
    with TemporaryDirectory() as top:
        Path(top, "secret.wav").touch()
        folder = Path(top).resolve() / "corpus"
        folder.mkdir()
        (folder / "a.wav").touch()
        try:
            table, _ = read_table(write_paths(folder, text), TWO_COLUMNS)
        except InputError:
            return
        assert set(table) in ({folder / "a.wav"}, {folder / "labels.csv"})


@pytest.mark.parametrize("path", ["", ".", "a\0.wav", "a" * 5000])
def test_what_is_no_path_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match=r"labels\.csv: "):
        open_reader(write_paths(tmp_path, path), TWO_COLUMNS)


def test_a_recording_that_stands_twice_is_refused(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.wav", seed=0)
    with pytest.raises(InputError, match=r"line 3: '\./a\.wav' stands in an earlier line, too"):
        open_reader(write_paths(tmp_path, "a.wav", "./a.wav"), TWO_COLUMNS)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["a.wav", " ", "1", "f", "", ""], "line 2: expected an emotion, found none"),
        (["a.wav", "sad", "1", "f", "old", ""], "line 2: expected an age in years, or nothing, found 'old'"),
        (["a.wav", "sad", "1", "f", "-3", ""], "line 2: expected an age in years, or nothing, found '-3'"),
        (["a.wav", "sad", "1", "f", "1e9", ""], "line 2: expected an age in years, or nothing, found '1e9'"),
        (["a.wav", "sad"], "line 2: expected 6 values, found 2"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(tmp_path: Path, row: list[str], message: str) -> None:
    write_clip(tmp_path / "a.wav", seed=0)
    with pytest.raises(InputError, match=message):
        open_reader(write_csv(tmp_path, HEADER, row), LABELS)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_table_is_read_as_spreadsheets_write_it(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = write_clip(tmp_path / "Müller, Ä;ß" / "a.wav", seed=0)
    rows = [HEADER, ["Müller, Ä;ß/a.wav", "Traurig, sehr", "Müller", "w", "31,5", "DE"], [""] * 6]
    with (tmp_path / "labels.csv").open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    reader = open_reader(tmp_path, LABELS)
    assert reader.notes == ()
    assert reader(path) == Labels(emotion="traurig, sehr", gender="female", speaker="Müller", age="31.5", language="de")


def test_the_line_with_which_excel_names_the_delimiter_is_read(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.wav", seed=0)
    (tmp_path / "labels.csv").write_bytes(b"sep=;\r\npath;emotion\r\na.wav;sad\r\nb.wav\r\n")
    with pytest.raises(InputError, match="line 4: expected 2 values, found 1"):
        open_reader(tmp_path, TWO_COLUMNS)
    (tmp_path / "labels.csv").write_bytes(b"sep=;\r\npath;emotion\r\na.wav;sad\r\n")
    assert open_reader(tmp_path, TWO_COLUMNS)(path).emotion == "sad"


def test_text_that_is_taken_for_windows_s_is_said_to_be(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "Müller.wav", seed=0)
    write_csv(tmp_path, ["path", "emotion"], ["Müller.wav", "sad"], encoding="cp1252")
    reader = open_reader(tmp_path, TWO_COLUMNS)
    assert reader(path).emotion == "sad"
    (note,) = reader.notes
    assert note.endswith(
        "labels.csv (taken for Windows-1252 text): if names with accents are wrong, save it as 'CSV UTF-8'"
    )
    write_csv(tmp_path, ["path", "emotion"], ["Мюллер.wav", "sad"], encoding="cp1251")
    with pytest.raises(
        InputError, match=r"\(taken for Windows-1252 text\): 1 of its 1 recordings are not in the folder"
    ):
        open_reader(tmp_path, TWO_COLUMNS)


@pytest.mark.parametrize(("on_disk", "in_table"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_are_the_same_composed_or_not(tmp_path: Path, on_disk: str, in_table: str) -> None:
    path = write_clip(tmp_path / normalize(on_disk, "Müller") / "ä.wav", seed=0)  # type: ignore[arg-type]
    write_paths(tmp_path, normalize(in_table, "Müller/ä.wav"))  # type: ignore[arg-type]
    assert open_reader(tmp_path, TWO_COLUMNS)(path).emotion == "happy"
    assert open_reader(tmp_path, NO_CSV)(path).emotion == normalize("NFC", "müller")


def test_what_is_odd_about_speakers_and_genders_is_noted(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.wav", seed=0)
    write_clip(tmp_path / "b.wav", seed=1)
    write_csv(tmp_path, HEADER, ["a.wav", "sad", "01", "0", "n/a", ""], ["b.wav", "sad", "1.0", "F", "", "-"])
    reader = open_reader(tmp_path, LABELS)
    assert reader(path) == Labels(emotion="sad", gender="", speaker="01")
    assert [note.partition("labels.csv: ")[2] for note in reader.notes] == [
        "age: 1 row without one: 'n/a' (1)",
        "language: 1 row without one: '-' (1)",
        "gender: 1 row with neither female nor male: '0' (1); write one of the two wherever it is known",
        "speakers '01', '1.0' are taken for one, '01'",
    ]


def test_an_unknown_column_lists_those_there_are(tmp_path: Path) -> None:
    write_csv(tmp_path, ["path", "label"])
    with pytest.raises(InputError, match=r"no column 'emotion' \(.* ingest\.custom\.emotion\), found path, label"):
        open_reader(tmp_path, TWO_COLUMNS)


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    write_csv(tmp_path, ["path", "emotion", "emotion"])
    with pytest.raises(InputError, match="two columns 'emotion'"):
        open_reader(tmp_path, TWO_COLUMNS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column 'path'"),
        (b"path,emotion\n\x81.wav,sad\n", "not a CSV table: neither UTF-8, UTF-16 nor Windows-1252 text: save it as"),
        (b"PK\x03\x04\x14\0\x06\0", "not a CSV table but a spreadsheet or another archive: save it as 'CSV UTF-8'"),
        (b'path,emotion\n"a.wav,sad\n', "not a CSV table: unexpected end of data"),
        (b"path,emotion\n" + b"a" * 200_000 + b",sad\n", "not a CSV table: field larger than field limit"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        open_reader(tmp_path, TWO_COLUMNS)


def test_a_table_that_is_not_there_names_the_parameter(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"labels\.csv: no such file \(params\.yaml: ingest\.custom\.csv\)"):
        open_reader(tmp_path, TWO_COLUMNS)


def test_without_a_table_the_first_folder_is_the_emotion(tmp_path: Path) -> None:
    read = open_reader(tmp_path, NO_CSV)
    assert read(write_clip(tmp_path / "Angry" / "a.wav", seed=0)) == Labels(emotion="angry", gender="", speaker="")
    assert read(write_clip(tmp_path / "sad" / "Anna" / "a.wav", seed=1)).emotion == "sad"


def test_without_a_table_a_recording_in_no_sub_folder_is_refused(tmp_path: Path) -> None:
    read = open_reader(tmp_path / "corpus", NO_CSV)
    with pytest.raises(InputError, match="expected one sub-folder per emotion"):
        read(tmp_path / "corpus" / "a.wav")
    with pytest.raises(InputError, match="expected a recording below"):
        read(tmp_path / "elsewhere" / "angry" / "a.wav")


def test_the_folder_may_be_given_relative_and_the_recording_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "corpus" / "angry" / "a.wav", seed=0)
    write_paths(tmp_path / "corpus", "angry/a.wav")
    monkeypatch.chdir(tmp_path)
    assert open_reader(Path("corpus"), NO_CSV)(path).emotion == "angry"
    assert open_reader(Path("corpus"), TWO_COLUMNS)(path).emotion == "happy"
    assert open_reader(path.parents[1], TWO_COLUMNS)(Path(os.path.relpath(path))).emotion == "happy"


def test_without_parameters_the_reader_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"needs ingest\.custom in params\.yaml"):
        CARD.open_reader(tmp_path, None)


def test_a_table_whose_path_and_emotion_are_not_named_is_refused() -> None:
    values = dict.fromkeys(CustomParams.model_fields, "") | {"csv": "labels.csv", "path": "path"}
    with pytest.raises(InputError, match=r"the columns of labels\.csv that hold path and emotion must be named"):
        validated(CustomParams, values, "params.yaml")
