r"""Patterns of a recipe: the part of regular expressions that never goes back, so that no pattern takes long.

A pattern is made of characters, escapes such as ``\d`` or ``\.``, classes such as ``[^_/]``, named groups
``(?P<speaker>...)`` and groups ``(?:...)``, in which bars part alternatives. A character or a class may be repeated
with ``?``, ``*``, ``+`` or ``{2,3}``, a group be optional with ``?``. It is read from left to right: a repeat takes
all that it can, the first alternative that fits is taken, and neither is taken back. So the time for a text is at most
in proportion to its length, whoever wrote the pattern.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import PlainValidator

MAX_PATTERN = 500
"""Characters of a pattern."""

MAX_TEXT = 1_000
"""Characters of a text that is matched: paths are shorter."""

_TOKEN = re.compile(
    r"(?P<open>\(\?:|\(\?P<[a-z_]+>)|(?P<close>\))|(?P<bar>\|)|(?P<repeat>[?*+]|\{[0-9]{1,3}(?:,[0-9]{0,3})?\})"
    r"|(?P<one>\\[dswDSW]|\\[^\w\s]|\\t|\[(?:\\.|[^\]\\])+\]|[^\\\[\](){}?*+|.^$])"
)


@dataclass(frozen=True)
class Pattern:
    """A pattern over the end of a path.

    Attributes:
        expression: what is matched against all of a text.
        groups: the names of its groups.
        depth: how many folders it looks at, at most.
    """

    expression: re.Pattern[str]
    groups: frozenset[str]
    depth: int

    def match(self, parts: Sequence[str], *, ignore_case: bool = False) -> dict[str, str] | None:
        """Match the last parts of a path, as many as the pattern may take, else fewer.

        Returns:
            From the name of each group that took part to its text; None if the pattern does not match.
        """
        for n_parts in range(min(self.depth + 1, len(parts)), 0, -1):
            found = self.full_match("/".join(parts[-n_parts:]), ignore_case=ignore_case)
            if found is not None:
                return found
        return None

    def full_match(self, text: str, *, ignore_case: bool = False) -> dict[str, str] | None:
        """Match all of a text; returns what `match` does."""
        if len(text) > MAX_TEXT:
            return None
        expression = re.compile(self.expression.pattern, re.IGNORECASE) if ignore_case else self.expression
        match = expression.fullmatch(text)
        return match and {name: text for name, text in match.groupdict().items() if text is not None}


def compile_pattern(text: Any) -> Pattern:
    """Compile a pattern.

    Raises:
        ValueError: it is no such pattern; says where.
    """
    if not isinstance(text, str) or not 0 < len(text) <= MAX_PATTERN:
        raise ValueError(f"expected a pattern of at most {MAX_PATTERN} characters")
    return _compiled(text)


@cache
def _compiled(text: str) -> Pattern:
    written: list[str] = []
    closing: list[str] = []
    depth, at, before = 0, 0, ""
    while at < len(text):
        token = _TOKEN.match(text, at)
        kind = token.lastgroup if token else None
        part = token[0] if token else text[at]
        if kind == "repeat" and (before == "one" or (before == "close" and part == "?")):
            part += "+"  # possessive: what was taken is not given back
        elif kind == "open":
            closing.append("))" if "<" in part else ")")
            part = part + "(?>" if "<" in part else "(?>"
        elif kind == "close" and closing:
            part = closing.pop()
        elif kind not in ("one", "bar"):
            raise ValueError(f"'{part}' at character {at + 1} of the pattern cannot stand there{_remedy(part)}")
        depth += part == "/"
        written.append(part)
        at, before = token.end() if token else at, kind or ""
    if closing:
        raise ValueError("a group of the pattern is not closed")
    try:
        expression = re.compile("(?>" + "".join(written) + ")")
    except re.error as error:
        raise ValueError(f"not a pattern: {error.msg}") from None
    return Pattern(expression, frozenset(expression.groupindex), depth)


def _remedy(part: str) -> str:
    if part == ".":
        return r": say what it may be, such as [^_/], or write \."
    return ": only a character or a class can be repeated, a group be optional" if part in "?*+{" else ""


PatternField = Annotated[Pattern, PlainValidator(compile_pattern)]
"""A field of a recipe that is written as a pattern."""
