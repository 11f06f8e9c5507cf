from importlib import import_module

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


def test_a_package_of_another_extra_is_one_line_and_a_module_of_ours_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, user_errors():
        raise ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")
    assert caught.value.code == 1
    expected = "error: torch.nn is not installed; `pip install 'speech-emotion[train]'` brings it\n"
    assert capsys.readouterr().err == expected
    with pytest.raises(ModuleNotFoundError), user_errors():
        import_module("ser.no_such_module")
