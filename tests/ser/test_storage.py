import json
from pathlib import Path

import pandas as pd
import pytest

from ser.errors import InputError
from ser.storage import read_json, read_table, replacing, write_json, write_table


def test_a_failed_write_leaves_the_old_file_and_no_scratch(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")

    def interrupted() -> None:
        with replacing(target) as sibling:
            sibling.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "features"
    target.mkdir()
    (target / "stale").write_text("")
    with replacing(target) as sibling:
        sibling.mkdir()
        (sibling / "fresh").write_text("")
    assert [path.name for path in target.iterdir()] == ["fresh"]


def test_tables_have_unix_line_ends_and_come_back(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": ["NA", "a,b"], "number": [1, 2]})
    write_table(table, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == b'name,number\nNA,1\n"a,b",2\n'
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv", {"name": str, "number": int}), table)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name\nx\n", "expected a column 'number', found name"),
        (b"name,number\nx,three\n", "column 'number': expected int"),
        (b"name,number\nx,99999999999999999999\n", "column 'number': expected int"),
        (b"", "not a CSV table"),
        (b"\xff\xfe\x00", "not a CSV table"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(path, {"name": str, "number": int})


def test_what_utf_8_cannot_say_is_escaped_in_a_table(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"name": ["\udcff.wav"]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "name\n\\udcff.wav\n"


def test_json_refuses_what_dvc_would_take_in_silence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nan"):
        write_json({"uar": float("nan")}, tmp_path / "m.json")
    assert list(tmp_path.iterdir()) == []


def test_json_keeps_its_order(tmp_path: Path) -> None:
    write_json({"b": 1, "a": 2}, tmp_path / "m.json")
    assert list(json.loads((tmp_path / "m.json").read_text())) == ["b", "a"]


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "9" * 5000])
def test_damaged_or_missing_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(InputError, match="not JSON"):
        read_json(tmp_path / "m.json")
    with pytest.raises(InputError, match="no such file"):
        read_json(tmp_path / "n.json")
