"""What is to be known about a corpus before it is downloaded, and how its labels are read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath

from ser.corpora.labels import Labels
from ser.params import CustomParams

ReadLabels = Callable[[Path], Labels]
"""Reads the labels of one recording; raises `InputError`, one line without the path, when they cannot be."""


@dataclass(frozen=True)
class LabelReader:
    """Reads the labels of the recordings in one folder; called with a path, it does as `ReadLabels` says.

    Attributes:
        read: raises `UnlistedError` for a file that ``table`` does not name.
        table: the file in the folder that names all recordings; None where their own names say enough.
        notes: what was odd in the table, a line each.
    """

    read: ReadLabels
    table: Path | None = None
    notes: tuple[str, ...] = ()

    def __call__(self, path: Path) -> Labels:
        """Read the labels of one recording."""
        return self.read(path)


OpenReader = Callable[[Path, CustomParams | None], LabelReader]
"""Given a corpus's folder and ``ingest.custom`` of params.yaml, makes what reads its labels."""


@dataclass(frozen=True)
class CorpusCard:
    """One corpus.

    Attributes:
        name: as in params.yaml.
        title: as its authors call it.
        source: what to cite, with the DOI if there is one.
        url: where it is published.
        licence: what its publisher allows.
        licence_url: the licence's text; empty where there is none to read.
        language: ISO 639-1 code; empty when that differs from copy to copy.
        clips: number of recordings, as published; 0 when that differs from copy to copy. So for the next two.
        hours: of audio, approximately.
        speakers: number of them.
        naming: how a recording is named, in one sentence.
        open_reader: makes what reads the labels of the recordings in a folder.
        identify: what a recording is called, given its path in the corpus's folder; two of one name are a mistake.
        clips_are: which recordings ``clips`` counts, and what there is besides; empty when it counts all.
    """

    name: str
    title: str
    source: str
    url: str
    licence: str
    licence_url: str
    language: str
    clips: int
    hours: float
    speakers: int
    naming: str
    open_reader: OpenReader
    identify: Callable[[PurePath], str] = lambda path: path.stem
    clips_are: str = ""


def by_name(read_labels: Callable[[PurePath], Labels]) -> OpenReader:
    """Open a corpus whose file names say everything: its folder and the parameters do not matter."""
    return lambda _folder, _params: LabelReader(read_labels)
