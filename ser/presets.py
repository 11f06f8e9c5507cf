"""Presets: files that overlay params.yaml with the settings of a system, a published one or ours."""

import re
import sys
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import reduce
from io import StringIO
from operator import getitem
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeGuard

from pydantic import Field, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from ser.errors import InputError
from ser.params import PARAMS_FILE, Choice, Params, ProtocolName, Section, read_text, validated, yaml_errors

PRESETS_FOLDER = Path("presets")

Score = Annotated[float, Field(ge=0, le=1)]


class Published(Section):
    """The figure that a system's author claims."""

    claim: Annotated[str, Field(min_length=1)]
    protocol: ProtocolName
    score: Literal["accuracy", "uar", "macro_f1"]
    low: Score
    high: Score

    @model_validator(mode="after")
    def _low_is_not_above_high(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"expected low <= high, got {self.low:g} > {self.high:g}")
        return self


class About(Section):
    """What a preset is."""

    summary: Annotated[str, Field(min_length=1)]
    origin: Literal["published", "ours"] = "published"
    published: Published | None = None

    @model_validator(mode="after")
    def _only_others_claim(self) -> Self:
        if self.origin == "ours" and self.published:
            raise ValueError("origin: ours has no published claim; its figures are made by benchmarks/dvc.yaml")
        return self


class _PresetFile(Section):
    about: About
    params: dict[str, Any]


class Setting(NamedTuple):
    """A value that a preset sets: the keys that lead to it, and how the preset writes it, on one line."""

    keys: tuple[str, ...]
    written: str

    @property
    def key(self) -> str:
        """The keys as one: ``train.learning_rate``."""
        return ".".join(self.keys)

    @property
    def value(self) -> Any:
        """What the written form means."""
        return _yaml().load(self.written)

    @property
    def inner(self) -> "Iterator[Setting]":
        """Of a mapping, what it sets, each by itself."""
        for key, node in _yaml().compose(self.written).value:
            yield Setting((*self.keys, key.value), _written(node))


@dataclass(frozen=True)
class Preset:
    """A preset, as its file says; whether its values fit is known once they are laid over params.yaml."""

    path: Path
    about: About
    settings: tuple[Setting, ...]

    @property
    def name(self) -> str:
        """What the preset is called: its file's name."""
        return self.path.stem


class Change(NamedTuple):
    """A value that a preset changes in params.yaml."""

    key: str
    old: str
    new: str


def list_presets(folder: Path = PRESETS_FOLDER) -> list[Preset]:
    """Read every preset of a folder, by name.

    Raises:
        InputError: there is none, or one is not what a preset must be.
    """
    return [read_preset(path) for path in _files(folder).values()]


def find_preset(name: str, folder: Path = PRESETS_FOLDER) -> Preset:
    """Read one preset of a folder.

    Raises:
        InputError: no preset has this name, or it is not what a preset must be.
    """
    files = _files(folder)
    if name not in files:
        raise InputError(f"preset '{name}' is not known, expected one of {', '.join(files)}")
    return read_preset(files[name])


def read_preset(path: Path) -> Preset:
    """Read a preset.

    Raises:
        InputError: the file is missing, is not YAML, or is not what a preset must be.
    """
    root, values = _parsed(read_text(path), path)
    about = validated(_PresetFile, values, str(path)).about
    (overlay,) = (node for key, node in root.value if key.value == "params")
    return Preset(path, about, tuple(_settings(overlay, Params, path)))


def preset_params(preset: Preset, base: Path = PARAMS_FILE) -> Params:
    """Lay a preset over params.yaml without changing the file.

    Raises:
        InputError: `base` or the preset has a value that does not fit.
    """
    _, values = _parsed(read_text(base), base)
    return _overlaid_params(preset, values, base)


def overlay(preset: Preset, text: str, base: Path = PARAMS_FILE) -> tuple[str, list[Change]]:
    """Lay a preset over the text of params.yaml.

    Args:
        preset: what is laid over it.
        text: of params.yaml.
        base: what an error message calls the text.

    Returns:
        The new text, which differs from the old one in values alone, and what changed. A value that is only written
        differently (1e-3, 0.001) stays as it is; of a mapping that has the same keys in both, each value is set alone.

    Raises:
        InputError: the text or the preset has a value that does not fit.
    """
    root, values = _parsed(text, base)
    _overlaid_params(preset, values, base)
    edits, changes = [], []
    for setting in _unlike(preset.settings, values):
        key, old = _entry(root, setting.keys, base)
        edits.append(_edit(text, key, old, setting.written))
        changes.append(Change(setting.key, _written(old), setting.written))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text, changes


def _files(folder: Path) -> dict[str, Path]:
    files = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if not files:
        raise InputError(f"{folder}: no preset here; run this from the project's top folder")
    return files


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.width = sys.maxsize
    return yaml


def _parsed(text: str, where: Path) -> tuple[Node, Any]:
    """What `text` says: as nodes, which know where they stand in it, and as values."""
    with yaml_errors(where):
        return _yaml().compose(text), _yaml().load(text)


def _settings(
    overlay: MappingNode, section: type[Section], where: Path, keys: tuple[str, ...] = ()
) -> Iterator[Setting]:
    """Every value of an overlay: what the schema says is a section is entered, all else is set as a whole.

    A choice is so, too: what it had before is not there any more.
    """
    for key, node in overlay.value:
        if not isinstance(key, ScalarNode):
            raise InputError(f"{where}: {'.'.join(('params', *keys))}: expected text as a key, got {_written(key)}")
        field = section.model_fields.get(key.value)
        inner = field.annotation if field else None
        if isinstance(node, MappingNode) and _is_entered(inner):
            yield from _settings(node, inner, where, (*keys, key.value))
        else:
            yield Setting((*keys, key.value), _written(node))


def _is_entered(field: Any) -> TypeGuard[type[Section]]:
    return isinstance(field, type) and issubclass(field, Section) and not issubclass(field, Choice)


def _unlike(settings: Iterable[Setting], values: Any) -> Iterator[Setting]:
    """The settings that are not those of the values already, each as small as it can be."""
    for setting in settings:
        new, old = setting.value, reduce(getitem, setting.keys, values)
        if isinstance(new, dict) and isinstance(old, dict) and new.keys() == old.keys():
            yield from _unlike(setting.inner, values)
        elif new != old:
            yield setting


def _written(node: Node) -> str:
    """A value as it is written in its file, brought to one line that can stand anywhere in YAML."""
    stream = StringIO()
    key = ScalarNode("tag:yaml.org,2002:str", "x")
    _yaml().serialize(MappingNode("tag:yaml.org,2002:map", [(key, node)], flow_style=True), stream)
    return stream.getvalue().removeprefix("{x: ").removesuffix("}\n")


def _overlaid_params(preset: Preset, values: Any, base: Path) -> Params:
    validated(Params, values, str(base))
    values = deepcopy(values)
    for setting in preset.settings:
        *sections, last = setting.keys
        reduce(getitem, sections, values)[last] = setting.value
    return validated(Params, values, str(preset.path))


def _entry(root: Node, keys: tuple[str, ...], base: Path) -> tuple[Node, Node]:
    """The nodes of a key and its value."""
    key = node = root
    for name in keys:
        found = [pair for pair in node.value if pair[0].value == name]
        if not found or found[0][1].anchor:
            where = f"{base}: {'.'.join(keys)}"
            raise InputError(f"{where}: a value behind a YAML anchor, alias or merge cannot be changed; write it out")
        key, node = found[0]
    return key, node


def _edit(text: str, key: Node, old: Node, new: str) -> tuple[int, int, str]:
    """Where a value starts and ends in `text`, and what to write there."""
    start = old.start_mark.index
    last = old
    while _is_block(last):  # it ends where its last value does: its own mark stands before the next key
        last = last.value[-1][1] if isinstance(last, MappingNode) else last.value[-1]
    end = len(text[: last.end_mark.index].rstrip())
    if not _is_block(old):
        return start, end, new
    # The new value stands on the key's line, before the comment.
    colon = text.index(":", key.end_mark.index) + 1
    said = text[colon:start].strip()
    if isinstance(old, MappingNode):  # what is said of its values goes with them
        said, end = said.partition("\n")[0].rstrip(), _end_of_line(text, end)
    return colon, end, f" {new} {said}".rstrip()


def _end_of_line(text: str, place: int) -> int:
    return place + len(re.split("[\r\n]", text[place:], maxsplit=1)[0])


def _is_block(node: Node) -> bool:
    """Whether a node is a list or a mapping with a line for each entry, as `dvc exp run -S` writes lists."""
    return isinstance(node, CollectionNode) and not node.flow_style
