import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from ser.audio.decode import decode
from ser.audio.signal import resample
from ser.audit.folders import audit_corpus, audit_recordings
from ser.audit.report import Audit
from ser.audit.text import to_text
from ser.cli.corpora import app
from ser.corpora import RECIPES
from ser.errors import InputError
from ser.storage import read_json
from tests.conftest import CORPORA, write_clip
from tests.ser.corpora.test_recipes import make


def kinds(audit: Audit) -> dict[str, str]:
    """From file name to kinds, of the findings about files that are not merely short, as all clips here are."""
    rows = audit.findings[(audit.findings["path"] != "") & ~audit.findings["kind"].isin(["very short", "cut off"])]
    return rows.groupby(rows["path"].map(lambda path: Path(path).name))["kind"].agg(", ".join).to_dict()


def test_what_the_names_say_is_held_against_the_audio(ravdess_folder: Callable[..., Path]) -> None:
    folder = ravdess_folder(actors=2)
    first = folder / "Actor_01" / "03-01-01-01-01-01-01.wav"
    shutil.copy(first, folder / "Actor_01" / "03-01-05-01-01-01-01.wav")  # angry, and sounds as the neutral one
    shutil.copy(folder / "Actor_01" / "03-01-08-01-01-01-01.wav", folder / "03-01-08-01-01-01-01.wav")
    write_clip(folder / "Actor_03" / "03-01-02-01-01-01-01.wav", 99)  # the name of another one
    (folder / "readme.txt").write_text("not audio")
    write_clip(folder / "03-01-09-01-01-01-01.wav", 100)
    audit = audit_corpus(folder, "ravdess", None)
    assert kinds(audit) == {
        "03-01-01-01-01-01-01.wav": "conflicting labels",
        "03-01-05-01-01-01-01.wav": "conflicting labels, duplicate",
        "03-01-02-01-01-01-01.wav": "name clash, name clash",
        "03-01-08-01-01-01-01.wav": "duplicate",
        "03-01-09-01-01-01-01.wav": "impossible name",
        "readme.txt": "no recording",
    }
    assert audit.n_files == 16 + 4
    assert audit.breakdown["clips"].sum() == 13
    assert audit.n_unusable == 5
    assert audit.counts("note")["no recording"] == audit.summary()["notes"]["no_recording"] == 1
    assert audit.summary()["flagged"] == audit.n_files - 1
    assert to_text(audit).endswith(
        "note: no recording: 1\n  " + f"{folder}/readme.txt: text, by its name and how it begins"
    )


def test_a_copy_at_another_rate_is_told_from_a_stranger_of_the_same_name(ravdess_folder: Callable[..., Path]) -> None:
    folder = ravdess_folder(actors=1)
    original = folder / "Actor_01" / "03-01-03-01-01-01-01.wav"
    (folder / "22050").mkdir()
    samples, rate = decode(original)
    soundfile.write(folder / "22050" / original.name, resample(samples[:, 0], rate, 22_050), 22_050)
    audit = audit_corpus(folder, "ravdess", None)
    assert audit.counts("error")["name clash"] == 0
    assert audit.counts("warning")["altered copy"] == 1
    assert audit.counts("warning")["mixed sampling rates"] == 1


def test_every_file_is_counted_once_without_labels(ravdess_folder: Callable[..., Path]) -> None:
    audit = audit_recordings(ravdess_folder(actors=1))
    assert audit.n_files == 8
    assert audit.breakdown.empty
    assert audit.n_unusable == 0
    assert to_text(audit).startswith("8 files, 0 of them cannot be used")


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found no file"):
        audit_recordings(tmp_path)


def test_the_command_prints_a_table_and_writes_json_csv_and_html(
    ravdess_folder: Callable[..., Path], tmp_path: Path
) -> None:
    folder = ravdess_folder("ravdess", actors=2)
    outputs = {name: tmp_path / "out" / f"audit.{name}" for name in ("json", "csv", "html")}
    options = [text for name, path in outputs.items() for text in (f"--{name}", str(path))]
    result = CliRunner().invoke(app, ["audit", str(folder), *options])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "16 files, 0 of them cannot be used"
    assert lines[2].split() == ["corpus", "clips", "hours", "speakers", "female", "male"]
    assert lines[3].split() == ["ravdess", "16", "0.00", "2", "8", "8"]
    assert len({len(line) for line in lines[5:14]}) == 1, "columns are aligned"
    numbers = read_json(outputs["json"])["audit"]
    assert numbers["files"] == 16
    assert numbers["corpora"]["ravdess"]["emotions"]["angry"]["female"]["clips"] == 1
    assert numbers["warnings"]["very_short"] == 16
    assert numbers["errors"]["name_clash"] == 0
    json.dumps(numbers, allow_nan=False)
    assert len(outputs["csv"].read_text().splitlines()) == 1 + sum(numbers["warnings"].values())
    assert outputs["html"].read_text().startswith("<!doctype html>")


def test_the_command_reads_no_labels_in_a_folder_of_no_corpus(ravdess_folder: Callable[..., Path]) -> None:
    folder = ravdess_folder("mine", actors=1)
    without = CliRunner().invoke(app, ["audit", str(folder)])
    assert without.exit_code == 0
    assert "name the corpus with --corpus" in without.stderr
    assert "emotion" not in without.stdout
    named = CliRunner().invoke(app, ["audit", str(folder), "--corpus", "ravdess"])
    assert "angry" in named.stdout
    recipe = shutil.copy(RECIPES / "ravdess.yaml", folder.parent / "of_mine.yaml")
    by_recipe = CliRunner().invoke(app, ["audit", str(folder), "--corpus", str(recipe)])
    assert by_recipe.stdout == named.stdout.replace("ravdess", "of_mine")
    unknown = CliRunner().invoke(app, ["audit", str(folder), "--corpus", "nonsense"])
    assert unknown.exit_code == 1
    assert unknown.stderr.startswith("error: corpus 'nonsense' is not known, expected one of ")


def test_a_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    write_clip(tmp_path / "\x1b[31mred\n.wav", 0)
    text = to_text(audit_recordings(tmp_path))
    assert "\x1b" not in text
    assert "\\x1b[31mred\\n.wav" in text


def test_no_finding_is_left_out_of_the_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(5):
        soundfile.write(tmp_path / f"{number}.wav", rng.uniform(-0.1, 0.1, (16_000, 2)), 16_000)
    audit = audit_recordings(tmp_path)
    assert audit.counts("warning")["stereo"] == 5
    assert "and 2 more" in to_text(audit)


@pytest.mark.slow
@pytest.mark.skipif(not (CORPORA / "ravdess").exists(), reason="../shared/corpora is not beside this checkout")
def test_an_actor_of_ravdess_is_reported_as_it_is() -> None:
    audit = audit_corpus(CORPORA / "ravdess" / "Actor_07", "ravdess", None)
    assert kinds(audit) == {"03-01-03-01-02-02-07.flac": "duplicate"}
    assert audit.breakdown["clips"].sum() == 59


def test_the_table_that_labels_a_corpus_is_not_written_over(tmp_path: Path) -> None:
    folder = make(tmp_path, "msp_podcast")
    table = folder / "Labels" / "labels_consensus.csv"
    before = table.read_bytes()
    result = CliRunner().invoke(app, ["audit", str(folder), "--corpus", "msp_podcast", "--csv", str(table)])
    assert result.exit_code == 1
    assert "named twice" in result.stderr
    assert table.read_bytes() == before
