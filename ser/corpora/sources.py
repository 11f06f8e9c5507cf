"""Where each corpus comes from: what a command may fetch, and what to do where none may."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Where a corpus comes from. What the corpus is stands on its card (`ser.corpora.CORPORA`).

    Attributes:
        corpus: its name.
        how_to: steps for the user where no command fetches the corpus.
        url: the archive that a command fetches; empty where there is none.
        file: the archive's name.
        checksum: of the archive, as its publisher states it: ``algorithm:hexadecimal``.
        n_bytes: size of the archive.
        n_unpacked_bytes: size of the recordings in it, approximately.
        suffixes: which of its files are unpacked: the recordings.
    """

    corpus: str
    how_to: tuple[str, ...] = ()
    url: str = ""
    file: str = ""
    checksum: str = ""
    n_bytes: int = 0
    n_unpacked_bytes: int = 0
    suffixes: tuple[str, ...] = (".wav",)


_ALL = (
    Source(
        corpus="demo",
        how_to=("Run `dvc repro demo`: this corpus is synthesised here, into data/raw/demo.",),
    ),
    Source(
        corpus="ravdess",  # speech; the song recordings are another archive of the same record
        url="https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip?download=1",
        file="Audio_Speech_Actors_01-24.zip",
        checksum="md5:bc696df654c87fed845eb13823edef8a",
        n_bytes=208_468_073,
        n_unpacked_bytes=520_000_000,
    ),
    Source(
        corpus="tess",
        how_to=(
            "Open https://doi.org/10.5683/SP2/E8H2MF: it leads to Borealis, the Canadian Dataverse repository.",
            "Accept its terms and download all 2,800 WAV files.",
            "Put them into data/raw/tess, in their folders or flat.",
        ),
    ),
    Source(
        corpus="crema_d",
        how_to=(
            "Install Git LFS (https://git-lfs.com): the ZIP that GitHub offers holds pointers, not recordings.",
            "Elsewhere than in this project, run: export GIT_LFS_SKIP_SMUDGE=1",
            "git clone --depth 1 https://github.com/CheyneyComputerScience/CREMA-D.git && cd CREMA-D",
            "git lfs pull --include 'AudioWAV/*' (600 MB)",
            "If the LFS budget is exceeded, clone the authors' mirror: https://gitlab.com/cs-cooper-lab/crema-d-mirror",
            "Put the 7,442 WAV files of AudioWAV into data/raw/crema_d.",
        ),
    ),
    Source(
        corpus="savee",
        how_to=(
            "Register: http://personal.ee.surrey.ac.uk/Personal/P.Jackson/SAVEE/Register.html",
            "Download Data/Zip/AudioData.zip from the address you are given, and unpack it.",
            "Put its folders DC, JE, JK and KL, 480 WAV files, into data/raw/savee.",
        ),
    ),
    Source(
        corpus="emodb",  # version 1.3.0, the 535 clips of 2005; the records of version 2.0 hold others, too
        url="https://zenodo.org/records/7447302/files/emodb.zip?download=1",
        file="emodb.zip",
        checksum="md5:9d21362dbc5676ef3ab4745d83ced0db",
        n_bytes=39_981_818,
        n_unpacked_bytes=50_000_000,
    ),
    Source(
        corpus="custom",
        how_to=(
            "Put your own recordings into data/raw/custom, in one folder per emotion or with a CSV of labels.",
            "Say in `ingest.custom` of params.yaml which of the two, and what the CSV's columns are called.",
        ),
    ),
)

SOURCES = {source.corpus: source for source in _ALL}
"""Every corpus's source, by the corpus's name."""
