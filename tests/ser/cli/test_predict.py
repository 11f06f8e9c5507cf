import csv
import io
import json
import os
import select
import subprocess
import sys
import termios
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import Result
from typer.testing import CliRunner

from ser.cli.main import app
from ser.cli.options import STDIN
from ser.dataset.metadata import EMOTIONS
from ser.inference import choice
from ser.model_files.export import describe, to_onnx
from ser.model_files.safetensors_file import Model, write_model
from tests.conftest import clip, write_clip

runner = CliRunner()


@pytest.fixture
def folder(small_onnx: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an untrained model in its default place."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/model.onnx").write_bytes(small_onnx)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def predict(*arguments: str, stdin: bytes | None = None) -> Result:
    """With the model named, so that nothing is said of it."""
    return runner.invoke(app, ["predict", *arguments, "--model", "models/model.onnx"], input=stdin)


def answers(*arguments: str) -> list[dict[str, Any]]:
    result = predict(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_a_recording_is_answered_with_its_emotion_and_all_probabilities(folder: Path) -> None:
    write_clip(folder / "a.wav", 1)
    result = predict("a.wav")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    emotion = lines[0].removeprefix("a.wav: ")
    shares = {line.split()[0]: float(line.split()[1].rstrip("%")) for line in lines[1:]}
    assert list(shares) == list(EMOTIONS)
    assert shares[emotion] == max(shares.values())
    assert sum(shares.values()) == pytest.approx(100, abs=0.5)
    assert result.stderr == ""


def test_json_is_an_array_of_objects(folder: Path) -> None:
    write_clip(folder / "clips" / "b.wav", 1)
    write_clip(folder / "clips" / "deep" / "a.WAV", 2)
    (folder / "clips" / "notes.txt").write_text("not looked at")
    found = answers("clips")
    assert [answer["path"] for answer in found] == ["clips/b.wav", "clips/deep/a.WAV"]
    assert set(found[0]) == {"path", "emotion", "confidence", "probabilities", "seconds", "windows", "unlike", "model"}
    assert sum(found[0]["probabilities"].values()) == pytest.approx(1)
    assert found[0]["confidence"] == found[0]["probabilities"][found[0]["emotion"]]


def test_a_long_recording_is_heard_as_a_whole_and_json_says_in_how_many_windows(folder: Path) -> None:
    soundfile.write(folder / "a.wav", clip(1, 2.0), 16_000)
    write_clip(folder / "b.wav", 2, 0.3)
    result = predict("a.wav", "b.wav", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    long, short = json.loads(result.stdout)
    assert short["windows"] == 1
    assert long["windows"] > 10
    assert long["seconds"] == pytest.approx(2.0, abs=0.3)


def test_which_model_answers_is_said_if_nobody_named_it(folder: Path) -> None:
    write_clip(folder / "a.wav", 1)
    result = runner.invoke(app, ["predict", "a.wav", "--json"])
    assert result.exit_code == 0
    assert result.stderr == "note: the model is models/model.onnx, trained on toy\n"
    facts = {"origin": "project", "file": "models/model.onnx", "trained_on": ["toy"]}
    assert json.loads(result.stdout)[0]["model"] == facts
    assert answers("a.wav")[0]["model"] == facts | {"origin": "named"}


def test_in_a_batch_the_others_are_still_predicted_and_the_exit_code_tells(folder: Path) -> None:
    write_clip(folder / "good.wav", 1)
    (folder / "text.wav").write_text("I am no recording.\n" * 20)
    (folder / "empty.wav").touch()
    soundfile.write(folder / "silent.wav", np.zeros(8000), 16_000)
    result = predict("text.wav", "missing.wav", "empty.wav", "silent.wav", "good.wav", "--json")
    assert result.exit_code == 1
    assert [answer["path"] for answer in json.loads(result.stdout)] == ["good.wav"]
    errors = result.stderr.splitlines()
    assert len(errors) == 4
    for line, name in zip(errors, ("text.wav", "missing.wav", "empty.wav", "silent.wav"), strict=True):
        assert line.startswith(f"error: {name}: ")


def test_a_missing_or_truncated_model_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "IN_THE_BOX", folder / "none")
    write_clip(folder / "a.wav", 1)
    result = runner.invoke(app, ["predict", "a.wav", "--model", "other.safetensors"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: other.safetensors: no such model file; `dvc repro` trains one\n"
    path = folder / "models" / "model.onnx"
    path.write_bytes(path.read_bytes()[:5000])
    result = runner.invoke(app, ["predict", "a.wav"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: models/model.onnx: not a readable model file")
    assert len(result.stderr.splitlines()) == 1
    path.unlink()
    result = runner.invoke(app, ["predict", "a.wav"])
    assert result.stderr.startswith(
        "error: no model: models/model.onnx: no such file; `dvc repro` trains one; --model "
    )
    assert len(result.stderr.splitlines()) == 1


def test_without_an_exported_model_the_trained_one_is_taken(folder: Path, small_model: Model) -> None:
    write_clip(folder / "a.wav", 1)
    (exported,) = answers("a.wav")
    (folder / "models/model.onnx").unlink()
    write_model(small_model, folder / "models/model.safetensors")
    (trained,) = json.loads(runner.invoke(app, ["predict", "a.wav", "--json"]).stdout)
    assert trained["probabilities"] == pytest.approx(exported["probabilities"], abs=1e-6)


def test_a_folder_or_a_pattern_without_recordings_is_an_error_and_the_others_are_predicted(folder: Path) -> None:
    (folder / "clips").mkdir()
    write_clip(folder / "a.wav", 1)
    result = predict("clips", "b*.wav", "a.wav", "--jsonl")
    assert result.exit_code == 1
    first, second = result.stderr.splitlines()
    assert first.startswith("error: clips: no recording in this folder (.aif, .aifc, ")
    assert second == "error: b*.wav: no file matches this pattern"
    assert json.loads(result.stdout)["path"] == "a.wav"


def test_patterns_are_expanded_unless_a_file_is_called_so(folder: Path) -> None:
    for name in ("x/1.wav", "x/y/2.wav", "x/y/3.flac", "[1].wav"):
        write_clip(folder / name, len(name))
    assert [answer["path"] for answer in answers("x/**/*.wav", "[1].wav")] == ["x/1.wav", "x/y/2.wav", "[1].wav"]


def test_standard_input_is_a_recording(folder: Path) -> None:
    path = write_clip(folder / "a.wav", 1)
    result = predict(STDIN, "--jsonl", stdin=path.read_bytes())
    assert result.exit_code == 0, result.output
    (named,) = answers("a.wav")
    assert json.loads(result.stdout) == named | {"path": "-"}
    result = predict(STDIN, stdin=b"no audio " * 50)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: -: expected WAV, FLAC, Ogg, MP3, AIFF, AU, CAF or W64, found none of them\n"


def test_all_formats_say_the_same(folder: Path) -> None:
    for seed in range(3):
        write_clip(folder / f"clips/{seed}.wav", seed)
    expected = answers("clips")
    lines = [json.loads(line) for line in predict("clips", "--jsonl").stdout.splitlines()]
    assert lines == expected
    rows = list(csv.DictReader(io.StringIO(predict("clips", "--csv").stdout)))
    assert list(rows[0]) == ["path", "emotion", "confidence", *(f"p_{name}" for name in EMOTIONS)]
    table = predict("clips").stdout.splitlines()
    assert table[0].split() == ["recording", "emotion", "probabilities"]
    for answer, row, line in zip(expected, rows, table[1:], strict=True):
        assert (row["path"], row["emotion"]) == (answer["path"], answer["emotion"])
        assert float(row["confidence"]) == pytest.approx(answer["confidence"], abs=1e-6)
        for name, probability in answer["probabilities"].items():
            assert float(row[f"p_{name}"]) == pytest.approx(probability, abs=1e-6)
        best = sorted(answer["probabilities"].items(), key=lambda one: -one[1])[:3]
        shares = [cell for name, probability in best for cell in (name, f"{probability:.0%}")]
        assert line.split() == [answer["path"], answer["emotion"], *shares]


def test_only_so_many_emotions_are_printed_as_are_asked_for(folder: Path) -> None:
    write_clip(folder / "a.wav", 1)
    (full,) = answers("a.wav")
    best = sorted(full["probabilities"].items(), key=lambda one: -one[1])[:2]
    (top,) = answers("a.wav", "--top", "2")
    assert list(top["probabilities"].items()) == best
    assert [line.split()[0] for line in predict("a.wav", "--top", "2").stdout.splitlines()[1:]] == [
        one[0] for one in best
    ]
    (row,) = csv.DictReader(io.StringIO(predict("a.wav", "--csv", "--top", "2").stdout))
    assert [name for name in EMOTIONS if row[f"p_{name}"]] == [name for name in EMOTIONS if name in dict(best)]


def test_below_the_smallest_confidence_the_emotion_is_unsure(folder: Path) -> None:
    write_clip(folder / "a.wav", 1)
    (sure,) = answers("a.wav")
    (still,) = answers("a.wav", "--min-confidence", str(sure["confidence"]))
    assert still == sure
    (unsure,) = answers("a.wav", "--min-confidence", str(sure["confidence"] + 1e-9))
    assert unsure == sure | {"emotion": "unsure"}
    assert predict("a.wav", "--min-confidence", "1").stdout.startswith("a.wav: unsure\n")
    assert predict("a.wav", "--min-confidence", "1.5").exit_code == 2


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_the_number_of_threads_changes_nothing(folder: Path, jobs: str) -> None:
    for seed in range(8):
        write_clip(folder / f"clips/{seed}.wav", seed)
    (folder / "clips/4.wav").write_text("not audio " * 50)
    result = predict("clips", "--jsonl", "--jobs", jobs)
    assert result.exit_code == 1
    assert [json.loads(line)["path"][6] for line in result.stdout.splitlines()] == list("0123567")


def test_a_bar_is_shown_on_a_terminal_alone(folder: Path) -> None:
    for seed in range(3):
        write_clip(folder / f"clips/{seed}.wav", seed)
    ser = str(Path(sys.executable).parent / "ser")
    main, side = os.openpty()
    termios.tcsetwinsize(side, (24, 80))
    with subprocess.Popen(
        [ser, "predict", "clips", "--jsonl", "--model", "models/model.onnx"], stdout=subprocess.PIPE, stderr=side
    ) as process:
        out, _ = process.communicate(timeout=120)
    assert select.select([main], [], [], 0)[0], "nothing was shown"
    shown = os.read(main, 10_000).decode()
    os.close(side)
    os.close(main)
    assert len(out.splitlines()) == 3
    assert "/3 [" in shown
    assert predict("clips", "--jsonl").stderr == ""


def test_neither_torch_nor_what_is_for_training_is_imported(folder: Path) -> None:
    write_clip(folder / "a.wav", 1)
    heavy = ("torch", "librosa", "numba", "pandas", "scipy", "sklearn", "matplotlib", "joblib", "onnx", "ruamel.yaml")
    code = f"""
import sys
from ser.cli.main import app
app(["predict", "a.wav", "--jsonl"], standalone_mode=False)
print([name for name in {heavy} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    answer, imported = done.stdout.splitlines()
    assert json.loads(answer)["path"] == "a.wav"
    assert imported == "[]"


def test_export_writes_what_predict_reads(folder: Path, small_model: Model) -> None:
    write_clip(folder / "a.wav", 1)
    (before,) = answers("a.wav")
    write_model(small_model, folder / "models/model.safetensors")
    result = runner.invoke(app, ["export", "--weights", "models/model.pth"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "models/model.onnx: logmel_gap, 8 emotions\nmodels/model.pth: weights alone\n"
    (after,) = answers("a.wav")
    assert after == before
    result = runner.invoke(app, ["export", "--model", "none"])
    assert (result.exit_code, result.stderr) == (1, "error: none: no such model file; `dvc repro` trains one\n")


def test_usage_errors_keep_exit_code_2() -> None:
    assert runner.invoke(app, ["predict"]).exit_code == 2
    assert runner.invoke(app, ["predict", "a.wav", "--jsn"]).exit_code == 2
    assert runner.invoke(app, ["predict", "a.wav", "--json", "--csv"]).exit_code == 2


def test_help_is_quick_because_it_imports_no_torch() -> None:
    heavy = ("torch", "librosa", "pandas", "matplotlib", "numpy", "ruamel.yaml")
    code = f"import sys, ser.cli.main; print([name for name in {heavy} if name in sys.modules])"
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert time.monotonic() - started < 20  # a hang, not a benchmark


def test_the_version_is_that_of_the_package() -> None:
    result = runner.invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("ser 0.")


def test_blas_leaves_the_cores_to_recordings_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    CliRunner().invoke(app, ["predict", "no such file"])
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    CliRunner().invoke(app, ["predict", "no such file"])
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"


def test_what_is_passed_over_in_folders_is_counted_and_costs_nothing(folder: Path) -> None:
    write_clip(folder / "one" / "a.wav", 1)
    (folder / "one" / "._a.wav").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    (folder / "one" / "music.ape").write_bytes(b"MAC \x96\x0f")
    write_clip(folder / "two" / "b.wav", 2)
    write_clip(folder / "two" / "c.wav", 3).rename(folder / "two" / "c.dat")
    (folder / "two" / "notes.txt").write_text("nothing to hear")
    result = predict("one", "two", "--jsonl")
    assert result.exit_code == 0, result.output
    assert [json.loads(line)["path"] for line in result.stdout.splitlines()] == ["one/a.wav", "two/b.wav"]
    sound, system = result.stderr.splitlines()
    assert sound.startswith("note: 2 files that look like sound passed over (1 .ape, 1 .dat): convert them to WAV")
    assert system == "note: 1 file of an operating system passed over, such as ._a.wav"


def test_a_recording_that_was_named_is_an_error_whatever_it_is(folder: Path) -> None:
    (folder / "._a.wav").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    assert predict("._a.wav").exit_code == 1


def test_folders_and_patterns_follow_links_once(folder: Path) -> None:
    write_clip(folder / "disk" / "deep" / "1.wav", 1)
    write_clip(folder / "calls" / "2.wav", 2)
    write_clip(folder / "calls" / ".hidden" / "3.wav", 3)
    (folder / "calls" / "link").symlink_to("../disk", target_is_directory=True)
    (folder / "calls" / "up").symlink_to("..", target_is_directory=True)
    (folder / "disk" / "deep" / "round").symlink_to("..", target_is_directory=True)
    expected = ["calls/2.wav", "calls/link/deep/1.wav"]
    assert [answer["path"] for answer in answers("calls")] == ["calls/.hidden/3.wav", *expected]
    for pattern in ("calls/**/*.wav", "calls/**", "c*/**/**/?.wav", f"{folder}/calls/**/[12].wav"):
        assert [answer["path"].removeprefix(f"{folder}/") for answer in answers(pattern)] == expected


def test_a_pattern_finds_links_that_lead_nowhere_and_no_pipes(folder: Path) -> None:
    write_clip(folder / "calls" / "a.wav", 1)
    (folder / "calls" / "gone.wav").symlink_to("nowhere")
    os.mkfifo(folder / "calls" / "pipe.wav")
    for pattern in ("calls/*", "calls/**", "calls"):
        result = predict(pattern, "--jsonl")
        assert json.loads(result.stdout)["path"] == "calls/a.wav"
        (error,) = result.stderr.splitlines()
        assert error.startswith("error: calls/gone.wav: ")


@pytest.mark.parametrize("name", ["a" * 5000, "a" * 5000 + "*"])
def test_a_name_that_is_too_long_is_one_line_and_the_others_are_predicted(folder: Path, name: str) -> None:
    write_clip(folder / "a.wav", 1)
    result = predict(name, "a.wav", "--jsonl")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["path"] == "a.wav"
    assert result.stderr == f"error: {name}: File name too long\n"


@pytest.mark.parametrize("word", ["", " "])
@pytest.mark.parametrize(
    "command",
    [
        ["predict"],
        ["predict", "a.wav"],
        ["predict", "a.wav", "--model"],
        ["timeline"],
        ["timeline", "a.wav", "--picture"],
        ["explain"],
        ["explain", "a.wav", "--out"],
        ["listen", "--file"],
        ["serve", "--model"],
        ["export", "--out"],
        ["corpora", "audit"],
        ["corpora", "audit", ".", "--html"],
        ["corpora", "list", "--folder"],
        ["tune-encoder", "encoder", "--out"],
    ],
)
def test_an_empty_word_is_not_the_current_folder(folder: Path, command: list[str], word: str) -> None:
    before = sorted(folder.rglob("*"))
    variants = [[*command, word]]
    if command[-1].startswith("--"):
        variants.append([*command[:-1], f"{command[-1]}={word}"])
    for words in variants:
        result = runner.invoke(app, words)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == (
            f"error: ser {command[0]}: expected a name or a value, found an empty word; is a variable not set?\n"
        )
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    "command", [["predict"], ["timeline"], ["explain"], ["listen", "--file"], ["predict", "a.wav", "--model"]]
)
@pytest.mark.parametrize("address", ["https://example.org/a//b.wav?x=1&y=2", "s3://bucket/a.wav", "FILE:///tmp/a.wav"])
def test_an_address_is_not_fetched_and_stays_as_it_was_written(command: list[str], address: str) -> None:
    result = runner.invoke(app, [*command, address])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"error: {address}: addresses are not fetched; download it, and give the path of the file\n"


def test_the_package_runs_as_the_command_does() -> None:
    def run(*program: str) -> tuple[int, str, str]:
        done = subprocess.run([*program, "preset", "list"], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    assert run(sys.executable, "-m", "ser") == run(str(Path(sys.executable).parent / "ser"))
    done = subprocess.run([sys.executable, "-m", "ser", "--help"], capture_output=True, text=True, check=True)
    assert "Usage: ser " in done.stdout


HOSTILE = ("=1+1.wav", "a\x1b[2J.wav", "b\n.wav", "c\u202e.wav", "ü漢.wav", "\udcff.wav")
"""Names that are a formula, steer a terminal, and that no encoding, or not every one, has."""


@pytest.fixture
def hostile(folder: Path) -> Path:
    for seed, name in enumerate(HOSTILE):
        write_clip(folder / "x.wav", seed)
        (folder / "x.wav").rename(folder / name)
        (folder / f"damaged {name}").write_bytes(b"RIFF\0\0\0\0WAVE")
    return folder


@pytest.mark.parametrize("options", [[], ["--csv"], ["--json"], ["--jsonl"]])
def test_names_are_printed_without_control_characters(hostile: Path, options: list[str]) -> None:
    result = predict(".", *options)
    assert result.exit_code == 1
    assert all(line.isprintable() for line in (result.stdout + result.stderr).splitlines())
    assert "\x1b" not in result.stdout + result.stderr
    assert result.stderr.count("error: damaged ") == len(result.stderr.splitlines()) == len(HOSTILE)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("options", [[], ["--csv"], ["--json"], ["--rttm"], ["--picture", "a.png"]])
@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_timeline_is_printed_without_control_characters(hostile: Path, options: list[str], name: str) -> None:
    result = runner.invoke(app, ["timeline", name, *options])
    assert result.exit_code == 0, result.output
    assert all(line.isprintable() for line in (result.stdout + result.stderr).splitlines())


def test_json_has_names_as_they_are_and_csv_as_spreadsheets_may_have_them(hostile: Path) -> None:
    assert {row["path"] for row in json.loads(predict(*HOSTILE, "--json").stdout)} == set(HOSTILE)
    rows = list(csv.DictReader(io.StringIO(predict(*HOSTILE, "--csv").stdout)))
    assert [row["path"] for row in rows][:2] == ["'=1+1.wav", "a\\x1b[2J.wav"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_a_name_that_the_console_cannot_show_ends_no_run(hostile: Path, encoding: str) -> None:
    command = [sys.executable, "-m", "ser", "predict", "ü漢.wav", "damaged ü漢.wav", "--model", "models/model.onnx"]
    done = subprocess.run(command, env=os.environ | {"PYTHONIOENCODING": encoding}, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stdout.decode(encoding).splitlines()[1].startswith("ü\\u6f22.wav ")
    assert done.stderr.decode(encoding).startswith("error: damaged ü\\u6f22.wav: ")
    assert done.stderr.count(b"\n") == 1


def test_what_is_unlike_all_training_is_said_to_be_so_and_doubted(
    whisper_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    write_clip(tmp_path / "a.wav", 1)
    found = []
    for farthest in (1e6, 1e-6):
        description = whisper_model.description.model_copy(update={"farthest": farthest})
        model = replace(whisper_model, description=description)
        (tmp_path / "models/model.onnx").write_bytes(to_onnx(model, describe(model, Path(__file__), None)))
        found += answers("a.wav")
    assert [one["unlike"] for one in found] == [False, True]
    assert found[0]["confidence"] > found[1]["confidence"] == pytest.approx(1 / 8, abs=1e-3)
    assert found[0]["emotion"] == found[1]["emotion"]
    assert predict("a.wav").stderr == "note: a.wav: unlike what the model was trained on: doubt its answer\n"
