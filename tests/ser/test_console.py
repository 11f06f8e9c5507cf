import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser.console import accept_every_name, bar, one_line, printable, spreadsheet_cell, tell

TEXT = st.text(st.characters(exclude_categories=()))
"""Any, with control characters and halves of surrogate pairs."""


@given(TEXT)
def test_what_is_shown_can_be_printed_and_is_one_line(text: str) -> None:
    for shown in (printable(text), one_line(text), spreadsheet_cell(text)):
        assert shown.isprintable()
        shown.encode()
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize("text", ["a b.wav", "ü漢字🙂.wav", "C:\\a.wav", ""])
def test_what_can_be_printed_stays_as_it_is(text: str) -> None:
    assert printable(text) == one_line(text) == spreadsheet_cell(text) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\uff1d1+1"])
def test_a_cell_that_a_spreadsheet_would_compute_gets_an_apostrophe(text: str) -> None:
    assert spreadsheet_cell(text) == f"'{text}"


def test_a_message_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    tell("note", "a\x1b[2J.wav:\n  odd")
    assert capsys.readouterr() == ("", "note: a\\x1b[2J.wav: odd\n")


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "██"), ("cp437", "██"), ("cp1252", "##"), ("latin-1", "##"), ("ascii", "##")]
)
def test_stdout_shows_every_name_and_bars_as_well_as_it_can(
    encoding: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        accept_every_name()
        print(bar(2), "漢", flush=True)
    written = stdout.buffer.getvalue()
    assert written.decode(encoding) == f"{shown} {'漢' if encoding == 'utf-8' else chr(92) + 'u6f22'}\n"
