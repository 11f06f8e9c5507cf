"""Who follows docs/extending.md to the letter has a corpus that is read, and a network and a front end that train."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors import safe_open

from ser.model_files.safetensors_file import METADATA_KEY
from tests.conftest import TOP, write_clip

PAGE = TOP / "docs" / "extending.md"
BLOCK = re.compile(r"^`([\w/.]+)`:\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A block of the page: the file that it belongs to, its kind, its lines."""

HUNK = re.compile(r"^-(.*\n)\+((?:.*\n)(?:\+.*\n)*)", re.MULTILINE)
"""One line of a diff that goes, and one or more that take its place."""

SMALL = {
    "corpora: [demo]": "corpora: [ravdess]",
    "sampling_rate: 22050": "sampling_rate: 8000",
    "duration: 3.0": "duration: 0.4",
    "n_fft: 1024": "n_fft: 512",
    "hop_length: 512": "hop_length: 256",
    "f_max: 8000.0": "f_max: 4000.0",
    "n_mfcc: 40": "n_mfcc: 12",
    "copies: 1": "copies: 0",
    "max_epochs: 60": "max_epochs: 1",
}


def follow(page: str, folder: Path) -> list[str]:
    """Do to a copy of the project what the page says; returns the files that are new."""
    blocks, new = BLOCK.findall(page), []
    assert len(blocks) == page.count("\n```") // 2, "a block does not say its file"
    for name, kind, text in blocks:
        if kind == "diff":
            assert HUNK.sub("", text) == ""
            for removed, added in HUNK.findall(text):
                old = (folder / name).read_text(encoding="utf-8")
                assert old.count(removed) == 1, f"{name}: {removed}"
                (folder / name).write_text(old.replace(removed, added.replace("\n+", "\n")), encoding="utf-8")
        else:
            assert not (folder / name).exists(), f"{name} is there already"
            (folder / name).write_text(text, encoding="utf-8")
            new.append(name)
    return new


@pytest.fixture
def new(tmp_path: Path) -> list[str]:
    """The files that are new in a copy of the project, in which the page was followed."""
    for folder in ("ser", "stages", "tests", "presets"):
        shutil.copytree(TOP / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("params.yaml", "pyproject.toml"):
        shutil.copy(TOP / name, tmp_path)
    return follow(PAGE.read_text(encoding="utf-8"), tmp_path)


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., str]:
    """Runs Python in the copy, and gives what it prints."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.slow
def test_the_pages_code_passes_the_checks_of_the_project(new: list[str], python: Callable[..., str]) -> None:
    modules = [name for name in new if name.endswith(".py")]
    python("-m", "ruff", "check", *modules)
    python("-m", "ruff", "format", "--check", *modules)
    contract = [
        "tests/ser/models/test_classifier.py",
        "tests/ser/features/test_front_end.py",
    ]
    python("-m", "pytest", "-m", "not slow", *contract, *(name for name in new if name.startswith("tests/")))


def test_the_pages_corpus_is_known_and_read(tmp_path: Path, new: list[str], python: Callable[..., str]) -> None:
    assert "ser/corpora/recipes/harbour.yaml" in new
    folder = tmp_path / "data/raw/harbour"
    for name in ("low/F1_s1_joy.wav", "high/M1_s2_rage.wav"):
        write_clip(folder / name, seed=0)
    assert "harbour" in python("-m", "ser", "corpora", "list")
    lines = python("-m", "ser", "corpora", "check", "harbour", "data/raw/harbour").splitlines()
    assert lines[0] == "data/raw/harbour: 2 recordings, 2 of them read; 0 other files"
    assert "happy: 1 (1 female, 0 male) of 1 speakers" in lines
    python("-m", "pytest", "tests/ser/corpora/test_harbour.py")


@pytest.mark.slow
def test_the_pages_network_and_front_end_train_and_predict(
    tmp_path: Path, new: list[str], ravdess_folder: Callable[..., Path], python: Callable[..., str]
) -> None:
    raw = ravdess_folder("data/raw/ravdess", actors=6)
    params = (tmp_path / "params.yaml").read_text(encoding="utf-8")
    for old, replacement in SMALL.items():
        assert f" {old} #" in params
        params = params.replace(f" {old} #", f" {replacement} #")
    (tmp_path / "params.yaml").write_text(params, encoding="utf-8")
    python("-m", "stages.scan", "ravdess")
    for stage in ("ingest", "split", "features", "augment", "train"):
        python("-m", f"stages.{stage}")
    with safe_open(tmp_path / "models/model.safetensors", framework="np") as file:
        description = json.loads(file.metadata()[METADATA_KEY])
    for named, room in ((description["network"], "models"), (description["front_end"]["front_ends"], "front_ends")):
        assert [f"ser/{room}/{name}.py" in new for name in named] == [True]

    clip = str(next(raw.rglob("*.wav")))
    (prediction,) = json.loads(python(str(Path(sys.executable).with_name("ser")), "predict", "--json", clip))
    assert sum(prediction["probabilities"].values()) == pytest.approx(1)
