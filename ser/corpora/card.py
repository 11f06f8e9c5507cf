"""What is to be known about a corpus before it is downloaded, and how its labels are read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ser.corpora.labels import Labels
from ser.corpora.sources import Source
from ser.params import CustomParams

ReadLabels = Callable[[Path], Labels]
"""Reads the labels of one recording; raises `InputError`, one line without the path, when they cannot be."""


@dataclass(frozen=True)
class LabelReader:
    """Reads the labels of the recordings in one folder; called with a path, it does as `ReadLabels` says.

    Attributes:
        read: raises `UnlistedError` for a file that ``tables`` do not name.
        tables: the files in the folder that name all recordings; none where their own names say enough.
        notes: what was odd in the tables, a line each.
        identify: what a recording is called, given its path; two of one name are a mistake.
    """

    read: ReadLabels
    tables: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    identify: Callable[[Path], str] = lambda path: path.stem

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
        language: ISO 639 code; empty when that differs from recording to recording or copy to copy.
        acted: whether speakers were asked for the emotions; None when that differs from copy to copy.
        clips: number of recordings, as published; 0 when that differs from copy to copy. So for the next two.
        hours: of audio, approximately.
        speakers: number of them.
        naming: how a recording is named, in one sentence.
        get: where it is had.
        open_reader: makes what reads the labels of the recordings in a folder.
        clips_are: which recordings ``clips`` counts, and what there is besides; empty when it counts all.
        refused: why it cannot be used at all; empty for what can.
    """

    name: str
    title: str
    source: str
    url: str
    licence: str
    licence_url: str
    language: str
    acted: bool | None
    clips: int
    hours: float
    speakers: int
    naming: str
    get: Source
    open_reader: OpenReader
    clips_are: str = ""
    refused: str = ""
