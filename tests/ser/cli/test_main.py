import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import TOP


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("arguments", [["--help"], ["predict", "--help"], ["corpora", "list", "--help"], ["--version"]])
def test_a_help_that_cannot_be_written_is_one_line(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ser", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=TOP,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr
