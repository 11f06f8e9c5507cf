"""Your own corpus: a folder of recordings, labelled by a CSV in it or by one sub-folder per emotion.

With ``ingest.custom.csv`` in params.yaml, that file names every recording's path, relative to the folder, its emotion,
and whatever else is known of it; ``ingest.custom`` also says what the columns are called. The CSV is UTF-8 with commas
and a header. Either slash separates folders. A path may not lead out of the folder, be it through links.

Without, the first folder below the corpus's names the emotion (``angry/take 1.wav``), and no more is known.

Emotions are taken as they are written, in lower case. A recording whose speaker is not known is nobody's: splits that
hold speakers apart cannot place it.
"""

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from ser.corpora.card import CorpusCard, ReadLabels
from ser.corpora.labels import Labels
from ser.errors import InputError
from ser.params import CustomParams

FIELDS = ("path", "emotion", "speaker", "gender", "age", "language")
GENDERS = {
    "": "",
    "f": "female",
    "female": "female",
    "w": "female",
    "weiblich": "female",
    "m": "male",
    "male": "male",
    "männlich": "male",
}
MAX_AGE = 130
NAMED = 3
"""How many of several offenders an error message names."""


def open_reader(folder: Path, params: CustomParams | None) -> ReadLabels:
    """Make the function that reads the labels of the recordings in `folder`.

    Args:
        folder: the corpus.
        params: the CSV's name and what its columns are called, or that there is none.

    Raises:
        InputError: there are no parameters, or the CSV cannot be used: see `read_table`.
    """
    if params is None:
        raise InputError("corpus 'custom' needs ingest.custom in params.yaml")
    if params.csv:
        return partial(_look_up, read_table(folder, params), params.csv)
    return partial(read_sub_folder, folder)


def read_sub_folder(folder: Path, path: Path) -> Labels:
    """Take the emotion of the recording `path` from the folder below `folder` that it lies in, however deep.

    Raises:
        InputError: it lies in none.

    >>> read_sub_folder(Path("corpus"), Path("corpus/Angry/session 2/take 1.wav")).emotion
    'angry'
    """
    try:
        emotion, *rest = path.absolute().relative_to(folder.absolute()).parts
    except ValueError:
        raise InputError(f"expected a recording below {folder.as_posix()}") from None
    if not rest:
        raise InputError(f"expected one sub-folder per emotion, found the recording in {folder.as_posix()} itself")
    return Labels(emotion=_emotion(emotion), gender="", speaker="")


def read_table(folder: Path, params: CustomParams) -> dict[Path, Labels]:
    """Read the CSV of a corpus.

    Returns:
        From every recording that the CSV names, as a path without links, to its labels.

    Raises:
        InputError: the CSV is not there, is not a CSV, lacks a column, or has a row that cannot be used: a path that
            leads out of the folder, stands twice or is of no file, no emotion, an unknown gender, an impossible age.
    """
    where = (folder / params.csv).as_posix()
    files = {path.resolve() for path in folder.rglob("*") if path.is_file()}
    table: dict[Path, Labels] = {}
    absent: list[str] = []
    for line, row in _rows(folder, params):
        try:
            path, labels = _inside(folder, row["path"]), _labels(row)
        except InputError as error:
            raise InputError(f"{where}: line {line}: {error}") from None
        if path in table:
            raise InputError(f"{where}: line {line}: {row['path']!r} stands in an earlier line, too")
        table[path] = labels
        if path not in files:
            absent.append(row["path"])
    if absent:
        more = ", ..." if len(absent) > NAMED else ""
        first = ", ".join(map(repr, absent[:NAMED]))
        raise InputError(f"{where}: {len(absent)} of its {len(table)} recordings are not in the folder: {first}{more}")
    return table


def _look_up(table: dict[Path, Labels], csv_name: str, path: Path) -> Labels:
    try:
        return table[path.resolve()]
    except KeyError:
        raise InputError(f"not in {csv_name}") from None


def _rows(folder: Path, params: CustomParams) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield every row as its line number in the file, and its values by `FIELDS`: empty where there is no column."""
    where = (folder / params.csv).as_posix()
    try:
        path = _inside(folder, params.csv)
    except InputError as error:
        raise InputError(f"params.yaml: ingest.custom.csv: {error}") from None
    try:
        # utf-8-sig: Excel puts a byte order mark in front.
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True, skipinitialspace=True)
            header = next(reader, [])
            positions = _positions(header, params, where)
            for values in filter(None, reader):
                if len(values) != len(header):
                    raise InputError(
                        f"{where}: line {reader.line_num}: expected {len(header)} values, found {len(values)}"
                    )
                yield reader.line_num, {field: values[at] if at >= 0 else "" for field, at in positions.items()}
    except FileNotFoundError:
        raise InputError(f"{where}: no such file (params.yaml: ingest.custom.csv)") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{where}: not a CSV table: {error}") from None


def _positions(header: list[str], params: CustomParams, where: str) -> dict[str, int]:
    """Find the column of each field; -1 is none."""
    positions = {}
    for field in FIELDS:
        column = getattr(params, field)
        if column and header.count(column) != 1:
            found = "two columns" if column in header else "no column"
            columns = ", ".join(header)
            raise InputError(f"{where}: {found} '{column}' (params.yaml: ingest.custom.{field}), found {columns}")
        positions[field] = header.index(column) if column else -1
    return positions


def _inside(folder: Path, name: str) -> Path:
    """Resolve a path that the CSV's author wrote, who may be anybody, and hold it to the folder."""
    relative = PurePosixPath(name.replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts:
        raise InputError(f"expected a path below the folder, found {name!r}")
    try:
        path = (folder / relative).resolve()
    except (OSError, RuntimeError, ValueError):  # too long, links in a circle, a null character
        raise InputError(f"expected a path, found {name!r}") from None
    if not path.is_relative_to(folder.resolve()):
        raise InputError(f"expected a path below the folder, found {name!r}, which leads out of it")
    if path == folder.resolve():
        raise InputError(f"expected a path, found {name!r}")
    return path


def _labels(row: dict[str, str]) -> Labels:
    return Labels(
        emotion=_emotion(row["emotion"]),
        gender=_gender(row["gender"]),
        speaker=row["speaker"].strip(),
        age=_age(row["age"].strip()),
        language=row["language"].strip().lower(),
    )


def _emotion(text: str) -> str:
    emotion = text.strip().lower()
    if not emotion:
        raise InputError("expected an emotion, found none")
    return emotion


def _gender(text: str) -> str:
    try:
        return GENDERS[text.strip().lower()]
    except KeyError:
        raise InputError(
            f"expected a gender ({', '.join(filter(None, GENDERS))}, or nothing), found {text!r}"
        ) from None


def _age(text: str) -> str:
    """Bring an age in years to its shortest form: ``31.0`` is ``31``."""
    if not text:
        return ""
    try:
        years = float(text)
    except ValueError:
        years = -1.0
    if not 0 <= years <= MAX_AGE:
        raise InputError(f"expected an age in years, or nothing, found {text!r}")
    return f"{years:g}"


CARD = CorpusCard(
    name="custom",
    title="Your own recordings",
    source="",
    url="",
    licence="yours",
    licence_url="",
    language="",
    clips=0,
    hours=0.0,
    speakers=0,
    naming="Any: labels come from a CSV whose columns are named in params.yaml, or from one sub-folder per emotion.",
    open_reader=open_reader,
    identify=lambda path: path.with_suffix("").as_posix(),
)
