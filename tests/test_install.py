"""Installed for prediction alone, in an environment of its own, the package predicts without torch."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.conftest import TOP, write_clip

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment with the wheel in it, at the versions of the lock."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder / "venv", with_pip=True)
    pip = [folder / "venv/bin/python", "-m", "pip", "--disable-pip-version-check"]
    probe = [*pip, "download", "--quiet", "--no-deps", "--dest", folder / "probe", "hatchling"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("pip reaches no index")
    run(*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder / "dist", TOP, cwd=folder)
    (wheel,) = (folder / "dist").iterdir()
    run(*pip, "install", "--quiet", "--constraint", TOP / "requirements.txt", wheel, cwd=folder)
    return folder / "venv/bin"


def test_the_wheel_predicts_and_nothing_heavy_comes_with_it(
    environment: Path, small_onnx: bytes, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/model.onnx").write_bytes(small_onnx)
    for seed in range(3):
        write_clip(tmp_path / f"clips/{seed}.wav", seed)
    answers = json.loads(run(environment / "ser", "predict", "clips", "--json", cwd=tmp_path))
    expected = json.loads(run(Path(sys.executable).parent / "ser", "predict", "clips", "--json", cwd=tmp_path))
    assert [answer["path"] for answer in answers] == ["clips/0.wav", "clips/1.wav", "clips/2.wav"]
    for answer, other in zip(answers, expected, strict=True):
        assert answer["probabilities"] == pytest.approx(other["probabilities"], abs=1e-6)
    installed = run(environment / "python", "-m", "pip", "list", "--format", "freeze", cwd=tmp_path).lower()
    assert list((environment.parent / "lib").glob("python*/site-packages/ser/py.typed"))
    for heavy in ("torch", "librosa", "numba", "scipy", "pandas", "dvc", "matplotlib", "scikit", "onnx=="):
        assert f"\n{heavy}" not in f"\n{installed}", heavy


def test_who_has_only_the_package_is_answered_by_the_model_in_it(environment: Path, tmp_path: Path) -> None:
    write_clip(tmp_path / "a.wav", 1, seconds=6.0)
    command = [environment / "ser", "predict", "a.wav", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    (answer,) = json.loads(done.stdout)
    assert done.stderr.startswith("note: the model is the one in the package, trained on ")
    assert answer["model"]["origin"] == "package"
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert answer["windows"] > 1


def test_what_needs_more_says_what_to_install(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(b"\0" * 8 + b"{}")
    for extra, *arguments in (
        ("train", "predict", "a.wav", "--model", "m.safetensors"),
        ("train", "export"),
        ("train", "corpora", "audit", "."),
        ("serve", "serve", "--port", "0"),
    ):
        command = [environment / "ser", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: ")
        assert f"is not installed; `pip install 'speech-emotion[{extra}]'`" in line
