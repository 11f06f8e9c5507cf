import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from ser.cli.listen_display import json_line, render
from ser.cli.main import app
from ser.dataset.metadata import EMOTIONS
from ser.inference.live import Update
from tests.ser.inference.test_timeline import talk, write

SER = str(Path(sys.executable).parent / "ser")


@pytest.fixture
def folder(small_onnx: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an untrained model in its default place, and a talk."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/model.onnx").write_bytes(small_onnx)
    write(tmp_path / "a.wav", talk([1.0], pause=0.5))
    write(tmp_path / "long.wav", talk([1.0] * 20, pause=0.5))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def update(probabilities: np.ndarray | None, speaking: bool = True, dropped: int = 0) -> Update:
    return Update(12.3, -20.0, speaking, 2, probabilities, 0.0345 if speaking else None, dropped)


def lines(shown: Update) -> list[str]:
    console = Console(width=80, record=True, force_terminal=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    with console.file:
        console.print(render(shown, "a.wav", ("calm", "angry"), 80))
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_bars_are_as_long_as_emotions_are_probable() -> None:
    shown = lines(update(np.array([0.25, 0.75])))
    assert shown[0] == " a.wav  0:12  Ctrl-C ends"
    assert shown[2:4] == [" calm   25% " + "█" * 15, " angry  75% " + "█" * 45]
    assert shown[5] == " voice   [█████████████▍      ]  -20 dBFS   latency   34 ms"


def test_a_pause_and_lost_blocks_are_said() -> None:
    shown = lines(update(None, speaking=False, dropped=3))
    assert shown[2:4] == [" calm    0%", " angry   0%"]
    assert shown[5].startswith(" silence [")
    assert shown[5].endswith("latency    - ms   3 blocks dropped")


def test_json_has_null_for_what_is_not_there_yet() -> None:
    assert json.loads(json_line(update(np.array([0.25, 0.75])), ("calm", "angry"))) == {
        "seconds": 12.3,
        "voice": True,
        "level_db": -20.0,
        "latency_ms": 34.5,
        "dropped": 0,
        "emotion": "angry",
        "confidence": 0.75,
        "probabilities": {"calm": 0.25, "angry": 0.75},
    }
    found = json.loads(json_line(update(None, speaking=False), ("calm", "angry")))
    assert {found[name] for name in ("latency_ms", "emotion", "confidence", "probabilities")} == {None}


def test_where_stdout_is_no_terminal_every_update_is_a_line(folder: Path) -> None:
    result = CliRunner().invoke(app, ["listen", "--file", "a.wav", "--model", "models/model.onnx"])
    assert result.exit_code == 0, result.output
    updates = [json.loads(line) for line in result.stdout.splitlines()]
    assert updates[-1]["seconds"] == 2.0
    assert {one["voice"] for one in updates} == {True, False}
    assert list(updates[-1]["probabilities"]) == list(EMOTIONS)
    assert result.stderr.startswith("2.0 s heard, 1 phrase, latency ")
    assert result.stderr.endswith(" ms (longest), 0 blocks dropped\n")


def test_what_cannot_be_used_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)  # type: ignore[arg-type]
    for arguments, error in (
        (
            ["--file", "none.wav", "--model", "models/model.onnx"],
            "error: none.wav: expected an audio file, found no such file\n",
        ),
        (["--file", "a.wav", "--model", "none"], "error: none: no such model file; `dvc repro` trains one\n"),
        (
            ["--model", "models/model.onnx"],
            "error: sounddevice is not installed; `pip install 'speech-emotion[listen]'` brings it, and --file",
        ),
    ):
        result = CliRunner().invoke(app, ["listen", *arguments])
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(error)
        assert len(result.stderr.splitlines()) == 1
    assert CliRunner().invoke(app, ["listen", "--file", "a.wav", "--device", "1"]).exit_code == 2


def test_interrupted_it_ends_cleanly(folder: Path) -> None:
    command = [SER, "listen", "--file", "long.wav", "--model", "models/model.onnx"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(10)]
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(first[-1])["seconds"] >= 1.0
    (summary,) = said.splitlines()
    assert re.search(r" s heard, \d+ phrases?, latency ", summary)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Runs tmux in a server of its own."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")

    def tmux(*arguments: str) -> str:
        command = ["tmux", "-S", str(tmp_path / "tmux"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    yield tmux
    tmux("kill-server")


def wait_for(what: str, screen: Callable[[], str], seconds: float = 60) -> str:
    until = time.monotonic() + seconds
    while what not in (shown := screen()):
        assert time.monotonic() < until, shown
        time.sleep(0.1)
    return shown


def test_on_a_terminal_there_are_bars_until_ctrl_c(folder: Path, terminal: Callable[..., str]) -> None:
    shell = f"{SER} listen --file long.wav --model models/model.onnx; echo exit code $?; sleep 60"
    terminal("-f", "/dev/null", "new-session", "-d", "-x", "90", "-y", "24", "-c", str(folder), shell)

    def screen() -> str:
        return terminal("capture-pane", "-p")

    shown = wait_for(" voice ", lambda: screen() if "latency    -" not in screen() else "").splitlines()
    assert shown[0].startswith(" long.wav  0:0")
    bars = {line.split()[0]: line for line in shown[2:10]}
    assert list(bars) == list(EMOTIONS)
    for line in bars.values():
        share = int(line.split()[1].rstrip("%"))
        assert line.count("█") == pytest.approx(0.6 * share, abs=1)
    assert sum(int(line.split()[1].rstrip("%")) for line in bars.values()) == pytest.approx(100, abs=4)
    assert " dBFS   latency " in shown[11]
    wait_for("silence", screen)
    terminal("send-keys", "C-c")
    ended = wait_for("exit code", screen)
    assert "exit code 0" in ended
    assert " s heard, " in ended
    assert "Traceback" not in ended
    assert ended.count("long.wav") == 1  # drawn in place, and not below one another
