import os
import sys
from pathlib import Path

import pytest

from ser.errors import InputError
from ser.walking import walk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")


def touch(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).touch()


def found(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in walk(folder)]


def link(place: Path, target: Path | str) -> None:
    place.symlink_to(target, target_is_directory=True)


def test_files_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    touch(tmp_path, "b/1", "a b/1", "a/2", "a/1", "c", ".hidden/1")
    assert found(tmp_path) == [".hidden/1", "a/1", "a/2", "a b/1", "b/1", "c"]
    assert walk(tmp_path) == sorted(path for path in tmp_path.rglob("*") if path.is_file())


def test_linked_folders_are_followed_and_keep_their_path(tmp_path: Path) -> None:
    touch(tmp_path, "disk/one/deep/1", "disk/two/2", "corpus/0")
    link(tmp_path / "corpus/one", tmp_path / "disk/one")
    link(tmp_path / "disk/one/deep/two", "../../two")  # a link behind a link
    assert found(tmp_path / "corpus") == ["0", "one/deep/1", "one/deep/two/2"]


def test_every_real_folder_comes_once_and_rather_without_links(tmp_path: Path) -> None:
    touch(tmp_path, "corpus/real/1", "corpus/real/deep/2", "disk/3", "disk/deep/4")
    link(tmp_path / "corpus/a", "real")
    link(tmp_path / "corpus/b", "real/deep")
    link(tmp_path / "corpus/x", tmp_path / "disk/deep")
    link(tmp_path / "corpus/y", tmp_path / "disk")
    link(tmp_path / "corpus/z", tmp_path / "disk")
    assert found(tmp_path / "corpus") == ["real/1", "real/deep/2", "x/4", "y/3"]


def test_a_link_that_leads_up_is_not_followed(tmp_path: Path) -> None:
    touch(tmp_path, "corpus/a/1", "secret", "disk/b/2", "disk/3")
    link(tmp_path / "corpus/itself", ".")
    link(tmp_path / "corpus/a/up", "..")
    link(tmp_path / "corpus/a/above", "../..")
    link(tmp_path / "corpus/disk", tmp_path / "disk/b")
    link(tmp_path / "disk/b/up", "..")
    link(tmp_path / "disk/b/back", tmp_path / "corpus")
    assert found(tmp_path / "corpus") == ["a/1", "disk/2"]


def test_links_to_files_are_files_and_those_that_lead_nowhere_are_not_lost(tmp_path: Path) -> None:
    touch(tmp_path, "corpus/a", "elsewhere")
    link(tmp_path / "corpus/b", "../elsewhere")
    link(tmp_path / "corpus/gone", "nowhere")
    link(tmp_path / "corpus/round", "round")
    assert found(tmp_path / "corpus") == ["a", "b", "gone", "round"]


def test_a_pipe_is_no_file_of_a_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a")
    os.mkfifo(tmp_path / "pipe.wav")
    assert found(tmp_path) == ["a"]


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    touch(tmp_path, "disk/a/1")
    link(tmp_path / "corpus", "disk")
    assert found(tmp_path / "corpus") == ["a/1"]


def test_a_relative_folder_gives_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "corpus/a/1")
    monkeypatch.chdir(tmp_path)
    assert walk(Path("corpus")) == walk(Path("./corpus/")) == [Path("corpus/a/1")]
    assert walk(Path()) == [Path("corpus/a/1")]


def test_what_cannot_be_listed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="nowhere: this folder cannot be listed: No such file or directory"):
        walk(tmp_path / "nowhere")
    touch(tmp_path, "open/1", "closed/2")
    scandir = os.scandir

    def refuse(path: str) -> object:  # as root, no mode of a folder does
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match="closed: this folder cannot be listed: Permission denied"):
        walk(tmp_path)
