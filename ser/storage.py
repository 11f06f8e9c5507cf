"""Writing files so that a reader never meets half of one, and so that nothing is lost that is not ours."""

import fcntl
import glob
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def replacing(target: Path, *suffixes: str) -> Iterator[Path]:
    """Yield the path of a temporary file, and put what the block wrote there in the target's place once it succeeded.

    When the block raises, the target stays as it was. A killed process leaves at most a folder beside the target whose
    name starts with a dot; the next one that writes the target removes it. A pipe or a device is written to, a link is
    replaced, and what it leads to stays as it is: that may be in DVC's cache.

    Args:
        target: the file.
        suffixes: in lower case, which names are the writer's: a file with another is not written over unless it is
            empty. None: any.

    Raises:
        InputError: the target is a folder, or a file of another kind.
    """
    if target.is_dir():
        raise InputError(f"{target}: expected a file, found a folder")
    if target.exists() and not target.is_file():
        with tempfile.TemporaryDirectory() as scratch:
            sibling = Path(scratch) / "written"
            yield sibling
            target.write_bytes(sibling.read_bytes())
        return
    if suffixes and target.suffix.lower() not in suffixes and target.is_file() and target.stat().st_size:
        raise InputError(f"{target}: is there, and no {' or '.join(suffixes)} file; it was not written over")
    with _scratch(target) as sibling:
        yield sibling
        sibling.replace(target)


@contextmanager
def replacing_folder(target: Path, owned: Collection[str] = ()) -> Iterator[Path]:
    """Yield a new temporary folder, and put it in the target's place once the block has succeeded; see `replacing`.

    Where the target is a link, what it leads to is replaced.

    Args:
        target: the folder.
        owned: patterns of the paths below it that are the writer's, as `strangers` takes them.

    Raises:
        InputError: the target is a file, holds something that is not the writer's, or is where this process runs.
    """
    place = target.resolve()
    _check_owned(target, place, owned)
    with _scratch(place) as sibling:
        sibling.mkdir()
        yield sibling
        _check_owned(target, place, owned)  # anew: the block may have taken hours
        if place.exists():
            place.rename(sibling.with_name(_OLD))
        sibling.rename(place)


def strangers(folder: Path, owned: Collection[str]) -> Iterator[Path]:
    """Yield whatever is below `folder`, folders apart, and matches none of the patterns `owned`.

    Args:
        folder: links below it are not followed.
        owned: as `fnmatch` takes them, for paths from the folder on; ``*`` stands for any part, slashes too.
    """
    for path in _files(folder):
        if not any(fnmatchcase(path.relative_to(folder).as_posix(), pattern) for pattern in owned):
            yield path


def keep_apart(read: Iterable[Path], written: Iterable[Path | None]) -> None:
    """Check that nothing is written over what is read, nor twice to one place.

    Raises:
        InputError: names the first that is.
    """
    taken = {path.resolve() for path in read}
    for path in written:
        if path is None or (path.exists() and not path.is_file() and not path.is_dir()):
            continue
        if path.resolve() in taken:
            raise InputError(f"{path}: named twice, and what is read or written here is not written over; name another")
        taken.add(path.resolve())


def write_table(table: "pd.DataFrame", path: Path) -> None:
    r"""Write `table` as UTF-8 CSV with a header, ``\n`` line ends and no index column.

    What UTF-8 cannot say, such as the name of a file in another encoding, is escaped with a backslash.
    """
    with replacing(path, ".csv") as sibling:
        table.to_csv(sibling, index=False, lineterminator="\n", errors="backslashreplace")


def read_table(path: Path, columns: Mapping[str, type]) -> "pd.DataFrame":
    """Read a CSV that must have at least `columns`, a mapping from column name to ``str``, ``int`` or ``float``.

    Raises:
        InputError: the file is not there, is not a CSV, lacks a column, or holds a value of another type.
    """
    import pandas as pd  # noqa: PLC0415 (who writes no tables does without)

    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; `dvc repro` makes it") from None
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: not a CSV table: {error}") from None
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(f"{path}: expected a column '{missing[0]}', found {', '.join(table.columns)}")
    for name, kind in columns.items():
        try:
            table[name] = table[name].astype(kind)
        except (ValueError, OverflowError) as error:
            raise InputError(f"{path}: column '{name}': expected {kind.__name__}: {error}") from None
    return table


def write_json(values: Mapping[str, Any], path: Path) -> None:
    """Write `values` as indented JSON in their own order.

    Raises:
        ValueError: a number is NaN or infinite, which JSON does not have and DVC would take in silence.
    """
    with replacing(path, ".json") as sibling:
        sibling.write_text(json.dumps(values, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: the file is not there or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; `dvc repro` makes it") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON: {error}") from None


_OLD = ".old"
"""What was in a folder's place, until it is removed."""


def _check_owned(target: Path, place: Path, owned: Collection[str]) -> None:
    if not place.exists():
        return
    if not place.is_dir():
        raise InputError(f"{target}: expected a folder, found a file")
    if Path.cwd().is_relative_to(place):
        raise InputError(f"{target}: expected a folder that can be replaced, found the one that this runs in")
    for stranger in strangers(place, owned):
        raise InputError(
            f"{target}: holds {stranger.relative_to(place)}, which this command does not write; nothing was removed:"
            " name another folder, or move that away"
        )


def _files(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            yield from _files(entry)
        else:
            yield entry


def lock_folder(folder: Path, how: int) -> int:
    """Lock a folder, as `fcntl.flock` does.

    Returns:
        A descriptor that holds the lock until it is closed, or its process ends.

    Raises:
        OSError: it is no folder, a link, another user's, or locked and `how` does not wait.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, how)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """Yield a path of the target's name in a new folder beside it, which is locked as long as this process lives.

    An `OSError` that names no file, or one in that folder, is made to name the target.
    """
    made = str(target.with_name(".ser-"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        made = tempfile.mkdtemp(prefix=".ser-", dir=target.parent)
        lock = os.open(made, os.O_RDONLY)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(lock, fcntl.LOCK_EX)
            # Only now is it one that others would sweep.
            made = str(Path(made).rename(target.with_name(f".{target.name}{Path(made).name}")))
            yield Path(made) / target.name
        finally:
            shutil.rmtree(made, ignore_errors=True)
            os.close(lock)
    except OSError as error:
        if error.errno is not None and (error.filename is None or str(error.filename).startswith(made)):
            error.filename = str(target)
        raise


def _sweep(target: Path) -> None:
    """Remove what killed processes left of writing `target`; what a living one writes is locked."""
    for scratch in target.parent.glob(f".{glob.escape(target.name)}.ser-????????"):
        with suppress(OSError):  # a file, locked, swept by another, or not ours to remove
            lock = lock_folder(scratch, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                if {path.name for path in scratch.iterdir()} <= {target.name, _OLD}:
                    shutil.rmtree(scratch)
            finally:
                os.close(lock)
