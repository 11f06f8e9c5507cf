"""The Dockerfile: read as Docker reads it, and run as far as is possible without Docker."""

import json
import re
import shutil
import subprocess
import venv
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from ser.app.settings import Settings
from tests.conftest import TOP
from tests.serving import running_service


class Instruction(NamedTuple):
    """A line of a Dockerfile: what is to be done, and with what."""

    name: str
    text: str


def instructions(text: str) -> list[Instruction]:
    """Split a Dockerfile as its reference says: comments go, and a line that ends with a backslash goes on."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [Instruction(name, rest) for name, _, rest in (line.strip().partition(" ") for line in joined.splitlines())]


DOCKERFILE = instructions((TOP / "Dockerfile").read_text())


def values(name: str) -> list[str]:
    return [instruction.text for instruction in DOCKERFILE if instruction.name == name]


def copied() -> list[str]:
    """What the Dockerfile takes from this folder."""
    return [source for text in values("COPY") for source in text.split()[:-1]]


def test_the_instructions_are_those_that_docker_knows_and_begin_with_a_pinned_base() -> None:
    assert {one.name for one in DOCKERFILE} == {
        "FROM", "RUN", "WORKDIR", "COPY", "USER", "EXPOSE", "HEALTHCHECK", "CMD"
    }  # fmt: skip
    assert DOCKERFILE[0].name == "FROM"
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", DOCKERFILE[0].text)


def test_the_base_is_a_python_that_the_package_runs_on() -> None:
    (version,) = re.findall(r"python:(3\.\d+)", DOCKERFILE[0].text)
    assert f"Programming Language :: Python :: {version}" in (TOP / "pyproject.toml").read_text()


def test_it_runs_as_a_user_who_is_not_root_and_may_not_change_the_code() -> None:
    names = [one.name for one in DOCKERFILE]
    (user,) = values("USER")
    assert user not in ("root", "0")
    after = names[names.index("USER") :]
    assert not {"RUN", "COPY"} & set(after)
    assert any(f"useradd --uid 1000 --create-home {user}" in text for text in values("RUN"))
    assert "--chown" not in " ".join(values("COPY"))


def test_what_is_copied_is_there_and_passes_the_dockerignore() -> None:
    patterns = [line for line in (TOP / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert patterns[0] == "*"
    let_in = {pattern.removeprefix("!") for pattern in patterns if pattern.startswith("!")}
    assert let_in == set(copied())
    for source in set(copied()) - {"models/model.onnx"}:  # which `dvc repro` makes
        assert (TOP / source).exists(), source


def test_nothing_secret_and_no_recording_gets_into_the_image() -> None:
    assert set(copied()) == {"LICENSE", "README.md", "pyproject.toml", "requirements.txt", "ser", "models/model.onnx"}
    assert not re.search("SER_TOKEN|PASSWORD|SECRET", (TOP / "Dockerfile").read_text(), flags=re.IGNORECASE)
    tracked = subprocess.run(["git", "ls-files", "ser"], cwd=TOP, capture_output=True, text=True, check=True).stdout
    assert not [name for name in tracked.splitlines() if fnmatch(name, "*.wav") or "/.env" in name]


def test_the_command_listens_where_the_image_says_and_is_asked_whether_it_is_well() -> None:
    (command,) = values("CMD")
    assert json.loads(command) == ["ser", "serve", "--host", "0.0.0.0"]  # noqa: S104
    port = str(Settings().port)
    assert values("EXPOSE") == [port]
    (check,) = values("HEALTHCHECK")
    program = json.loads(check.partition("CMD ")[2])
    assert program[:2] == ["python", "-c"]
    compile(program[2], "HEALTHCHECK", "exec")
    assert f"http://127.0.0.1:{port}/health" in program[2]


@pytest.mark.slow
def test_the_image_installs_what_it_serves_with(small_onnx: bytes, tmp_path: Path) -> None:
    """Docker's steps, by hand: the same files, the same pip command in an environment of its own, the same command."""
    image = tmp_path / "app"
    sources = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, text=True, check=True).stdout
    for name in sources.split("\0"):
        if name.partition("/")[0] in copied():
            (image / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, image / name)
    (image / "models").mkdir()
    (image / "models/model.onnx").write_bytes(small_onnx)
    venv.create(tmp_path / "venv", with_pip=True)
    (install,) = [text for text in values("RUN") if text.startswith("pip ")]
    command = [tmp_path / "venv/bin/python", "-m", *install.replace('"', "").split(), "--quiet"]
    done = subprocess.run(command, cwd=image, capture_output=True, text=True, check=False)
    if "No matching distribution" in done.stderr or "Could not fetch" in done.stderr:
        pytest.skip("pip reaches no index")
    assert done.returncode == 0, done.stderr
    with running_service(image, program=tmp_path / "venv/bin/ser") as address:
        assert httpx.get(f"{address}/health").json()["status"] == "ok"
        page = httpx.get(address)
        assert page.status_code == 200
        assert "Speech emotion" in page.text
        assert httpx.get(f"{address}/page/page.js").status_code == 200
