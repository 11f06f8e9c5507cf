import os
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from ser.errors import InputError, user_errors


def test_an_input_error_is_one_line_on_stderr_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, user_errors():
        raise InputError("params.yaml: broken\n  in two\nlines")
    assert caught.value.code == 1
    captured = capsys.readouterr()
    assert captured.err == "error: params.yaml: broken in two lines\n"
    assert captured.out == ""


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), user_errors():
        1 / 0  # noqa: B018


@pytest.mark.parametrize(("module", "extra"), [("torch.nn", "train"), ("fastapi", "serve"), ("matplotlib", "plot")])
def test_a_package_of_an_extra_is_one_line(module: str, extra: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, user_errors():
        raise ModuleNotFoundError(f"No module named '{module}'", name=module)
    assert caught.value.code == 1
    expected = f"error: {module} is not installed; `pip install 'speech-emotion[{extra}]'` brings it\n"
    assert capsys.readouterr().err == expected


def test_a_module_of_ours_that_is_missing_is_a_bug() -> None:
    with pytest.raises(ModuleNotFoundError), user_errors():
        import_module("ser.no_such_module")


def run_code(code: str, redirection: str) -> subprocess.CompletedProcess[str]:
    text = f"from ser.errors import user_errors\nwith user_errors():\n    {code}\n"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(text)} {redirection}"
    # Without a buffer, a write that failed leaves nothing that could fail again.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, env=environment)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_an_output_that_is_full_is_one_line() -> None:
    result = run_code("print('word')", "> /dev/full")
    assert (result.returncode, result.stderr) == (1, "error: standard output: No space left on device\n")


def test_an_output_that_nobody_reads_ends_in_silence() -> None:
    result = run_code("[print('word ' * 99) for _ in range(9999)]", "| head -n 1 > /dev/null")
    assert result.stderr == ""


def test_an_input_that_is_closed_is_empty() -> None:
    result = run_code("import sys; print(sys.stdin.buffer.read())", "<&-")
    assert (result.returncode, result.stdout, result.stderr) == (0, "b''\n", "")


def test_what_the_system_says_without_a_file_is_not_said_of_the_output() -> None:
    result = run_code("raise OSError(27, 'File too large')", "")
    assert (result.returncode, result.stderr) == (1, "error: File too large\n")


def test_a_file_that_the_system_refuses_is_one_line(tmp_path: Path) -> None:
    result = run_code(f"open({str(tmp_path)!r})", "")
    assert (result.returncode, result.stderr) == (1, f"error: {tmp_path}: Is a directory\n")
