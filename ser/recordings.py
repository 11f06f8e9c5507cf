"""Finding recordings in a folder."""

from pathlib import Path

SUFFIXES = (".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav")
"""How the names of files end that hold audio which `ser.audio` decodes."""

FFMPEG_SUFFIXES = (".m4a", ".mp4", ".webm")
"""How the names of files end that the program ffmpeg is asked to decode, in `ser predict` alone."""


def find_recordings(folder: Path, suffixes: tuple[str, ...] = SUFFIXES) -> list[Path]:
    """List the recordings below a folder by their names' endings, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes)
