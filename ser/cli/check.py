"""The command `ser corpora check`."""

from pathlib import Path
from typing import Annotated

import typer

from ser.audio.files import by_suffix
from ser.console import one_line
from ser.corpora import find_recipe
from ser.corpora.checking import Check, check_recipe, count_labels
from ser.corpora.reading import listed
from ser.corpora.recipe import Recipe
from ser.errors import InputError, user_errors

MAX_CAUSES = 10
"""Reasons that are shown, each with an example."""


def check(
    recipe: Annotated[str, typer.Argument(help="A corpus's name, or the file of a recipe.", show_default=False)],
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of recordings.")],
) -> None:
    """Say what a recipe reads in a folder, what it misses and why; ends with an error if it misses a recording.

    Example: ser corpora check mine.yaml data/raw/mine
    """
    with user_errors():
        rules = find_recipe(recipe)
        checked = check_recipe(rules, folder)
        for line in _report(rules, folder, checked):
            typer.echo(one_line(line))
        if not checked.read:
            raise InputError(f"{folder}: no recording that the recipe reads")
        if checked.n_missed:
            raise InputError(f"{folder}: {checked.n_missed:,} of {_n_recordings(checked):,} recordings are not read")


def _n_recordings(checked: Check) -> int:
    return len(checked.read) + checked.n_missed + len(checked.unlisted)


def _report(recipe: Recipe, folder: Path, checked: Check) -> list[str]:
    n_speakers = len({labels.speaker for labels in checked.read.values()} - {""})
    n, n_others = _n_recordings(checked), len(checked.others)
    lines = [
        f"{folder}: {n:,} recordings, {len(checked.read):,} of them read; {n_others:,} other files",
        f"published: {recipe.clips:,} recordings {recipe.clips_are}".rstrip(),
        f"speakers: {n_speakers}, published: {recipe.speakers or 'not said'}",
    ]
    for emotion, n_with, women, men, n_of in count_labels(checked):
        lines.append(f"{emotion}: {n_with:,} ({women:,} female, {men:,} male) of {n_of} speakers")
    causes = sorted(checked.missed.items(), key=lambda cause: -len(cause[1]))
    lines += [
        f"missed: {len(paths):,} ({by_suffix(paths)}): {why}; such as {paths[0]}" for why, paths in causes[:MAX_CAUSES]
    ]
    if len(causes) > MAX_CAUSES:
        lines.append(f"missed: and {len(causes) - MAX_CAUSES} reasons more")
    if checked.unlisted:
        lines.append(f"in no table: {len(checked.unlisted):,}, such as {checked.unlisted[0]}")
    if checked.absent:
        lines.append(f"in a table and not in the folder: {len(checked.absent):,}, such as {checked.absent[0]}")
    lines += [f"no recording has {group.replace('_', ' ')} {listed(codes)}" for group, codes in checked.unused.items()]
    return lines
