"""What `make` does besides calling the tools."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import TOP


@pytest.mark.parametrize(("locks", "kept"), [("", False), ("{}", True)])
def test_an_empty_list_of_locks_is_removed_before_the_pipeline_runs(locks: str, kept: bool, tmp_path: Path) -> None:
    make = shutil.which("make")
    assert make
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(TOP / name, tmp_path)
    rwlock = tmp_path / ".dvc/tmp/rwlock"
    rwlock.parent.mkdir(parents=True)
    rwlock.write_text(locks)
    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    (programs / "python").touch()
    (programs / "dvc").write_text("#!/bin/sh\nls .dvc/tmp\n")
    (programs / "dvc").chmod(0o755)
    (tmp_path / ".venv/installed").touch()
    (tmp_path / ".dvc/plots").mkdir()
    (tmp_path / ".dvc/plots/vega.js").touch()
    plain = {"PATH": os.environ["PATH"]}  # `make test VENV=...` would hand its folder on to this make
    done = subprocess.run([make, "repro"], cwd=tmp_path, env=plain, capture_output=True, text=True, check=True)
    assert ("rwlock" in done.stdout.split()) == kept
