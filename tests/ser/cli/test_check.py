from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ser.cli.corpora import app
from tests.ser.corpora.test_recipe import write
from tests.ser.corpora.test_recipes import make


def check(recipe: str | Path, folder: Path) -> Result:
    return CliRunner().invoke(app, ["check", str(recipe), str(folder)])


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"RIFF\0\0\0\0WAVE")
    return folder


def test_what_is_read_is_counted(tmp_path: Path) -> None:
    folder = touch(tmp_path / "raw", "ann_glad.wav", "sub/bob_glad.wav", "sub/bob_blue.wav")
    (folder / "README.md").write_text("about\n")
    result = check(write(tmp_path), folder)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{folder}: 3 recordings, 3 of them read; 1 other files",
        "published: 4 recordings",
        "speakers: 2, published: 2",
        "happy: 2 (1 female, 1 male) of 2 speakers",
        "sad: 1 (0 female, 1 male) of 1 speakers",
    ]


def test_what_is_missed_comes_with_the_reason_and_an_example_and_is_an_error(tmp_path: Path) -> None:
    folder = touch(tmp_path / "raw", "ann_glad.wav", "ann_mad.wav", "bob_mad.flac", "c.wav", "d.wav", "cy_glad.wav")
    result = check(write(tmp_path), folder)
    assert result.exit_code == 1
    assert result.stderr == f"error: {folder}: 5 of 6 recordings are not read\n"
    mad = f"emotion code mad is not a Small code (glad or blue); such as {folder}/ann_mad.wav"
    assert result.stdout.splitlines()[4:] == [
        f"missed: 2 (1 .flac, 1 .wav): {mad}",
        f"missed: 2 (2 .wav): expected speaker and emotion as in ann_glad; such as {folder}/c.wav",
        f"missed: 1 (1 .wav): speaker code cy is not a Small code (ann or bob); such as {folder}/cy_glad.wav",
        "no recording has emotion blue",
        "no recording has speaker bob",
    ]


def test_a_table_and_a_folder_are_held_against_each_other(tmp_path: Path) -> None:
    folder = touch(make(tmp_path, "nemo"), "samples/EB0_fear_1.wav")
    (folder / "samples/EB0_anger_14.wav").unlink()
    result = check("nemo", folder)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"{folder}: 2 recordings, 1 of them read; 2 other files"
    assert f"in no table: 1, such as {folder}/samples/EB0_fear_1.wav" in lines
    assert "in a table and not in the folder: 1, such as EB0_anger_14" in lines


def test_a_folder_of_another_corpus_is_an_error(tmp_path: Path) -> None:
    result = check("emodb", touch(tmp_path, "DC/a01.wav"))
    assert (result.exit_code, result.stderr) == (1, f"error: {tmp_path}: no recording that the recipe reads\n")


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("emodbb", "corpus 'emodbb' is not known, expected one of demo, "),
        ("custom", "corpus 'custom' has no recipe"),
        ("demo", "corpus 'demo' has no recipe; its names are as in ravdess"),
        ("none.yaml", "none.yaml: no such file"),
        ("baved", "BAVED cannot be used: its labels are levels of emotion"),
    ],
)
def test_a_recipe_that_cannot_be_tried_is_a_line(tmp_path: Path, recipe: str, message: str) -> None:
    result = check(recipe, touch(tmp_path, "a.wav"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {message}")
    assert result.stderr.count("\n") == 1
