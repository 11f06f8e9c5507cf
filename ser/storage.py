"""Writing files so that a reader never meets half of one."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from ser.errors import InputError


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `target`, and put it in the target's place once the block has succeeded.

    The block creates the sibling as a file or as a folder. When the block raises, the sibling is removed and the
    target stays as it was. A killed process leaves at most a sibling whose name starts with a dot.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        sibling = scratch / target.name
        yield sibling
        if target.is_dir():
            shutil.rmtree(target)
        sibling.replace(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_table(table: pd.DataFrame, path: Path) -> None:
    r"""Write `table` as UTF-8 CSV with a header, ``\n`` line ends and no index column.

    What UTF-8 cannot say, such as the name of a file in another encoding, is escaped with a backslash.
    """
    with replacing(path) as sibling:
        table.to_csv(sibling, index=False, lineterminator="\n", errors="backslashreplace")


def read_table(path: Path, columns: Mapping[str, type]) -> pd.DataFrame:
    """Read a CSV that must have at least `columns`, a mapping from column name to ``str``, ``int`` or ``float``.

    Raises:
        InputError: the file is not there, is not a CSV, lacks a column, or holds a value of another type.
    """
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
    with replacing(path) as sibling:
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
