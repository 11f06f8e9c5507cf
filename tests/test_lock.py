"""The lock and pyproject.toml agree: every requirement is pinned within its range, and nothing else is."""

import re
import tomllib
from importlib.metadata import requires, version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import TOP

PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())
CUDA = {canonicalize_name(name) for name in PROJECT["tool"]["uv"]["pip"]["no-emit-package"]}


def read_lock(name: str) -> dict[str, Requirement]:
    lines = (TOP / name).read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.lstrip().startswith("#")]
    assert len({canonicalize_name(pin.name) for pin in pins}) == len(pins), "a package is pinned twice"
    return {canonicalize_name(pin.name): pin for pin in pins}


def needed(requirements: list[str]) -> set[str]:
    """Everything that the requirements lead to on this machine, as the installed packages say."""
    found: set[str] = set()
    pending = [Requirement(text) for text in requirements]
    seen: set[str] = set()
    while pending:
        requirement = pending.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        found.add(canonicalize_name(requirement.name))
        for text in requires(requirement.name) or []:
            child = Requirement(text)
            extras = [{"extra": extra} for extra in (*requirement.extras, "")]
            if child.marker is None or any(child.marker.evaluate(extra) for extra in extras):
                pending.append(child)
    return found


def named(requirements: list[str]) -> list[str]:
    """The requirements, with the project's own extras written out."""
    return [
        text
        for requirement in map(Requirement, requirements)
        for text in (
            [str(requirement)]
            if requirement.name != PROJECT["project"]["name"]
            else named([text for extra in requirement.extras for text in EXTRAS[extra]])
        )
    ]


EXTRAS = PROJECT["project"]["optional-dependencies"]
DEPENDENCIES = PROJECT["project"]["dependencies"]
LOCKS = [
    ("requirements.txt", named([*DEPENDENCIES, "speech-emotion[listen,pretrained,serve,train]"])),
    ("requirements-test.txt", named([*DEPENDENCIES, "speech-emotion[test]"])),
]


@pytest.mark.parametrize(("name", "requirements"), LOCKS, ids=["run", "test"])
def test_every_requirement_is_pinned_within_its_range(name: str, requirements: list[str]) -> None:
    lock = read_lock(name)
    for text in requirements:
        requirement = Requirement(text)
        pin = lock[canonicalize_name(requirement.name)]
        (exact,) = pin.specifier
        assert exact.operator == "=="
        assert requirement.specifier.contains(exact.version), f"{pin} is outside {requirement}"


@pytest.mark.parametrize(("name", "requirements"), LOCKS, ids=["run", "test"])
def test_the_lock_holds_what_is_needed_here_and_nothing_else(name: str, requirements: list[str]) -> None:
    here = {name for name, pin in read_lock(name).items() if pin.marker is None or pin.marker.evaluate()}
    assert here == needed(requirements) - CUDA


def test_the_test_tools_come_with_all_that_is_tested() -> None:
    assert EXTRAS["test"][0] == "speech-emotion[listen,pretrained,serve,train]"


def test_what_predict_and_the_service_need_is_small() -> None:
    heavy = {"torch", "librosa", "numba", "scipy", "pandas", "scikit-learn", "matplotlib", "dvc", "onnx", "gradio"}
    assert not needed([*DEPENDENCIES, *EXTRAS["serve"]]) & heavy


def test_what_is_installed_is_what_is_locked() -> None:
    for name, pin in read_lock("requirements-test.txt").items():
        if pin.marker is None or pin.marker.evaluate():
            assert pin.specifier.contains(version(name)), f"{name} {version(name)} is installed, {pin} is locked"


def test_the_test_lock_pins_the_same_versions() -> None:
    test = read_lock("requirements-test.txt")
    for name, pin in read_lock("requirements.txt").items():
        assert test[name].specifier == pin.specifier


def test_torch_is_pinned_without_a_build_tag_or_an_index() -> None:
    for name, _ in LOCKS:
        text = (TOP / name).read_text()
        assert re.search(r"^torch==2\.13\.0$", text, flags=re.MULTILINE)
        assert "--index" not in text
        assert "--find-links" not in text
        assert "://" not in text
