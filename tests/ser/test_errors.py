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
