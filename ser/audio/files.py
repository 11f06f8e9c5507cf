"""Recordings in a folder, told from what else lies there by name and by first bytes."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from ser.audio.suffixes import FFMPEG_SUFFIXES, SUFFIXES, UNREAD_SUFFIXES
from ser.walking import walk

_SOUND_SUFFIXES = (*SUFFIXES, *FFMPEG_SUFFIXES, *UNREAD_SUFFIXES)

_NAMED = 5  # extensions that a message names
_HEAD = 4096  # bytes that are looked at
_SOUND = re.compile(
    rb"RIFF....WAVE|RIFX....WAVE|RF64....WAVE|BW64....WAVE|riff\x2e\x91\xcf\x11|FORM....(?:AIFF|AIFC|8SVX)"
    rb"|fLaC|OggS|ID3[\x02-\x04]|caff|\.snd|dns\.|#!AMR|\x1aE\xdf\xa3|0&\xb2u\x8e\x66\xcf\x11"
    rb"|....ftyp(?!heic|heix|hevc|mif1|msf1|avif|avis)"
    rb"|\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]|\xff[\xf0\xf1\xf8\xf9]"  # frames of MP3 and of AAC
    rb"|MAC |wvpk|MPCK|MP\+|\.RMF|\.ra\xfd|MThd|TTA[12]|DSD |FRM8|OFR |tBaK|ajkg|\x0bw|Creative Voice File",
    re.DOTALL,
)
"""How files begin that are sound, whatever their name."""

_KINDS = {
    "picture": re.compile(
        rb"\x89PNG|\xff\xd8\xff|GIF8|BM....\0\0\0\0|II\*\0|MM\0\*|RIFF....WEBP|....ftyp(?:heic|heix|mif1|avif)",
        re.DOTALL,
    ),
    "video": re.compile(rb"RIFF....AVI |\0\0\x01[\xb3\xba]|FLV\x01|G@", re.DOTALL),
    "archive": re.compile(rb"PK\x03\x04|PK\x05\x06|\x1f\x8b|BZh|\xfd7zXZ\0|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd"),
    "document": re.compile(rb"%PDF|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
}
"""How other files begin that lie among recordings."""

_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_TEXT_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
_SYSTEM_FILES = {".directory", ".ds_store", ".localized", "desktop.ini", "ehthumbs.db", "icon\r", "thumbs.db"}
_SYSTEM_PREFIXES = ("._", ".#", ".~lock.", "~$")


@dataclass(frozen=True)
class Contents:
    """What is in a folder and below it, in order.

    Attributes:
        recordings: files whose names end as those of recordings do.
        unread: other files that look like sound, by their names or by how they begin.
        system_files: what an operating system left there under the name of a recording, such as ``._a.wav``.
    """

    recordings: list[Path] = field(default_factory=list)
    unread: list[Path] = field(default_factory=list)
    system_files: list[Path] = field(default_factory=list)


def look_through(folder: Path) -> Contents:
    """Sort the files in and below a folder, those that are linked into it included.

    Raises:
        InputError: the folder is not there, or cannot be listed.
    """
    contents = Contents()
    for path in walk(folder):
        if path.suffix.lower() in (*SUFFIXES, *FFMPEG_SUFFIXES):
            (contents.system_files if _is_system_file(path) else contents.recordings).append(path)
        elif path.suffix.lower() in UNREAD_SUFFIXES or _sounds(_head(path)):
            contents.unread.append(path)
    return contents


def find_recordings(folder: Path) -> list[Path]:
    """List the recordings in and below a folder, in order.

    Raises:
        InputError: the folder is not there, or cannot be listed.
    """
    return look_through(folder).recordings


def describe_passed_over(folders: Sequence[Contents]) -> list[str]:
    """Say in a line for each kind what was passed over in folders."""
    unread = [path for contents in folders for path in contents.unread]
    system_files = [path for contents in folders for path in contents.system_files]
    lines = []
    if unread:
        lines.append(
            f"{_files(unread)} that look like sound passed over ({by_suffix(unread)}): convert them to WAV,"
            " or rename those that only have an unusual name"
        )
    if system_files:
        lines.append(f"{_files(system_files)} of an operating system passed over, such as {system_files[0].name}")
    return lines


def other_kind(path: Path) -> str | None:
    """Say what a file is that is plainly no recording: neither by its name nor by how it begins.

    Returns:
        A word such as ``text``; None for what is, or claims to be, a recording, however damaged, and for what cannot be
        told: a file that cannot be read, or one without an extension whose content is not known.
    """
    if _is_system_file(path):
        return "system file"
    head = _head(path)
    if head is None or _sounds(head) or path.suffix.lower() in _SOUND_SUFFIXES:
        return None
    if not head:
        return "empty file"
    if _is_text(head):
        return "text"
    known = next((kind for kind, mark in _KINDS.items() if mark.match(head)), None)
    return known or ("other data" if path.suffix else None)


def by_suffix(paths: Iterable[PurePath | str]) -> str:
    """Count files by their names' endings, the most frequent first.

    >>> by_suffix(["a.wav", "b.WAV", "README"])
    '2 .wav, 1 without extension'
    """
    counts = Counter(PurePath(path).suffix.lower() or "without extension" for path in paths)
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    n_others = sum(n for _, n in ordered[_NAMED:])
    others = [f"{n_others:,} others"] if n_others else []
    return ", ".join([*(f"{n:,} {suffix}" for suffix, n in ordered[:_NAMED]), *others])


def _head(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return None


def _sounds(head: bytes | None) -> bool:
    return bool(head and _SOUND.match(head) and not _is_text(head))


def _is_text(head: bytes) -> bool:
    return head.startswith(_TEXT_MARKS) or not _NO_TEXT.search(head)


def _is_system_file(path: Path) -> bool:
    named = path.name.lower() in _SYSTEM_FILES or path.name.startswith(_SYSTEM_PREFIXES)
    return named and not _sounds(_head(path))


def _files(paths: list[Path]) -> str:
    return f"{len(paths):,} file{'s' * (len(paths) != 1)}"
