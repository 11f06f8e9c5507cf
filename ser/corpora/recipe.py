"""What stands in a recipe: a corpus's file in ser/corpora/recipes, or in a folder of the user's own.

A recipe says what a corpus is, where it is had, and how its labels are read: a pattern over the path of a recording, or
the columns of a table, and tables of codes. It is data alone: nothing in it is run, and no pattern takes long
(`ser.corpora.patterns`). docs/extending.md shows one; `ser.corpora.reading` does what it says.
"""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Self
from unicodedata import normalize

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ser.corpora.labels import Labels
from ser.corpora.patterns import Pattern, PatternField
from ser.corpora.people import GENDERS
from ser.corpora.sources import Source
from ser.params import CorpusName, Printable, Section, read_text, validated, yaml_errors

LABELS = frozenset(field.name for field in fields(Labels))
"""What a recipe can say of a recording."""

STEM = "stem"
"""The name of a file without its extension, wherever a group can be named."""

_PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")

Sentence = Annotated[str, Field(max_length=500), Printable, AfterValidator(lambda text: normalize("NFC", text))]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")]
Code = Annotated[str, Field(max_length=200), Printable, AfterValidator(lambda text: normalize("NFC", text))]
Meaning = Sentence | dict[Name, Sentence]
Codes = Annotated[dict[Code, Meaning], Field(min_length=1, max_length=5_000)]


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def fill(template: str, values: dict[str, str]) -> str:
    """Put values in the place of the names in braces; a value that is not there is nothing.

    >>> fill("Say the word {word}", {"word": "back"})
    'Say the word back'
    """
    return _PLACEHOLDER.sub(lambda name: values.get(name[1], ""), template)


class Impossible(Section):
    """Recordings that cannot be: those in which all of these groups have codes that match.

    Attributes:
        when: from a group to a pattern over its code.
        why: what is wrong then; names in braces are those of groups.
    """

    when: Annotated[dict[Name, PatternField], Field(min_length=1)]
    why: Sentence


class FolderRule(Section):
    """The name of the folder that a recording lies in must not contradict the recording's own.

    Attributes:
        pattern: over the folder's name; one that does not match, or has an unknown code, says nothing.
        codes: those that the folder spells otherwise than the recordings do.
        why: what is wrong when it does contradict; ``{folder}`` is its name.
    """

    pattern: PatternField
    codes: dict[Name, dict[Code, Sentence]] = Field(default_factory=dict)
    why: Sentence


class Table(Section):
    """A table in the corpus's folder that names recordings and has a row, or a line, for each.

    Attributes:
        files: pattern over the end of the table's path, extension included; several files are read as one table.
        columns: from a group to the column that holds it, in a CSV that any program wrote; or
        lines: pattern over a line; others are passed over.
        key: the groups by which rows and recordings are brought together. ``stem`` in a row is that of a path.
    """

    files: PatternField
    columns: dict[Name, Code] = Field(default_factory=dict)
    lines: PatternField | None = None
    key: Annotated[list[Name], Field(min_length=1, max_length=5)]

    @property
    def groups(self) -> frozenset[str]:
        """What a row says."""
        return self.files.groups | frozenset(self.columns) | (self.lines.groups if self.lines else frozenset())

    @model_validator(mode="after")
    def _rows_have_values(self) -> Self:
        if bool(self.columns) == bool(self.lines):
            raise ValueError("expected either columns or lines")
        if missing := set(self.key) - self.groups:
            raise ValueError(f"key: '{min(missing)}' is neither a column nor a group of lines or files")
        return self


class Recipe(Section):
    """A corpus.

    Attributes:
        title: as its authors call it.
        short: as messages call it.
        source: what to cite, with the DOI if there is one.
        url: where it is published.
        licence: what its publisher allows.
        licence_url: the licence's text; empty where there is none to read.
        language: ISO 639 code; empty where a group gives it.
        acted: whether speakers were asked for the emotions.
        clips: number of recordings, as published.
        clips_are: which recordings ``clips`` counts, and what there is besides; empty when it counts all.
        hours: of audio, approximately.
        speakers: number of them.
        naming: how a recording is named, in one sentence.
        get: where it is had.
        refused: why it cannot be used at all; empty for what can.
        pattern: over the end of a recording's path without extension, ``/`` between folders; of several, the first that
            matches holds.
        expected: what a message says of names that do not match.
        ignore_case: whether capitals do not matter, in names and in codes.
        misspelt: published names that break the rules, and what they should be.
        codes: from a group to what its codes mean: the text of the label of the group's name, or several labels. A
            group of a label's name without codes is that label as it stands.
        unknown: what a message says of a code that is not known, where it is not the common sentence; ``{code}`` is the
            code, ``{known}`` are those that are.
        labels: labels that are the same throughout, or made of groups in braces.
        impossible: names that the rules make and the corpus does not have.
        folder: what the folder must agree with.
        identity: what a recording is called; two of one name are a mistake.
        table: what labels the recordings besides their names.
    """

    title: Sentence
    short: Sentence
    source: Sentence
    url: Sentence
    licence: Sentence
    licence_url: Sentence
    language: Annotated[str, Field(pattern=r"^([a-z]{2,3})?$")]
    acted: bool
    clips: Annotated[int, Field(ge=0)]
    clips_are: Sentence = ""
    hours: Annotated[float, Field(ge=0)]
    speakers: Annotated[int, Field(ge=0)]
    naming: Sentence
    get: Source
    refused: Sentence = ""
    pattern: Annotated[list[PatternField], BeforeValidator(_listed), Field(min_length=1, max_length=10)]
    expected: Sentence
    ignore_case: bool = False
    misspelt: dict[Code, Code] = Field(default_factory=dict)
    codes: Annotated[dict[Name, Codes], Field(max_length=50)] = Field(default_factory=dict)
    unknown: dict[Name, Sentence] = Field(default_factory=dict)
    labels: dict[Name, Sentence] = Field(default_factory=dict)
    impossible: list[Impossible] = Field(default_factory=list, max_length=50)
    folder: FolderRule | None = None
    identity: Sentence = "{stem}"
    table: Table | None = None

    @model_validator(mode="after")
    def _all_that_is_named_is_there(self) -> Self:
        for pattern in self.pattern:
            self._check_groups(pattern)
        groups = self._groups()
        for where, names in self._named():
            if unknown := sorted(set(names) - groups):
                raise ValueError(
                    f"{where}: no group or column is called '{unknown[0]}', there is {', '.join(sorted(groups))}"
                )
        return self

    @model_validator(mode="after")
    def _labels_can_be(self) -> Self:
        if unknown := sorted(set(self.labels) - LABELS):
            raise ValueError(f"labels: '{unknown[0]}' is no label, expected one of {', '.join(sorted(LABELS))}")
        for group, code, label, text in self._meanings():
            where = f"codes.{group}.{code}"
            if label not in LABELS and label != group:
                raise ValueError(f"{where}: '{label}' is no label, expected one of {', '.join(sorted(LABELS))}")
            if label == "emotion" and not text.strip():
                raise ValueError(f"{where}: expected an emotion, found none")
            if label == "gender":
                _check_gender(where, text)
        _check_gender("labels.gender", self.labels.get("gender", ""))
        return self

    def _check_groups(self, pattern: Pattern) -> None:
        """See that a pattern, with the table, gives what every recording must have."""
        there = pattern.groups | {STEM}
        if self.table:
            if missing := set(self.table.key) - there:
                raise ValueError(f"pattern: expected the groups of table.key, found none called '{min(missing)}'")
            there |= self.table.groups
        for label in ("emotion", "gender"):
            if label in there and label not in self.codes:
                raise ValueError(f"codes: expected what each code of the group '{label}' means")
        giving = {group for group in there & set(self.codes) if group == "emotion" or self._always("emotion", group)}
        if not (giving or "emotion" in self.labels or self.refused):
            raise ValueError(
                "pattern: expected a group or a column that gives the emotion, such as (?P<emotion>[a-z]+)"
            )

    def _always(self, label: str, group: str) -> bool:
        return all(isinstance(meaning, dict) and label in meaning for meaning in self.codes[group].values())

    def _groups(self) -> set[str]:
        groups = set[str]().union(*(pattern.groups for pattern in self.pattern))
        return groups | {STEM} | (self.table.groups if self.table else set())

    def _named(self) -> Iterator[tuple[str, set[str]]]:
        """Yield every place that names groups, and which."""
        yield "codes", set(self.codes)
        yield "unknown", set(self.unknown)
        yield "identity", set(_PLACEHOLDER.findall(self.identity))
        for label, template in self.labels.items():
            yield f"labels.{label}", set(_PLACEHOLDER.findall(template))
        for number, rule in enumerate(self.impossible):
            yield f"impossible.{number}", {*rule.when, *_PLACEHOLDER.findall(rule.why)}
        if self.folder:
            yield "folder", {*self.folder.pattern.groups, *self.folder.codes}
            yield "folder.why", set(_PLACEHOLDER.findall(self.folder.why)) - {"folder"}

    def _meanings(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield every text of `codes` as group, code, label and the text."""
        for group, codes in self.codes.items():
            for code, meaning in codes.items():
                if isinstance(meaning, str):
                    yield group, code, group, meaning
                else:
                    for label, text in meaning.items():
                        yield group, code, label, text


def _check_gender(where: str, text: str) -> None:
    if text not in GENDERS.values():
        raise ValueError(f"{where}: expected female, male, or '' where it is not known, got '{text}'")


class _Named(Section):
    """Checks the name of a recipe's file, which is the corpus's."""

    corpus: CorpusName


def load_recipe(path: Path) -> tuple[str, Recipe]:
    """Read a recipe.

    Returns:
        The corpus's name, which is the file's, and what stands in it.

    Raises:
        InputError: the file is not there or is no recipe; says which key is wrong, and what was expected.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 (slow to import, and most commands do without)

    name = validated(_Named, {"corpus": path.stem}, path.as_posix()).corpus
    with yaml_errors(path):
        values = YAML(typ="safe", pure=True).load(read_text(path))
    return name, validated(Recipe, values, path.as_posix())
