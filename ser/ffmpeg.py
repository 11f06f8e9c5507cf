"""What phones and browsers record, brought to WAV by the program ffmpeg, where it is installed."""

import shutil
import subprocess
from pathlib import Path

from ser.audio import MAX_SAMPLES, MAX_SECONDS, AudioError

TIMEOUT = 300.0
"""Seconds; two hours of audio take some twenty."""


def demuxer(head: bytes) -> str | None:
    """Tell by a file's first 12 bytes which of ffmpeg's demuxers reads it; None if it is none of ours.

    >>> demuxer(bytes([0, 0, 0, 28]) + b"ftypM4A ")
    'mov'
    """
    if head[4:8] == b"ftyp":
        return "mov"
    return "matroska" if head.startswith(b"\x1a\x45\xdf\xa3") else None


def to_wav(source: Path, demuxer: str, target: Path, timeout: float = TIMEOUT) -> None:
    """Write the first audio stream of a file as 16-bit WAV.

    The demuxer is not left to ffmpeg's choice: some that it knows, for play lists, open other files.

    Raises:
        AudioError: ffmpeg is not installed, cannot read the file, or takes longer than `timeout` seconds.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise AudioError(
            f"{source}: M4A, MP4 and WebM are read by the program ffmpeg, which is not installed;"
            " install it, or convert the file to WAV",
            "unreadable",
        )
    command = [program, "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-protocol_whitelist", "file,pipe"]
    command += ["-f", demuxer, "-i", f"file:{source}", "-map", "0:a:0"]
    # A little more than `ser.audio.decode` takes, so that it is refused there, and not cut in silence here.
    command += ["-t", str(MAX_SECONDS + 1), "-fs", str(2 * MAX_SAMPLES + (1 << 20))]
    command += ["-c:a", "pcm_s16le", "-f", "wav", f"file:{target}"]
    try:
        # An argument list and an absolute program: no shell, and names cannot be options.
        done = subprocess.run(command, capture_output=True, timeout=timeout, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise AudioError(f"{source}: ffmpeg took longer than {timeout:g} s", "unreadable") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["nothing"]
        raise AudioError(f"{source}: ffmpeg cannot read it, and says: {said[-1]}", "unreadable")
