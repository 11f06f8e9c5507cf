"""The commands `ser preset list`, `ser preset show` and `ser preset apply`."""

from collections.abc import Iterable, Iterator
from difflib import unified_diff
from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from ser.console import printable
from ser.errors import user_errors
from ser.params import PARAMS_FILE, read_text

if TYPE_CHECKING:
    from ser.presets import Preset, Setting

CELL_WIDTH = 39

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Presets: published systems and ours, each a file in presets/ that overlays params.yaml.",
)

Name = Annotated[str, typer.Argument(help="As `ser preset list` shows it.", show_default=False)]


@app.command("list")
def show_all() -> None:
    """Show every preset: what the system is, and the figure that its author claims.

    Example: ser preset list
    """
    with user_errors():
        from ser.presets import list_presets  # noqa: PLC0415 (YAML takes a while that other commands need not wait for)

        rows = [(preset.name, preset.about.summary, _claim(preset)) for preset in list_presets()]
        _echo_table(("name", "summary", "claim"), *rows)


@app.command()
def show(name: Name) -> None:
    """Show what a preset sets, and what params.yaml has where that is something else.

    Example: ser preset show logmel-gap
    """
    with user_errors():
        from ser.presets import find_preset, overlay  # noqa: PLC0415

        preset = find_preset(name)
        _, changes = overlay(preset, read_text(PARAMS_FILE))
        current = {change.key: change.old for change in changes}
        typer.echo(printable(f"{name}: {preset.about.summary}"))
        typer.echo(f"claim: {printable(_claim(preset))}\n")
        _echo_table(("key", "preset", str(PARAMS_FILE)), *_rows(preset.settings, current))


@app.command()
def apply(
    name: Name,
    diff: Annotated[bool, typer.Option("--diff", help="Show the change as a unified diff; write nothing.")] = False,
) -> None:
    """Write a preset's values into params.yaml, and say which changed; comments and all other values stay.

    `dvc repro` then runs the system on the corpora that ingest.corpora names.

    Example: ser preset apply logmel-gap --diff
    """
    with user_errors():
        from ser.presets import find_preset, overlay  # noqa: PLC0415

        old = read_text(PARAMS_FILE)
        new, changes = overlay(find_preset(name), old)
        if not changes:
            typer.echo(f"{PARAMS_FILE}: nothing changes, every value is already as {name} sets it")
        elif diff:
            path = str(PARAMS_FILE)
            typer.echo("\n".join(unified_diff(old.splitlines(), new.splitlines(), path, path, lineterm="")))
        else:
            from ser.storage import replacing  # noqa: PLC0415 (pandas takes a second that --help need not wait for)

            with replacing(PARAMS_FILE) as sibling:
                sibling.write_text(new, encoding="utf-8", newline="")
            for change in changes:
                typer.echo(f"{change.key}: {change.old} -> {change.new}")


def _rows(settings: "Iterable[Setting]", current: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for setting in settings:
        if any(key.startswith(f"{setting.key}.") for key in current):
            yield from _rows(setting.inner, current)
        else:
            yield setting.key, setting.written, current.get(setting.key, "")


def _claim(preset: "Preset") -> str:
    if preset.about.origin == "ours":
        return "ours; figures in docs/results.md"
    published = preset.about.published
    return f"{published.claim} ({published.protocol})" if published else "no figure published"


def _echo_table(*rows: tuple[str, ...]) -> None:
    """Print columns, each as wide as its longest cell and at most `CELL_WIDTH`; a longer cell takes several lines."""
    rows = tuple(tuple(map(printable, row)) for row in rows)
    widths = [min(max(map(len, column)), CELL_WIDTH) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
        for line in zip_longest(*cells, fillvalue=""):
            typer.echo("  ".join(map(str.ljust, line, widths)).rstrip())
