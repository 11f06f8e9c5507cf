"""What libsndfile does not read, brought to WAV by the program ffmpeg, where it is installed."""

import shutil
import subprocess
from pathlib import Path

from ser.audio.limits import AudioError, DecodeLimits

TIMEOUT = 300.0
"""Seconds; two hours of audio take some twenty."""

FOREIGN = ("mov", "matroska", "asf", "amr", "aac")
"""Demuxers of what libsndfile does not know."""

_DEMUXERS = (  # offset, first bytes, ffmpeg's demuxer; those that are not foreign, for encodings that libsndfile lacks
    (4, b"ftyp", "mov"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "asf"),
    (0, b"#!AMR", "amr"),
    (0, b"\xff\xf1", "aac"),
    (0, b"\xff\xf9", "aac"),
    (0, b"RIFF", "wav"),
    (0, b"RF64", "wav"),
    (0, b"riff\x2e\x91\xcf\x11", "w64"),
    (0, b"OggS", "ogg"),
    (0, b"fLaC", "flac"),
    (0, b"FORM", "aiff"),
    (0, b"caff", "caf"),
    (0, b".snd", "au"),
    (0, b"ID3", "mp3"),
    (0, b"\xff\xfb", "mp3"),
    (0, b"\xff\xf3", "mp3"),
)

HEAD = 12
"""Bytes that `demuxer` looks at."""


def demuxer(head: bytes) -> str | None:
    """Tell by a file's first bytes which of ffmpeg's demuxers reads it; None if it is none of ours.

    >>> demuxer(bytes([0, 0, 0, 28]) + b"ftypM4A ")
    'mov'
    """
    return next((name for at, mark, name in _DEMUXERS if head[at:].startswith(mark)), None)


def container(demuxer: str) -> str:
    """Name what a demuxer reads, as libsndfile names containers.

    >>> container("mov"), container("amr")
    ('MP4', 'AMR')
    """
    return "MP4" if demuxer == "mov" else demuxer.upper()


def is_installed() -> bool:
    """Whether the program is there."""
    return shutil.which("ffmpeg") is not None


def to_wav(source: Path, demuxer: str, target: Path, name: str, limits: DecodeLimits, timeout: float = TIMEOUT) -> str:
    """Write the first audio stream of a file as 16-bit WAV.

    The demuxer is not left to ffmpeg's choice: some that it knows, for play lists, open other files.

    Args:
        source: the file.
        demuxer: what `demuxer` said.
        target: the WAV.
        name: what an error message calls the file.
        limits: a little more is written, so that what is too long is refused by who reads it, and not cut in silence.
        timeout: seconds.

    Returns:
        What ffmpeg says is wrong with a file that it reads all the same; empty if nothing is.

    Raises:
        AudioError: ffmpeg is not installed, cannot read the file, or takes longer than `timeout` seconds.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise AudioError(
            f"{name}: M4A, MP4, WebM, AAC, WMA, AMR and rare encodings are read by the program ffmpeg, which is not"
            " installed; install it, or convert the file to WAV",
            "unreadable",
        )
    command = [program, "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-protocol_whitelist", "file,pipe"]
    command += ["-f", demuxer, "-i", f"file:{source}", "-map", "0:a:0"]
    command += ["-t", str(limits.seconds + 1), "-fs", str(2 * limits.samples + (1 << 20))]
    command += ["-c:a", "pcm_s16le", "-f", "wav", f"file:{target}"]
    try:
        # An argument list and an absolute program: no shell, and names cannot be options.
        done = subprocess.run(command, capture_output=True, timeout=timeout, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise AudioError(f"{name}: ffmpeg took longer than {timeout:g} s", "unreadable") from None
    lines = done.stderr.decode("utf-8", "replace").replace(str(source), name).strip().splitlines()
    said = lines[-1].rpartition("] ")[2] if lines else ""
    if done.returncode:
        raise AudioError(f"{name}: ffmpeg cannot read it, and says: {said or 'nothing'}", "unreadable")
    return said
