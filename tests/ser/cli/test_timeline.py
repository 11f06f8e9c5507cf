import errno
import json
import os
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result
from typer.testing import CliRunner

from ser.cli.main import app
from ser.cli.timeline_reports import as_csv, as_json, as_rttm, as_text
from ser.inference.predictor import Predictor
from ser.inference.timeline import read_timeline
from tests.ser.inference.test_timeline import talk, write

SER = str(Path(sys.executable).parent / "ser")


@pytest.fixture
def folder(small_onnx: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an untrained model in its default place, and a talk."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/model.onnx").write_bytes(small_onnx)
    write(tmp_path / "a.wav", talk([0.3, 2.0]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def timeline(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["timeline", "--model", "models/model.onnx", *arguments], input=stdin)


def test_every_format_is_printed(folder: Path) -> None:
    found = read_timeline(Predictor.load("models/model.onnx"), "a.wav", hop=0.2)
    assert len(found.segments()) >= 2
    for option, text in (
        ("--jobs=1", as_text("a.wav", found, 0.2)),
        ("--csv", as_csv(found, 0.2)),
        ("--json", as_json("a.wav", found, 0.2)),
        ("--rttm", as_rttm("a.wav", found, 0.2)),
    ):
        result = timeline("a.wav", "--hop", "0.2", "--min-confidence", "0.2", option)
        assert (result.exit_code, result.stdout, result.stderr) == (0, text, "")


def test_standard_input_is_a_recording(folder: Path) -> None:
    result = timeline("-", "--json", stdin=(folder / "a.wav").read_bytes())
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads(timeline("a.wav", "--json").stdout) | {"path": "-"}


def test_the_picture_is_written_beside_the_table(folder: Path) -> None:
    result = timeline("a.wav", "--picture", "a.png")
    assert (result.exit_code, result.stdout) == (0, timeline("a.wav").stdout)
    assert (folder / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_whose_writing_fails_leaves_the_old_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.png").write_bytes(b"old")

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    result = timeline("a.wav", "--picture", "a.png")
    assert (result.exit_code, result.stderr) == (1, "error: a.png: cannot be written: No space left on device\n")
    assert (folder / "a.png").read_bytes() == b"old"
    assert [path.name for path in folder.glob(".a.png*")] == []


def test_a_picture_that_cannot_be_is_refused_before_anything_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timeline("a.wav", "--picture", "a.gif").exit_code == 2
    result = timeline("a.wav", "--picture", "none/a.png")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "error: none/a.png: no such folder\n")
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # type: ignore[arg-type]
    result = timeline("a.wav", "--picture", "a.png")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: matplotlib is not installed; `pip install 'speech-emotion[plot]'` brings it\n"


def test_what_cannot_be_used_is_one_line(folder: Path) -> None:
    for name in ("text.wav", "song.ac3"):
        (folder / name).write_text("I am no recording.\n" * 20)
    unknown = "expected WAV, FLAC, Ogg, MP3, AIFF, AU, CAF or W64, found none of them"
    for arguments, error in (
        (("text.wav",), f"error: text.wav: {unknown}\n"),
        (("song.ac3",), f"error: song.ac3: {unknown}; convert it to WAV first\n"),
        (("none.wav",), "error: none.wav: expected an audio file, found no such file\n"),
        (("a.wav", "--hop", "7"), "error: expected a hop of 0.05 to 0.4 s, the window; got 7\n"),
        (("a.wav", "--model", "none"), "error: none: no such model file; `dvc repro` trains one\n"),
    ):
        result = timeline(*arguments)
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", error)


def test_usage_errors_keep_exit_code_2(folder: Path) -> None:
    assert timeline().exit_code == 2
    assert timeline("a.wav", "--csv", "--rttm").exit_code == 2
    assert timeline("a.wav", "--min-confidence", "2").exit_code == 2


def test_silence_is_an_answer_and_no_error(folder: Path) -> None:
    soundfile.write("silent.wav", np.zeros(16_000), 8_000)
    result = timeline("silent.wav")
    assert (result.exit_code, result.stdout) == (0, "silent.wav: 0:02, voice in 0:00 of it\n")


def test_a_bar_is_shown_on_a_terminal(folder: Path) -> None:
    main, side = os.openpty()
    termios.tcsetwinsize(side, (24, 80))
    with subprocess.Popen([SER, "timeline", "a.wav", "--csv"], stdout=subprocess.PIPE, stderr=side) as process:
        out, _ = process.communicate(timeout=120)
    shown = os.read(main, 10_000).decode()
    os.close(side)
    os.close(main)
    assert process.returncode == 0, shown
    assert out.startswith(b"start,end,emotion")
    assert " s [" in shown


def test_neither_torch_nor_what_is_for_training_is_imported(folder: Path) -> None:
    heavy = ("torch", "librosa", "numba", "pandas", "scipy", "sklearn", "matplotlib", "joblib", "onnx", "rich.live")
    code = f"""
import sys
from ser.cli.main import app
app(["timeline", "a.wav", "--rttm"], standalone_mode=False)
print([name for name in {heavy} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("SPEAKER a 1 ")
    assert done.stdout.splitlines()[-1] == "[]"
