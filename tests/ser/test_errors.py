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
