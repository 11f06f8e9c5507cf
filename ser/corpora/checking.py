"""What a recipe makes of a folder: what it reads, what it misses and why, by names and tables alone."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from ser.audio.files import other_kind
from ser.corpora.labels import Labels, UnlistedError
from ser.corpora.reading import read_tables
from ser.corpora.recipe import Recipe
from ser.errors import InputError
from ser.walking import walk


@dataclass(frozen=True)
class Check:
    """A folder as a recipe sees it.

    Attributes:
        read: the labels of the recordings that it reads.
        missed: recordings that it does not read, by the reason.
        unlisted: recordings that the corpus's table does not name.
        others: files that are plainly no recording, and the tables.
        absent: what the table names and is not in the folder, by its key.
        unused: codes that no recording has, by group.
    """

    read: dict[Path, Labels]
    missed: dict[str, list[Path]]
    unlisted: list[Path]
    others: list[Path]
    absent: list[str]
    unused: dict[str, list[str]]

    @property
    def n_missed(self) -> int:
        """How many recordings it does not read."""
        return sum(map(len, self.missed.values()))


def check_recipe(recipe: Recipe, folder: Path) -> Check:
    """Try a recipe on a folder; nothing is decoded.

    Raises:
        InputError: the corpus cannot be used, the folder cannot be listed, or the corpus's table is not there or cannot
            be read.
    """
    reader, tables = read_tables(recipe, folder)
    read: dict[Path, Labels] = {}
    missed: dict[str, list[Path]] = defaultdict(list)
    unlisted: list[Path] = []
    others = list(tables)
    found: dict[str, set[str]] = defaultdict(set)
    keys = set()
    for path in walk(folder):
        if path in tables:
            continue
        try:
            _, codes = reader.groups(path)
            keys.add(reader.key(codes))
            read[path] = reader.read(path)
        except InputError as error:
            if other_kind(path):
                others.append(path)
            elif isinstance(error, UnlistedError):
                unlisted.append(path)
            else:
                missed[_cause(error)].append(path)
            continue
        for group, code in codes.items():
            found[group].add(code.lower() if recipe.ignore_case else code)
    unused = {
        group: [code for code in codes if (code.lower() if recipe.ignore_case else code) not in found[group]]
        for group, codes in recipe.codes.items()
    }
    absent = [" ".join(key) for key in reader.rows or () if key not in keys]
    return Check(
        read, dict(missed), unlisted, others, absent, {group: codes for group, codes in unused.items() if codes}
    )


def count_labels(check: Check) -> list[tuple[str, int, int, int, int]]:
    """Count what is read: for each emotion, recordings, those of women, those of men, and speakers."""
    recordings, women, men = Counter[str](), Counter[str](), Counter[str]()
    speakers: dict[str, set[str]] = defaultdict(set)
    for labels in check.read.values():
        recordings[labels.emotion] += 1
        women[labels.emotion] += labels.gender == "female"
        men[labels.emotion] += labels.gender == "male"
        speakers[labels.emotion] |= {labels.speaker} - {""}
    return [
        (emotion, n, women[emotion], men[emotion], len(speakers[emotion])) for emotion, n in sorted(recordings.items())
    ]


def _cause(error: InputError) -> str:
    """Why a recording is missed, without what was found in its place."""
    message = str(error)
    return message.rpartition(", found ")[0] or message
