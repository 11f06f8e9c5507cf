import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from ser.errors import InputError
from ser.storage import keep_apart, read_json, read_table, replacing, replacing_folder, write_json, write_table
from tests.conftest import limited_files


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


def replace_folder(target: Path, *owned: str) -> None:
    with replacing_folder(target, owned) as sibling:
        (sibling / "fresh").write_text("")


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "features"
    (target / "older").mkdir(parents=True)
    (target / "older" / "stale").write_text("")
    replace_folder(target, "fresh", "*/stale")
    assert [path.name for path in target.iterdir()] == ["fresh"]
    assert list(tmp_path.iterdir()) == [target]
    replace_folder(target, "fresh")


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("stranger", ["stranger", "sub/fresh", "fresh.bak", ".git/config"])
def test_a_folder_that_holds_anything_else_is_left_as_it_is(tmp_path: Path, stranger: str) -> None:
    target = tmp_path / "data"
    for name in ("fresh", stranger):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(name)
    with pytest.raises(InputError, match=f"data: holds {re.escape(stranger)}, which this command does not write"):
        replace_folder(target, "fresh")
    assert contents(tmp_path) == {"data/fresh": "fresh", f"data/{stranger}": stranger}


def test_what_comes_into_a_folder_while_it_is_made_anew_stays(tmp_path: Path) -> None:
    target = tmp_path / "data"
    target.mkdir()

    def work() -> None:
        with replacing_folder(target, ["fresh"]) as sibling:
            (sibling / "fresh").write_text("")
            (target / "notes").write_text("mine")

    with pytest.raises(InputError, match="holds notes"):
        work()
    assert contents(tmp_path) == {"data/notes": "mine"}


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "fresh").write_text("mine")
    target = tmp_path / "data"
    target.mkdir()
    (target / "link").symlink_to(tmp_path / "corpus")
    with pytest.raises(InputError, match="holds link"):
        replace_folder(target, "fresh", "*/fresh")
    replace_folder(target, "link")  # as DVC links what it has cached
    assert contents(tmp_path) == {"corpus/fresh": "mine", "data/fresh": ""}


def test_behind_a_link_the_folder_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    disk, link = tmp_path / "disk" / "features", tmp_path / "features"
    disk.mkdir(parents=True)
    (disk / "stale").write_text("")
    link.symlink_to(disk)
    replace_folder(link, "stale")
    assert link.readlink() == disk
    assert contents(disk.parent) == {"features/fresh": ""}


@pytest.mark.parametrize("target", [".", "..", "../here", "/"])
def test_the_folder_that_a_command_runs_in_is_not_replaced(
    tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(InputError, match="found the one that this runs in"):
        replace_folder(Path(target), "*")
    assert Path.cwd().exists()


def test_a_file_is_no_folder_and_a_folder_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="file: expected a folder, found a file"):
        replace_folder(tmp_path / "file", "*")
    with pytest.raises(InputError, match="folder: expected a file, found a folder"):
        write_json({}, tmp_path / "folder")
    assert contents(tmp_path) == {"file": "mine"}


@pytest.mark.parametrize("name", ["call.wav", "params.yaml", "Makefile", "model.onnx"])
def test_a_file_of_another_kind_is_not_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    for write in (lambda path: write_json({}, path), lambda path: write_table(pd.DataFrame({"a": [1]}), path)):
        with pytest.raises(InputError, match=r"is there, and no \.(json|csv) file; it was not written over"):
            write(tmp_path / name)
    assert contents(tmp_path) == {name: "mine"}


def test_an_empty_file_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "tmp.x1").touch()  # as mktemp makes it
    write_json({}, tmp_path / "tmp.x1")
    assert contents(tmp_path) == {"tmp.x1": "{}\n"}


def test_a_link_to_a_file_is_replaced_and_the_file_stays(tmp_path: Path) -> None:
    (tmp_path / "cached").write_text("of DVC")
    (tmp_path / "t.json").symlink_to("cached")
    write_json({}, tmp_path / "t.json")
    assert contents(tmp_path) == {"cached": "of DVC", "t.json": "{}\n"}
    assert not (tmp_path / "t.json").is_symlink()


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        read = pool.submit(pipe.read_text)
        write_json({"a": 1}, pipe)
        assert json.loads(read.result()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [pipe]
    assert pipe.is_fifo()


def test_a_device_stays_one() -> None:
    write_json({}, Path("/dev/null"))
    assert Path("/dev/null").is_char_device()


def test_what_the_disk_says_names_the_target(tmp_path: Path) -> None:
    write_json({"a": 1}, tmp_path / "m.json")
    with pytest.raises(OSError, match="File too large") as caught, limited_files(1_000):
        write_json({"a": "b" * 10_000}, tmp_path / "m.json")
    assert caught.value.filename == str(tmp_path / "m.json")
    assert contents(tmp_path) == {"m.json": '{\n  "a": 1\n}\n'}


def test_a_folder_that_cannot_be_written_to_names_the_target(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError) as caught:
        write_json({}, tmp_path / "m.json")
    assert caught.value.filename == str(tmp_path / "m.json")


KILLED = """
import os, signal, sys
from pathlib import Path
from ser.storage import replacing_folder

with replacing_folder(Path(sys.argv[1]), ["array"]) as sibling:
    (sibling / "array").write_text("half")
    print("written", flush=True)
    signal.pause()
"""


def test_what_a_killed_run_left_is_swept_and_what_lives_is_not(tmp_path: Path) -> None:
    target = tmp_path / "features"
    mine = [".features.bak", ".features.ser-notebook", ".features.ser-12345678", ".features.other.ser-12345678"]
    for name in mine:
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes").write_text("mine")
    runs = [subprocess.Popen([sys.executable, "-c", KILLED, str(target)], stdout=subprocess.PIPE) for _ in range(2)]
    try:
        for run in runs:
            assert run.stdout is not None
            assert run.stdout.readline() == b"written\n"
        assert len(set(tmp_path.glob(".features.ser-????????"))) == 2 + 2
        runs[0].kill()
        runs[0].wait()
        replace_folder(target, "fresh")
        halves = [path for path in tmp_path.rglob("array") if path.read_text() == "half"]
        assert len(halves) == 1  # of the run that goes on
        runs[1].kill()
        runs[1].wait()
        replace_folder(target, "fresh")
    finally:
        for run in runs:
            run.kill()
            run.communicate()
    assert {path.name for path in tmp_path.iterdir()} == {"features", *mine}


def test_what_is_read_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.csv").write_text("")
    for written in ([tmp_path / "labels.csv"], [Path("./a/../labels.csv")], [Path("a.csv"), None, Path("a.csv")]):
        with pytest.raises(InputError, match=r"\.csv: named twice"):
            keep_apart([Path("labels.csv")], written)
    keep_apart([Path("labels.csv")], [Path("a.csv"), None, Path("/dev/null"), Path("/dev/null")])


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
