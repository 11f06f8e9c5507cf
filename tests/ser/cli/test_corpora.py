import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ser.cli.corpora import app
from ser.corpora import CORPORA
from tests.ser.corpora.test_download import RECORDINGS, FileServer, files_in, zipped

runner = CliRunner()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """Stands for where RAVDESS comes from; the working directory is empty."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    with FileServer(zipped(RECORDINGS)) as running:
        card = replace(CORPORA["ravdess"], get=running.source())
        monkeypatch.setitem(CORPORA._cards, "ravdess", card)
        yield running


def test_fetching_prints_the_licence_and_the_next_command(server: FileServer, tmp_path: Path) -> None:
    result = runner.invoke(app, ["fetch", "ravdess", "--accept-licence"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"{CORPORA['ravdess'].title}: corpus.zip, 0 MB"
    assert lines[2] == "Licence: CC BY-NC-SA 4.0, https://creativecommons.org/licenses/by-nc-sa/4.0/"
    assert lines[3:] == [
        "data/raw/ravdess: 10 recordings",
        "next: set ingest.corpora to [ravdess] in params.yaml, then run `dvc repro`",
    ]
    assert files_in(tmp_path) == {f"data/raw/ravdess/{name}" for name in RECORDINGS}


def test_a_second_run_does_nothing(server: FileServer) -> None:
    runner.invoke(app, ["fetch", "ravdess", "--accept-licence"])
    result = runner.invoke(app, ["fetch", "ravdess"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "data/raw/ravdess: already there, 10 recordings; nothing to do\n"
    assert len(server.ranges) == 1


def test_the_licence_is_asked_for_once(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser.cli.corpora._is_terminal", lambda: True)
    result = runner.invoke(app, ["fetch", "ravdess"], input="n\n")
    assert result.exit_code == 1
    assert result.stderr == "error: the licence was not accepted; nothing was downloaded\n"
    assert server.ranges == []
    assert files_in(tmp_path) == set()
    result = runner.invoke(app, ["fetch", "ravdess"], input="y\n")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("Do you accept") == 1
    assert len(files_in(tmp_path)) == 10


def test_a_script_must_accept_the_licence_itself(server: FileServer) -> None:
    result = runner.invoke(app, ["fetch", "ravdess"])
    assert result.exit_code == 1
    assert result.stderr == "error: nobody to ask whether the licence is accepted; add --accept-licence if it is\n"
    assert server.ranges == []


def test_what_goes_wrong_on_the_way_is_one_line(server: FileServer) -> None:
    server.content = server.content[:-1] + b"?"
    result = runner.invoke(app, ["fetch", "ravdess", "--accept-licence"])
    assert result.exit_code == 1
    assert re.fullmatch(r"error: http://127\.0\.0\.1.* does not match the known hash.*\n", result.stderr)


@pytest.mark.parametrize("name", [name for name, card in CORPORA.items() if not card.get.url])
def test_a_corpus_that_no_command_may_fetch_comes_with_steps(server: FileServer, name: str) -> None:
    result = runner.invoke(app, ["fetch", name])
    assert result.exit_code == 1
    assert result.stdout.startswith("1. ")
    assert f"data/raw/{name}" in result.stdout
    assert result.stderr == f"error: {name} is not fetched by a command; the steps are above\n"
    assert server.ranges == []


def test_an_unknown_corpus_names_the_known() -> None:
    result = runner.invoke(app, ["fetch", "ravdes"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"error: corpus 'ravdes' is not known, expected one of {', '.join(CORPORA)}\n"


def test_the_list_shows_every_corpus_and_what_is_here_of_it(tmp_path: Path) -> None:
    for name in ("a.wav", "b.FLAC", "notes.txt"):
        (tmp_path / "tess" / "OAF").mkdir(parents=True, exist_ok=True)
        (tmp_path / "tess" / "OAF" / name).touch()
    result = runner.invoke(app, ["list", "--folder", str(tmp_path)])
    assert result.exit_code == 0, result.output
    rows = [re.split(r"\s{2,}", line) for line in result.stdout.splitlines()]
    assert rows[0] == ["language", "name", "installed", "clips", "hours", "speech", "licence", "where"]
    assert {row[1] for row in rows[1:]} == set(CORPORA)
    shown = [(row[0].replace("-", "~"), row[-2]) for row in rows[1:]]
    assert shown == sorted(shown)  # by language and licence; several languages come last
    tess = CORPORA["tess"]
    assert ["en", "tess", "2", "2,800", "1.6", "acted", tess.licence, tess.url] in rows
    assert ["en", "ravdess", "-", "1,440 speech (+1,012 song)", "1.5"] in [row[:5] for row in rows]
    assert ["ar", "baved", "-", "1,935", "-", "no emotions"] in [row[:6] for row in rows]
    crema_d = CORPORA["crema_d"]
    assert ["en", "crema_d", "-", "7,442", "5.3", "acted", crema_d.licence, crema_d.url] in rows
    assert len({line.index(row[-2]) for line, row in zip(result.stdout.splitlines(), rows, strict=True)}) == 1


def test_the_list_counts_what_looks_like_sound_and_is_passed_over(tmp_path: Path) -> None:
    for name in ("tess/a.wav", "tess/b.ape", "savee/c.wv", "savee/._d.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    result = runner.invoke(app, ["list", "--folder", str(tmp_path)])
    assert result.exit_code == 0, result.output
    sound, system = result.stderr.splitlines()
    assert sound.startswith("note: 2 files that look like sound passed over (1 .ape, 1 .wv): ")
    assert system == "note: 1 file of an operating system passed over, such as ._d.wav"


def test_a_folder_without_recordings_is_not_already_there(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "data/raw/ravdess").mkdir(parents=True)
    (tmp_path / "data/raw/ravdess/.DS_Store").write_bytes(b"\0\0\0\1Bud1")
    result = runner.invoke(app, ["fetch", "ravdess", "--accept-licence"])
    assert result.exit_code == 1
    assert result.stderr.endswith("data/raw/ravdess: not empty; move it away to fetch the corpus again\n")
