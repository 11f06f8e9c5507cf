"""Walking through a folder, and through the folders that are linked into it."""

import os
import stat
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from ser.errors import InputError


def walk_folders(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield `folder` and every folder below it, each with the names of its files.

    Symbolic links to folders are followed, in order, after all that is there without links, and what they lead to keeps
    the path that is seen through the link. Each real folder comes once, so that nothing goes round in circles; a link
    to a folder that holds `folder`, or the link itself, is not followed.

    Raises:
        InputError: a folder is not there, or cannot be listed.
    """
    home = folder.resolve()
    seen: set[Path] = set()
    entrances = deque([folder])
    while entrances:
        links: list[Path] = []
        for place, folders, names in os.walk(entrances.popleft(), onerror=_refuse):
            real = Path(place).resolve()
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            yield Path(place), names
            links += [link for name in folders if (link := Path(place, name)).is_symlink()]
        entrances += [link for link in sorted(links) if not _holds(link.resolve(), home, link.parent.resolve())]


def walk(folder: Path) -> list[Path]:
    """List the files of `walk_folders`, sorted: regular ones, links to them, and links that lead nowhere.

    A pipe, a socket or a device is no file of a folder: reading it could take for ever.

    Raises:
        InputError: a folder is not there, or cannot be listed.
    """
    return sorted(
        path for place, names in walk_folders(folder) for name in names if not is_special(path := place / name)
    )


def _holds(target: Path, *folders: Path) -> bool:
    return any(folder.is_relative_to(target) for folder in folders)


def is_special(path: Path) -> bool:
    """Whether a path is that of a folder, a pipe, a socket or a device."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:  # a link that leads nowhere; whoever reads it says so
        return False


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename}: this folder cannot be listed: {error.strerror}")
