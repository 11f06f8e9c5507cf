"""A CSV that labels a corpus, in any of the ways in which spreadsheets write one.

Its columns are known by name, and they, not a guess from the whole, say what separates them: comma, semicolon, tab or
bar, whichever makes a header that holds them. The text is UTF-8 or UTF-16, and else taken for Windows-1252, which is
said, since almost any bytes are text in that.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import normalize

from ser.audio.files import other_kind
from ser.errors import InputError

DELIMITERS = (",", ";", "\t", "|")
REMEDY = "save it as 'CSV UTF-8'"


@dataclass(frozen=True)
class LabelTable:
    """A table, decoded and not yet read.

    Attributes:
        where: what messages call it.
        text: all of it.
        guessed: whether the encoding is a guess.
    """

    where: str
    text: str
    guessed: bool

    def rows(self, columns: Mapping[str, str], setting: str) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield every row as its line number, and its values by field: empty where there is no column.

        Args:
            columns: from a field to the column that holds it; an empty name says that there is none.
            setting: where the columns are named, for messages.

        Raises:
            InputError: it is not a CSV, a column is not there or there twice, or a row has more or fewer values.
        """
        announced = re.match(r"sep=([,;\t|])\r?\n", self.text)  # Excel's own way to name the delimiter
        text = self.text[announced.end() :] if announced else self.text
        delimiter = announced[1] if announced else _find_delimiter(text, columns)
        reader = _reader(text, delimiter)
        try:
            header = [_plain(name) for name in next(reader, [])]
            positions = self._positions(header, columns, setting)
            for values in reader:
                line = reader.line_num + bool(announced)
                if not any(values):  # a row that was cleared
                    continue
                if len(values) != len(header):
                    raise InputError(f"{self.where}: line {line}: expected {len(header)} values, found {len(values)}")
                yield line, {field: values[at] if at >= 0 else "" for field, at in positions.items()}
        except csv.Error as error:
            raise InputError(f"{self.where}: not a CSV table: {error}") from None

    def _positions(self, header: list[str], columns: Mapping[str, str], setting: str) -> dict[str, int]:
        """Find the column of each field; -1 is none."""
        positions = {}
        for field, name in columns.items():
            column = _plain(name)
            if column and header.count(column) != 1:
                found = "two columns" if column in header else "no column"
                raise InputError(f"{self.where}: {found} '{column}' ({setting}.{field}), found {', '.join(header)}")
            positions[field] = header.index(column) if column else -1
        return positions


def open_table(path: Path, setting: str) -> LabelTable:
    """Read a table's text.

    Args:
        path: the table.
        setting: where it is named, for messages.

    Raises:
        InputError: it is not there, cannot be read, or is no text.
    """
    where = path.as_posix()
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{where}: no such file ({setting})") from None
    except OSError as error:
        raise InputError(f"{where}: cannot be read: {error.strerror}") from None
    kind = other_kind(path)
    if kind in ("archive", "document"):
        raise InputError(f"{where}: not a CSV table but a spreadsheet or another {kind}: {REMEDY}")
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        guessed = encoding == "cp1252"
        return LabelTable(f"{where} (taken for Windows-1252 text)" if guessed else where, text, guessed)
    raise InputError(f"{where}: not a CSV table: neither UTF-8, UTF-16 nor Windows-1252 text: {REMEDY}")


def _encodings(content: bytes) -> tuple[str, ...]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    if b"\0" in content[:2]:  # UTF-16 without a mark, of a name that begins with an ASCII letter
        return ("utf-16-be" if content[0] == 0 else "utf-16-le",)
    return ("utf-8-sig", "cp1252")


def _find_delimiter(text: str, columns: Mapping[str, str]) -> str:
    """The delimiter whose header holds the most of the named columns; of several, the first of `DELIMITERS`."""
    named = {_plain(name) for name in columns.values()} - {""}

    def n_named(delimiter: str) -> int:
        try:
            return len(named & set(map(_plain, next(_reader(text, delimiter), []))))
        except csv.Error:  # quoted otherwise than with this delimiter
            return 0

    return max(DELIMITERS, key=n_named)


def _reader(text: str, delimiter: str) -> Any:  # csv names no type
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)


def _plain(name: str) -> str:
    return normalize("NFC", name.strip())
