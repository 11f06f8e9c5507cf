"""What is shown to people: names as they are where they can be printed, and escaped where they cannot."""

import io
import sys
from typing import Literal

FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a formula of a spreadsheet begins with, the last four in the width of Chinese characters."""


def printable(text: str) -> str:
    r"""Escape what would move a terminal's cursor, change its colours, or turn the direction of what follows.

    >>> printable("a\x1b[2Jb\n.wav")
    'a\\x1b[2Jb\\n.wav'
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def one_line(message: object) -> str:
    r"""Bring a message to one line that can be printed.

    >>> one_line("a.wav:\n  no\x07 audio")
    'a.wav: no\\x07 audio'
    """
    return printable(" ".join(str(message).split()))


def tell(kind: Literal["note", "error"], message: object) -> None:
    """Print a message as one line on stderr."""
    print(f"{kind}: {one_line(message)}", file=sys.stderr)


def spreadsheet_cell(text: str) -> str:
    r"""Text for a cell of a CSV table: printable, and with an apostrophe before what a spreadsheet would compute.

    >>> spreadsheet_cell("=1+1.wav"), spreadsheet_cell("a=1.wav"), spreadsheet_cell("\t=1")
    ("'=1+1.wav", 'a=1.wav', '\\t=1')

    Source:
        OWASP, "CSV Injection".
    """
    shown = printable(text)
    return f"'{shown}" if shown.startswith(FORMULA) else shown


def bar(length: int) -> str:
    """Draw a bar of so many characters: blocks, or hash signs where stdout's encoding has no blocks."""
    try:
        "█".encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return "#" * length
    return "█" * length


def accept_every_name() -> None:
    """Let stdout escape what its encoding lacks, as stderr does from the start: a name must not end a run."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
