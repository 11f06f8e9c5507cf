"""Results in documents: what stands between two marks is written by a program, and a test compares it."""

from pathlib import Path


def with_block(text: str, name: str, block: str) -> str:
    """Put `block` between the marks ``<!-- begin NAME -->`` and ``<!-- end NAME -->`` of a Markdown text.

    Raises:
        ValueError: the text has no such marks.
    """
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"no marks '{name}'")
    return f"{before}{begin}\n{block}\n{end}{after}"


def write_block(path: Path, name: str, block: str) -> None:
    """Replace a block in a document."""
    path.write_text(with_block(path.read_text(encoding="utf-8"), name, block), encoding="utf-8")
