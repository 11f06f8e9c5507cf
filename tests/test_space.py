"""The demo for Hugging Face Spaces: what `make space` puts together, run with a stand-in for gradio."""

import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import soundfile
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from ser.inference.predictor import Predictor
from tests.conftest import TOP, clip, write_clip
from tests.test_lock import DEPENDENCIES, read_lock


class GradioError(Exception):
    """As gradio's: one line for the page; with ``print_exception``, its traceback is logged, too."""

    def __init__(self, message: str, *, print_exception: bool = True) -> None:
        super().__init__(message)
        self.print_exception = print_exception


class Interface:
    """Keeps what it is made of; gradio would refuse what is not an argument here, too."""

    def __init__(
        self,
        fn: Callable[[str | None], dict[str, float]],
        inputs: SimpleNamespace,
        outputs: SimpleNamespace,
        *,
        description: str,
        article: str,
        flagging_mode: str,
        delete_cache: tuple[int, int],
    ) -> None:
        self.fn, self.inputs, self.outputs = fn, inputs, outputs
        self.text = description + article
        self.flagging_mode, self.delete_cache = flagging_mode, delete_cache

    def launch(self, *, max_file_size: str, run_history: bool) -> None:
        self.max_file_size, self.run_history = max_file_size, run_history


@pytest.fixture
def space(small_onnx: bytes, tmp_path: Path) -> Path:
    """What `make space` makes."""
    make = shutil.which("make")
    assert make
    top = tmp_path / "top"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, text=True, check=True).stdout
    for name in tracked.split("\0"):
        if name.startswith(("ser/", "space/")) or name in ("LICENSE", "Makefile"):
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, top / name)
    (top / "models").mkdir()
    (top / "models/model.onnx").write_bytes(small_onnx)
    subprocess.run([make, "space"], cwd=top, capture_output=True, check=True)
    return top / "dist/space"


@pytest.fixture
def demo(space: Path, monkeypatch: pytest.MonkeyPatch) -> Interface:
    """The demo, as Hugging Face starts it."""
    gradio = ModuleType("gradio")
    parts = {"Audio": SimpleNamespace, "Label": SimpleNamespace, "Interface": Interface, "Error": GradioError}
    gradio.__dict__.update(parts)
    monkeypatch.setitem(sys.modules, "gradio", gradio)
    monkeypatch.chdir(space)
    found: Interface = runpy.run_path("app.py", run_name="__main__")["demo"]
    return found


def test_a_recording_is_answered_as_by_ser_predict(demo: Interface, space: Path, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.wav", 1)
    assert demo.fn(str(path)) == Predictor.load(space / "models/model.onnx").predict(path).probabilities
    assert demo.inputs.type == "filepath"


def test_what_cannot_be_used_is_refused_in_one_line_without_its_path(demo: Interface, tmp_path: Path) -> None:
    text, silent = tmp_path / "text.wav", tmp_path / "silent.wav"
    text.write_text("I am no recording.\n" * 20)
    soundfile.write(silent, np.zeros_like(clip(1)), 16_000)
    for path, reason in (
        (None, "Record or upload a voice first."),
        (str(text), "This recording cannot be used: expected WAV"),
        (str(silent), "This recording cannot be used: expected a peak"),
    ):
        with pytest.raises(GradioError) as caught:
            demo.fn(path)
        assert str(caught.value).startswith(reason)
        assert str(tmp_path) not in str(caught.value)
        assert not caught.value.print_exception


def test_it_says_what_its_model_is_and_keeps_no_recording(demo: Interface) -> None:
    assert "It is not for judging people" in demo.text
    assert "Test</th><td>UAR 50.0%" in demo.text
    assert demo.flagging_mode == "never"
    assert demo.delete_cache == (60, 600)
    assert demo.max_file_size == "20mb"
    assert not demo.run_history


def test_it_needs_nothing_that_is_not_in_its_requirements(space: Path) -> None:
    code = (
        "import sys; before = {*sys.modules}; import ser.app.page.html; "
        "import ser.model_files.onnx_file, ser.inference.predictor;"
        " print(*{name.split('.')[0] for name in {*sys.modules} - before})"
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=space, capture_output=True, text=True, check=True).stdout
    installed = packages_distributions()
    needed = {canonicalize_name(one) for name in loaded.split() for one in installed.get(name, ())}
    assert needed - {"speech-emotion"} <= read_lock("space/requirements.txt").keys()
    assert (space / "ser/__init__.py").exists()


def test_its_requirements_are_the_packages_own_at_the_versions_of_the_lock_and_gradio() -> None:
    pins, lock = read_lock("space/requirements.txt"), read_lock("requirements.txt")
    assert {canonicalize_name(Requirement(text).name) for text in [*DEPENDENCIES, "gradio"]} <= pins.keys()
    assert {name: pin.specifier for name, pin in pins.items() if name in lock} == {
        name: lock[name].specifier for name in pins if name in lock
    }


def test_its_header_is_one_that_hugging_face_takes(space: Path) -> None:
    header = YAML(typ="safe").load((space / "README.md").read_text().split("---\n")[1])
    assert set(header) == {
        "title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file", "license",
        "short_description",
    }  # fmt: skip
    assert (header["sdk"], header["license"]) == ("gradio", "mit")
    assert f"=={header['sdk_version']}" == str(read_lock("space/requirements.txt")["gradio"].specifier)
    assert f"Programming Language :: Python :: {header['python_version']}" in (TOP / "pyproject.toml").read_text()
    assert (space / header["app_file"]).exists()
    assert len(header["short_description"]) <= 60  # beyond, it is refused


def test_nothing_secret_and_no_recording_is_published(space: Path) -> None:
    names = [path.relative_to(space).as_posix() for path in space.rglob("*") if path.is_file()]
    others = {name for name in names if not name.startswith("ser/")}
    assert others == {"LICENSE", "README.md", "app.py", "packages.txt", "requirements.txt", "models/model.onnx"}
    assert [name for name in names if re.search(r"\.(wav|pyc|env)$", name)] == []
