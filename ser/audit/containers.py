"""Which container a file is in, and which one its extension promises."""

from pathlib import Path, PurePath

import soundfile

PROMISED: dict[str, tuple[str, ...]] = {
    ".wav": ("WAV", "WAVEX", "RF64"),
    ".wave": ("WAV", "WAVEX", "RF64"),
    ".rf64": ("RF64",),
    ".w64": ("W64",),
    ".flac": ("FLAC",),
    ".ogg": ("OGG",),
    ".oga": ("OGG",),
    ".opus": ("OGG",),
    ".mp3": ("MP3",),
    ".aif": ("AIFF",),
    ".aiff": ("AIFF",),
    ".aifc": ("AIFF",),
    ".au": ("AU",),
    ".snd": ("AU",),
    ".caf": ("CAF",),
    ".m4a": ("MP4",),
    ".mp4": ("MP4",),
    ".mov": ("MP4",),
    ".3gp": ("MP4",),
    ".aac": ("AAC",),
    ".webm": ("MATROSKA",),
    ".mkv": ("MATROSKA",),
    ".mka": ("MATROSKA",),
    ".wma": ("ASF",),
    ".amr": ("AMR",),
}
"""From an extension to the containers it stands for, by libsndfile's names where it has one."""

_SIGNATURES = (
    (4, b"ftyp", "MP4"),
    (0, b"\x1aE\xdf\xa3", "MATROSKA"),
    (0, b"0&\xb2u", "ASF"),
    (0, b"#!AMR", "AMR"),
    (0, b"\xff\xf1", "AAC"),
    (0, b"\xff\xf9", "AAC"),
)
"""Offset, first bytes and name of common containers that libsndfile does not know."""


def find_container(path: Path) -> str:
    """Name the container of a file by its content.

    Returns:
        libsndfile's name, or one of `PROMISED`'s others; an empty string when the content is neither, or there is none.
    """
    try:
        with path.open("rb") as file:
            try:
                # By descriptor: given a path, the extension would decide.
                with soundfile.SoundFile(file.fileno(), closefd=False) as sound:
                    return str(sound.format)
            except soundfile.LibsndfileError:
                file.seek(0)
                start = file.read(16)
    except OSError:
        return ""
    return next((name for offset, mark, name in _SIGNATURES if start[offset:].startswith(mark)), "")


def mismatch(path: PurePath, container: str) -> str:
    """Say how a container differs from what the extension promises; an empty string when it does not.

    >>> mismatch(PurePath("a.wav"), "MP3")
    'expected WAV by its extension .wav, found MP3'
    >>> mismatch(PurePath("a.WAV"), "WAVEX")
    ''
    """
    promised = PROMISED.get(path.suffix.lower())
    if not container or (promised and container in promised):
        return ""
    if not promised:
        return f"expected an audio extension, found '{path.suffix}' on {container}"
    return f"expected {promised[0]} by its extension {path.suffix}, found {container}"
