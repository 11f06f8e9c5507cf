"""Which container a file is in, and which one its extension promises."""

from pathlib import Path, PurePath

import soundfile

from ser.audio import ffmpeg

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
                demuxer = ffmpeg.demuxer(file.read(ffmpeg.HEAD))
    except OSError:
        return ""
    return ffmpeg.container(demuxer) if demuxer in ffmpeg.FOREIGN else ""


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
