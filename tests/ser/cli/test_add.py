"""`ser corpora add` in a repository of its own, with DVC as it is."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from dvc.repo import Repo
from typer.testing import CliRunner

from ser.cli.corpora import app
from tests.conftest import TOP, write_clip

runner = CliRunner()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty, but for what the project ignores below data/raw."""
    folder = tmp_path / "project"
    (folder / "data/raw").mkdir(parents=True)
    (folder / "data/raw/.gitignore").write_bytes((TOP / "data/raw/.gitignore").read_bytes())
    (folder / ".gitignore").write_bytes((TOP / ".gitignore").read_bytes())
    monkeypatch.chdir(folder)
    subprocess.run(["git", "init", "--quiet"], check=True)
    Repo.init(str(folder)).close()
    return folder


def put_elsewhere(_: Path, source: Path) -> list[str]:
    return ["emodb", str(source)]


def link_to_it(repository: Path, source: Path) -> list[str]:
    (repository / "data/raw/emodb").symlink_to(source)
    return ["emodb"]


def move_it_there(repository: Path, source: Path) -> list[str]:
    source.rename(repository / "data/raw/emodb")
    return ["emodb"]


@pytest.mark.parametrize("arrange", [put_elsewhere, link_to_it, move_it_there])
def test_a_corpus_is_tracked_by_dvc_and_only_its_hash_by_git(
    arrange: Callable[[Path, Path], list[str]], repository: Path, tmp_path: Path
) -> None:
    source = tmp_path / "corpus"
    write_clip(source / "wav/03a01Fa.wav", 0)
    content = (source / "wav/03a01Fa.wav").read_bytes()
    result = runner.invoke(app, ["add", *arrange(repository, source)])
    assert result.exit_code == 0, result.output
    here = repository / "data/raw/emodb"
    assert not here.is_symlink()
    assert (here / "wav/03a01Fa.wav").read_bytes() == content
    with Repo() as repo:  # as a clone or an experiment elsewhere looks for it: among all that DVC finds by itself
        assert str(here) in {out.fs_path for out in repo.index.outs}
    untracked = subprocess.run(
        ["git", "ls-files", "-o", "--exclude-standard", "data"], capture_output=True, text=True, check=True
    ).stdout
    assert untracked.split() == ["data/raw/.gitignore", "data/raw/emodb.dvc"]


def test_what_cannot_be_added_is_one_line_and_leaves_all_as_it_was(repository: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (repository / "data/raw/tess").symlink_to(empty)
    write_clip(repository / "data/raw/ravdess/03-01-01-01-01-01-01.wav", 0)
    write_clip(tmp_path / "other/03-01-01-01-01-01-01.wav", 0)
    for arguments, message in {
        ("emodb",): "data/raw/emodb: no such folder; name the one that holds the recordings of 'emodb'",
        ("emodb", str(empty)): f"{empty}: no recordings; nothing was added",
        ("tess",): f"{empty.resolve()}: no recordings; nothing was added",
        ("ravdess", str(tmp_path / "other")): (
            "data/raw/ravdess: already there; move it away, or leave the other folder out to add it as it is"
        ),
    }.items():
        result = runner.invoke(app, ["add", *arguments])
        assert (result.exit_code, result.stderr) == (1, f"error: {message}\n")
    assert runner.invoke(app, ["add", "nonesuch"]).exit_code == 1
    assert (repository / "data/raw/tess").is_symlink()
    assert not list((repository / "data/raw").glob("*.dvc"))


@pytest.mark.parametrize("ends", ["fails", "is interrupted"])
def test_what_was_linked_is_linked_again_if_dvc(
    ends: str, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "corpus"
    write_clip(source / "03a01Fa.wav", 0)
    target = repository / "data/raw/emodb"
    target.symlink_to(source)

    def half(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        write_clip(target / "03a01Fa.wav", 0)
        if ends == "fails":
            return subprocess.CompletedProcess([], 1)
        raise KeyboardInterrupt

    monkeypatch.setattr("ser.cli.add.subprocess.run", half)
    result = runner.invoke(app, ["add", "emodb"])
    assert result.exit_code != 0
    assert target.readlink() == source
    assert (source / "03a01Fa.wav").is_file()
