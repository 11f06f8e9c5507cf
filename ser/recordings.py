"""Finding recordings in a folder."""

from pathlib import Path

SUFFIXES = (".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav")
"""How the names of files end that hold audio which `ser.audio` decodes."""


def find_recordings(folder: Path) -> list[Path]:
    """List the recordings below a folder by their names' endings, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
