"""Temporary files of services that were killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ser.app.scratch import PREFIX, Scratch


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


KILLED = """
import os, signal
from ser.app.scratch import Scratch
scratch = Scratch()
(scratch.path / "a").touch()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_service_left_is_removed_by_the_next(folder: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED], env=os.environ | {"TMPDIR": str(folder)}, check=False)
    assert [path.name for path in folder.glob(f"{PREFIX}*/*")] == ["a"]
    scratch = Scratch()
    assert list(folder.iterdir()) == [scratch.path]
    scratch.remove()
    assert list(folder.iterdir()) == []


def test_what_another_service_uses_stays(folder: Path) -> None:
    first, second = Scratch(), Scratch()
    assert first.path.is_dir()
    second.remove()
    assert first.path.is_dir()
    first.remove()


def test_what_is_no_service_s_folder_stays(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/a").touch()
    (folder / f"{PREFIX}link").symlink_to(tmp_path / "elsewhere")
    (folder / f"{PREFIX}file").touch()
    (folder / "ser-other").mkdir()
    Scratch().remove()
    assert len(list(folder.iterdir())) == 3
    assert (tmp_path / "elsewhere/a").exists()
