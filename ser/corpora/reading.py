"""Reading the labels of recordings by a corpus's recipe."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from unicodedata import normalize

from ser.audio.suffixes import FFMPEG_SUFFIXES, SUFFIXES
from ser.corpora.card import LabelReader
from ser.corpora.label_table import open_table
from ser.corpora.labels import Labels, UnlistedError
from ser.corpora.people import NOT_KNOWN
from ser.corpora.recipe import LABELS, STEM, FolderRule, Recipe, Table, fill
from ser.errors import InputError
from ser.walking import walk

_SOUND = (*SUFFIXES, *FFMPEG_SUFFIXES)
MAX_LISTED = 30
"""Codes that a message lists."""

Values = dict[str, str]
"""From a group to its code, or to what it means."""


@dataclass(frozen=True)
class RecipeReader:
    """Reads what a recipe says of recordings.

    Attributes:
        recipe: the corpus.
        rows: from a key to what the tables say of it; None where the recipe has no table.
        tables: what messages call them.
    """

    recipe: Recipe
    rows: Mapping[tuple[str, ...], Values] | None = None
    tables: str = ""
    _codes: dict[str, dict[str, str | dict[str, str]]] = field(init=False)
    _spelling: dict[str, dict[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        codes = self.recipe.codes.items()
        meanings = {group: {self._case(code): text for code, text in known.items()} for group, known in codes}
        spelling = {group: {self._case(code): code for code in known} for group, known in codes}
        object.__setattr__(self, "_codes", meanings)
        object.__setattr__(self, "_spelling", spelling)

    def read(self, path: PurePath) -> Labels:
        """Read the labels of one recording.

        Args:
            path: no more of it is looked at than its name, and as many folders as the recipe has in its pattern.

        Raises:
            UnlistedError: the corpus's table does not name it.
            InputError: its name is not made by the corpus's rules, or is one that the corpus does not have.
        """
        parts, codes = self.groups(path)
        labels, shown = self._decode(codes)
        for rule in self.recipe.impossible:
            if all(
                group in codes and pattern.full_match(codes[group], ignore_case=self.recipe.ignore_case) is not None
                for group, pattern in rule.when.items()
            ):
                raise InputError(fill(rule.why, shown))
        if self.recipe.folder and len(parts) > 1:
            self._check_folder(self.recipe.folder, parts[-2], shown)
        labels |= {label: fill(template, shown) for label, template in self.recipe.labels.items()}
        if not labels.get("emotion"):
            raise InputError(f"neither its name nor {self.tables or 'a table'} gives an emotion")
        return Labels(**{"gender": "", "speaker": "", "language": self.recipe.language} | labels)

    def identify(self, path: PurePath) -> str:
        """Call a recording by what tells it from the others of its corpus."""
        if self.recipe.identity == "{stem}":
            return _parts(path)[-1]
        _, codes = self.groups(path)
        return fill(self.recipe.identity, self._decode(codes)[1])

    def _case(self, text: str) -> str:
        return text.lower() if self.recipe.ignore_case else text

    def key(self, codes: Values) -> tuple[str, ...]:
        """Make what rows and recordings are brought together by.

        Raises:
            InputError: a code in it is not known.
        """
        names = self.recipe.table.key if self.recipe.table else []
        _, shown = self._decode({name: codes[name] for name in names})
        return tuple(shown.get(name, "") for name in names)

    def groups(self, path: PurePath) -> tuple[list[str], Values]:
        """Take a path apart, and find the codes of the groups in it and in the table.

        Raises:
            InputError: as `read`, but for codes that are not known.
        """
        parts = _parts(path)
        parts[-1] = self.recipe.misspelt.get(parts[-1], parts[-1])
        for pattern in self.recipe.pattern:
            codes = pattern.match(parts, ignore_case=self.recipe.ignore_case)
            if codes is not None:
                break
        else:
            raise InputError(f"expected {self.recipe.expected}, found '{parts[-1]}'")
        codes |= {STEM: parts[-1]}
        if self.recipe.table and self.rows is not None:
            row = self.rows.get(self.key(codes))
            if row is None:
                raise UnlistedError(f"not in {self.tables}")
            codes |= row
        return parts, codes

    def _decode(self, codes: Values) -> tuple[dict[str, str], Values]:
        """Translate codes.

        Returns:
            The labels that they give, and what each group is called in messages.

        Raises:
            InputError: a code is not known.
        """
        labels: dict[str, str] = {}
        shown: Values = {}
        for group, written in codes.items():
            code = self._case(written)
            known = self._codes.get(group, {code: code})
            if code not in known:
                if code:
                    raise InputError(self._unknown(group, written))
                continue
            meaning = known[code]
            shown[group] = meaning if isinstance(meaning, str) else self._spelling[group][code]
            if group in LABELS:
                labels[group] = shown[group]
            if isinstance(meaning, dict):
                labels |= meaning
        return labels, shown

    def _unknown(self, group: str, code: str) -> str:
        known = listed(list(self.recipe.codes[group]))
        if group in self.recipe.unknown:
            return fill(self.recipe.unknown[group], {"code": code, "known": known})
        short = self.recipe.short
        article = "an" if short[0] in "AEIOU" else "a"
        return f"{group.replace('_', ' ')} code {code} is not {article} {short} code ({known})"

    def _check_folder(self, rule: FolderRule, folder: str, shown: Values) -> None:
        found = rule.pattern.full_match(folder, ignore_case=self.recipe.ignore_case)
        if found is None:
            return
        says = {}
        for group, written in found.items():
            code = self._case(written)
            own = {self._case(other): meaning for other, meaning in rule.codes.get(group, {}).items()}
            meaning = own.get(code, self._codes.get(group, {}).get(code))
            if meaning is None:
                return
            says[group] = meaning if isinstance(meaning, str) else self._spelling[group][code]
        if any(says[group] != shown.get(group) for group in says):
            raise InputError(fill(rule.why, shown | {"folder": folder}))


def open_recipe(recipe: Recipe, folder: Path) -> LabelReader:
    """Make what reads the labels of the recordings in `folder`.

    Raises:
        InputError: the corpus cannot be used, or its table is not there or cannot be read.
    """
    reader, tables = read_tables(recipe, folder)
    return LabelReader(reader.read, tables, identify=reader.identify)


def read_tables(recipe: Recipe, folder: Path) -> tuple[RecipeReader, tuple[Path, ...]]:
    """Make a recipe's reader, and list the tables that it reads; raises what `open_recipe` does."""
    if recipe.refused:
        raise InputError(f"{recipe.short} cannot be used: {recipe.refused}")
    bare = RecipeReader(recipe)
    if recipe.table is None:
        return bare, ()
    tables = [path for path in walk(folder) if recipe.table.files.match(_parts(path, whole=True)) is not None]
    if not tables:
        raise InputError(f"{folder.as_posix()}: no table of {recipe.short}'s labels: {recipe.naming}")
    rows: dict[tuple[str, ...], Values] = {}
    for path in tables:
        for line, row in _rows(path, recipe.table):
            where = f"{path.as_posix()}: line {line}"
            try:
                key = bare.key(row)
            except InputError as error:
                raise InputError(f"{where}: {error}") from None
            if rows.setdefault(key, row) != row:
                raise InputError(f"{where}: {' '.join(key)} stands in an earlier row otherwise")
    names = ", ".join(path.name for path in tables[:3]) + (", ..." if len(tables) > 3 else "")
    return RecipeReader(recipe, rows, names), tuple(tables)


def listed(codes: list[str]) -> str:
    """List codes for a message.

    >>> listed(["01", "02", "03"]), listed(["OAF", "YAF"]), listed(["a", "d", "sa"])
    ('01 to 03', 'OAF or YAF', 'a, d, sa')
    """
    numbers = sorted(map(int, codes)) if all(re.fullmatch("[0-9]+", code) for code in codes) else []
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        return f"{min(codes)} to {max(codes)}"
    if len(codes) == 2:
        return " or ".join(codes)
    return ", ".join([*codes[:MAX_LISTED], *(["..."] if len(codes) > MAX_LISTED else [])])


def _rows(path: Path, table: Table) -> Iterator[tuple[int, Values]]:
    """Yield the rows of a table's file, each with the number of its line; what is not known is an empty text."""
    fixed = table.files.match(_parts(path, whole=True)) or {}
    text = open_table(path, "table.files")
    if table.lines is None:
        found: Iterator[tuple[int, Values]] = text.rows(table.columns, "table.columns")
    else:
        found = (
            (number, row)
            for number, line in enumerate(text.text.splitlines(), start=1)
            if (row := table.lines.full_match(line)) is not None
        )
    for number, row in found:
        values = {group: _plain(value) for group, value in (fixed | row).items()}
        if STEM in values:
            *_, name = _parts(PurePath(values[STEM]), whole=True)
            values[STEM] = PurePath(name).stem if PurePath(name).suffix.lower() in _SOUND else name
        yield number, values


def _plain(text: str) -> str:
    text = " ".join(normalize("NFC", text).split())
    return "" if text.casefold() in NOT_KNOWN else text


def _parts(path: PurePath, *, whole: bool = False) -> list[str]:
    """Take a path apart, whichever slash it has and however its letters are composed; without extension or `whole`."""
    parts = normalize("NFC", str(path)).replace("\\", "/").split("/")
    if not whole:
        parts[-1] = PurePath(parts[-1]).stem
    return parts
