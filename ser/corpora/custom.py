"""Your own corpus: a folder of recordings, labelled by a CSV in it or by one sub-folder per emotion.

With ``ingest.custom.csv`` in params.yaml, that file names the path of every recording that is meant, relative to the
folder, its emotion, and whatever else is known of it; ``ingest.custom`` also says what the columns are called, and
`ser.corpora.label_table` how such a file is read. Either slash separates folders. A path must be that of a file which
`ser.walking` finds in the folder. Files that the CSV does not name are not meant.

Without, the first folder below the corpus's names the emotion (``angry/take 1.wav``), and no more is known.

Emotions are taken as they are written, in lower case. A recording whose speaker is not known is nobody's: splits that
hold speakers apart cannot place it.
"""

from pathlib import Path, PurePosixPath
from unicodedata import normalize

from ser.corpora.card import CorpusCard, LabelReader
from ser.corpora.label_table import REMEDY, open_table
from ser.corpora.labels import Labels, UnlistedError
from ser.corpora.people import tidy
from ser.corpora.sources import Source
from ser.errors import InputError
from ser.params import CustomParams
from ser.walking import walk

MAX_AGE = 130
NAMED = 3
"""How many of several offenders an error message names."""


def open_reader(folder: Path, params: CustomParams | None) -> LabelReader:
    """Make what reads the labels of the recordings in `folder`.

    Args:
        folder: the corpus.
        params: the CSV's name and what its columns are called, or that there is none.

    Raises:
        InputError: there are no parameters, or the CSV cannot be used: see `read_table`.
    """
    if params is None:
        raise InputError("corpus 'custom' needs ingest.custom in params.yaml")

    def identify(path: Path) -> str:
        return path.relative_to(folder).with_suffix("").as_posix()

    if not params.csv:
        return LabelReader(lambda path: read_sub_folder(folder, path), identify=identify)
    table, notes = read_table(folder, params)

    def look_up(path: Path) -> Labels:
        try:
            return table[_resolved(path)]
        except (InputError, KeyError):
            raise UnlistedError(f"not in {params.csv}") from None

    return LabelReader(look_up, (_find_table(folder, params.csv),), tuple(notes), identify)


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


def read_table(folder: Path, params: CustomParams) -> tuple[dict[Path, Labels], list[str]]:
    """Read the CSV of a corpus.

    Returns:
        From every recording that the CSV names, as a path without links, to its labels; and what was odd in it.

    Raises:
        InputError: the CSV is not there, is not a CSV, lacks a column, or has a row that cannot be used: a path that
            leads out of the folder, stands twice or is of no file, no emotion, an impossible age.
    """
    source = open_table(_find_table(folder, params.csv), "params.yaml: ingest.custom.csv")
    rows = list(source.rows(params.model_dump(exclude={"csv"}), "params.yaml: ingest.custom"))
    tidied, notes = tidy([row for _, row in rows])
    files = {_resolved(path) for path in walk(folder) if path.is_file()}
    table: dict[Path, Labels] = {}
    absent: list[str] = []
    for (line, _), row in zip(rows, tidied, strict=True):
        try:
            path, labels = _below(folder, row["path"]), _labels(row)
        except InputError as error:
            raise InputError(f"{source.where}: line {line}: {error}") from None
        if path in table:
            raise InputError(f"{source.where}: line {line}: {row['path']!r} stands in an earlier line, too")
        table[path] = labels
        if path not in files:
            absent.append(row["path"])
    if absent:
        more = ", ..." if len(absent) > NAMED else ""
        first = ", ".join(map(repr, absent[:NAMED]))
        raise InputError(
            f"{source.where}: {len(absent)} of its {len(table)} recordings are not in the folder: {first}{more}"
        )
    if source.guessed:
        notes.insert(0, f"if names with accents are wrong, {REMEDY}")
    return table, [f"{source.where}: {note}" for note in notes]


def _find_table(folder: Path, name: str) -> Path:
    try:
        return folder / _relative(name)
    except InputError as error:
        raise InputError(f"params.yaml: ingest.custom.csv: {error}") from None


def _below(folder: Path, name: str) -> Path:
    return _resolved(folder / _relative(name))


def _relative(name: str) -> PurePosixPath:
    """Take a path that the CSV's author wrote, who may be anybody: it may only name what is below the folder."""
    relative = PurePosixPath(name.replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts:
        raise InputError(f"expected a path below the folder, found {name!r}")
    if relative == PurePosixPath():
        raise InputError(f"expected a path, found {name!r}")
    return relative


def _resolved(path: Path) -> Path:
    """Name a file without links, and the same whether its letters are composed, as on Linux, or not, as on macOS."""
    try:
        return Path(normalize("NFC", str(path.resolve())))
    except (OSError, RuntimeError, ValueError):  # too long, links in a circle, a null character
        raise InputError(f"expected a path, found {path.name!r}") from None


def _labels(row: dict[str, str]) -> Labels:
    return Labels(
        emotion=_emotion(row["emotion"]),
        gender=row["gender"],
        speaker=row["speaker"],
        age=_age(row["age"]),
        language=row["language"].lower(),
    )


def _emotion(text: str) -> str:
    emotion = " ".join(normalize("NFC", text).lower().split())
    if not emotion:
        raise InputError("expected an emotion, found none")
    return emotion


def _age(text: str) -> str:
    """Bring an age in years to its shortest form: ``31.0`` is ``31``."""
    if not text:
        return ""
    try:
        years = float(text.replace(",", "."))
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
    acted=None,
    clips=0,
    hours=0.0,
    speakers=0,
    naming="Any: labels come from a CSV whose columns are named in params.yaml, or from one sub-folder per emotion.",
    get=Source(
        how_to=[
            "Put your own recordings into data/raw/custom, in one folder per emotion or with a CSV of labels.",
            "Say in `ingest.custom` of params.yaml which of the two, and what the CSV's columns are called.",
        ]
    ),
    open_reader=open_reader,
)
