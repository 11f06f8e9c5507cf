"""The one decoder: a recording of any kind, opened and read block by block."""

import math
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path, PurePath
from typing import BinaryIO

import numpy as np
import soundfile

from ser.audio import ffmpeg
from ser.audio.headers import read_contents
from ser.audio.limits import FORMATS, MAX_BYTES, MAX_CHANNELS, MAX_PEAK, SAMPLING_RATES, AudioError, DecodeLimits
from ser.audio.messages import captured_messages
from ser.audio.parts import Contents, Part, View
from ser.audio.suffixes import UNREAD_SUFFIXES

Recording = str | Path | BinaryIO
"""A file's path, or an open file, of bytes, which need not be able to seek."""

_BLOCK = 1 << 16  # frames; no memory is reserved on the word of a header beyond one block
_COPIED = 1 << 20  # bytes at once
_NOT_RECOGNISED = 1  # SF_ERR_UNRECOGNISED_FORMAT
_MPEG = "MP3"  # by libsndfile's name
_FRAMES_UNKNOWN = 2**63 - 1  # SF_COUNT_MAX
_UNHEARD = 0.02  # seconds; less than that is no loss
_SHOWN = "WAV, FLAC, Ogg, MP3, AIFF, AU, CAF or W64"


class SequentialSoundFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A sound file read from its start to its end.

    soundfile seeks to where it already is after every block, which makes libmpg123 lose the bits that an MP3 frame
    borrows from those before it, and fails on a FLAC from a pipe, whose length is unknown.
    """

    def seekable(self) -> bool:
        """Say no, whatever the file can."""
        return False


class AudioReader:
    """An open recording.

    Attributes:
        name: what messages call it.
        sampling_rate: hertz.
        n_channels: how many.
        container: by libsndfile's name, or ffmpeg's.
        seconds: its length, as its header says; None if it does not.
        odd: what was odd about it, as far as it was read last; lines that begin with its name.
        missing: seconds that its headers promise and that are not there, as far as it was read last; NaN: some, of
            unknown number.
    """

    def __init__(
        self, file: BinaryIO, name: str, limits: DecodeLimits, contents: Contents, stack: ExitStack, said: str = ""
    ) -> None:
        self.name = name
        self._file, self._parts, self._stack = file, contents.parts, stack
        self._sound = self._open(self._parts[0], stack)
        self._check_header()
        self.sampling_rate, self.n_channels = int(self._sound.samplerate), int(self._sound.channels)
        self.container = contents.container or str(self._sound.format)
        promised = self._promised(self._parts[0], self._sound)
        self.seconds = promised / self.sampling_rate if promised and len(self._parts) == 1 else None
        self._said = said  # by ffmpeg, of what it made this from
        self._begun = False  # whether what is open of it was read from
        self.odd: list[str] = []
        self.missing = 0.0
        self._limits = limits

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield the samples in order, from the first on each time, float32 of shape (n_samples, n_channels).

        Raises:
            AudioError: the recording is damaged, too long, empty, or has samples that are not in [-1, 1].
        """
        most, n_frames = self._limits.frames(self.sampling_rate, self.n_channels), 0
        self.odd, self.missing = [], 0.0
        if self._said:
            self._note(f"ffmpeg says: {self._said}")
            self.missing = math.nan
        with named_errors(self.name):
            for block in self._all_parts():
                n_frames += len(block)
                if n_frames > most:
                    longest = f"{most / self.sampling_rate:g} s"
                    raise self.error(f"expected at most {longest}, found more; cut it", "unreadable")
                self._check_samples(block)
                yield block
        if n_frames == 0:
            raise self.error("expected audio, found a header without samples", "empty")

    def _all_parts(self) -> Iterator[np.ndarray]:
        for part in self._parts:
            if self._begun:
                self._sound = self._open(part, self._stack)
            self._begun = True
            if (self._sound.samplerate, self._sound.channels) != (self.sampling_rate, self.n_channels):
                self._note("it goes on at another sampling rate or with other channels, which is not heard")
                return
            yield from self._read(part)

    def error(self, message: str, reason: str) -> AudioError:
        """Make an error that names the recording."""
        return AudioError(f"{self.name}: {message}", reason)

    def _note(self, text: str) -> None:
        self.odd.append(f"{self.name}: {text}")

    def _open(self, part: Part, stack: ExitStack) -> soundfile.SoundFile:
        if part.pieces:
            return stack.enter_context(SequentialSoundFile(View(self._file, part)))
        # By descriptor: given a path, its extension would decide, and SD2 open a second file. By another one: the place
        # in the first is ours.
        return stack.enter_context(SequentialSoundFile(os.open(self._file.name, os.O_RDONLY)))

    def _check_header(self) -> None:
        sound, (low, high) = self._sound, SAMPLING_RATES
        if sound.format not in FORMATS:
            raise self.error(f"expected {_SHOWN}, found {sound.format}", "not audio")
        if sound.channels > MAX_CHANNELS:
            raise self.error(f"expected at most {MAX_CHANNELS} channels, found {sound.channels}", "unreadable")
        if not low <= sound.samplerate <= high:
            raise self.error(f"expected a sampling rate of {low} to {high} Hz, found {sound.samplerate}", "unreadable")

    def _read(self, part: Part) -> Iterator[np.ndarray]:
        """Yield the blocks of one part, and note what is missing of it or odd about it."""
        n_frames, missing, said = 0, 0.0, dict[str, None]()
        talks = self._sound.format == _MPEG
        while True:
            block = np.full((_BLOCK, self.n_channels), np.nan, np.float32)
            try:
                with captured_messages(said) if talks else nullcontext():
                    block = self._sound.read(out=block)
            except soundfile.LibsndfileError as error:
                block = self._decoded_before(part, error, block)
                missing = math.nan
            if not len(block):
                break
            n_frames += len(block)
            yield block
        if said:
            self._note(f"some frames are damaged and may sound wrong: {', '.join(said)}")
        if promised := self._promised(part, self._sound):
            missing = promised - n_frames
        missing = max(part.missing * n_frames, missing)  # NaN, if the first is
        if not missing <= _UNHEARD * self.sampling_rate:
            self.missing += missing / self.sampling_rate
        if part.odd:
            self._note(part.odd)

    def _decoded_before(self, part: Part, error: soundfile.LibsndfileError, block: np.ndarray) -> np.ndarray:
        """What was decoded before the file ended too early; damage before its end is an error."""
        if self._ends_well(part):
            raise self.error(f"expected intact audio, found damage: {error.error_string}", "unreadable") from None
        return block[: np.argmax(np.isnan(block[:, 0]))]

    def _ends_well(self, part: Part) -> bool:
        """Whether the end that the header promises is there."""
        try:
            with ExitStack() as stack:
                sound = self._open(part, stack)
                soundfile.SoundFile.seek(sound, sound.frames - 1)
                return len(sound.read(1)) == 1
        except soundfile.LibsndfileError:
            return False

    def _check_samples(self, block: np.ndarray) -> None:
        peak = max(float(block.max()), -float(block.min()))  # NaN if any sample is
        if not math.isfinite(peak):
            raise self.error("expected finite samples, found NaN or infinity", "not finite")
        if peak > MAX_PEAK:
            raise self.error(f"expected samples in [-1, 1], found a peak of {peak:g}", "unreadable")

    @staticmethod
    def _promised(part: Part, sound: soundfile.SoundFile) -> int | None:
        """Frames, if the header tells: what is read of it alone, and not guessed."""
        guessed = part.hole or not 0 < sound.frames < _FRAMES_UNKNOWN
        return None if guessed else int(sound.frames)


@contextmanager
def open_audio(
    recording: Recording, name: str | None = None, limits: DecodeLimits | None = None
) -> Iterator[AudioReader]:
    """Open a recording that libsndfile reads, or, if it is installed, ffmpeg, told by its content.

    The header is not trusted: what it promises may be missing, and what it does not tell may be there.

    Args:
        recording: a path, also of a pipe, or an open file.
        name: what messages call it; None: its path, or ``-``.
        limits: how much is decoded.

    Raises:
        AudioError: it cannot be used; its ``reason`` is one of `ser.audio.limits.REASONS`.
    """
    name = name or name_of(recording)
    with ExitStack() as stack:
        with named_errors(name):
            path = as_file(recording, name, stack)
            if path.stat().st_size == 0:
                raise AudioError(f"{name}: expected audio, found an empty file", "empty")
            reader = _open_decoded(path, name, limits or DecodeLimits(), stack)
        yield reader


def name_of(recording: Recording) -> str:
    """What messages call a recording: its path, or ``-``."""
    return str(recording) if isinstance(recording, str | Path) else "-"


def _open_decoded(path: Path, name: str, limits: DecodeLimits, stack: ExitStack) -> AudioReader:
    """Open a file with libsndfile, or what ffmpeg makes of it."""
    file = stack.enter_context(path.open("rb"))
    demuxer = ffmpeg.demuxer(file.read(ffmpeg.HEAD))
    if demuxer in ffmpeg.FOREIGN:
        return _open_converted(path, demuxer, name, limits, stack)
    try:
        return AudioReader(file, name, limits, read_contents(file), stack)
    except soundfile.LibsndfileError:
        if demuxer is None or not ffmpeg.is_installed():
            raise
        with suppress(AudioError):
            return _open_converted(path, demuxer, name, limits, stack)
        raise  # what libsndfile says is more to the point


def _open_converted(path: Path, demuxer: str, name: str, limits: DecodeLimits, stack: ExitStack) -> AudioReader:
    wav = _temporary(stack) / "audio.wav"
    said = ffmpeg.to_wav(path, demuxer, wav, name, limits)
    file = stack.enter_context(wav.open("rb"))
    reader = AudioReader(file, name, limits, read_contents(file), stack, said)
    reader.container = ffmpeg.container(demuxer)
    return reader


def as_file(recording: Recording, name: str, stack: ExitStack) -> Path:
    """A regular file: the recording itself, or a copy of what a pipe or an open file holds."""
    if not isinstance(recording, str | Path):
        return _copied(recording, name, stack)
    path = Path(recording)
    try:
        mode = path.stat().st_mode
    except PermissionError:
        raise
    except OSError:  # besides the obvious: a name that is too long, or a link in a circle
        raise AudioError(f"{name}: expected an audio file, found no such file", "missing") from None
    if stat.S_ISREG(mode):
        return path
    if stat.S_ISFIFO(mode):
        with path.open("rb") as pipe:
            return _copied(pipe, name, stack)
    found = "a folder" if stat.S_ISDIR(mode) else "a device"
    raise AudioError(f"{name}: expected an audio file, found {found}", "missing")


def _copied(stream: BinaryIO, name: str, stack: ExitStack) -> Path:
    path = _temporary(stack) / "recording"
    with path.open("wb") as file:
        while block := stream.read(_COPIED):
            if file.write(block) and file.tell() > MAX_BYTES:
                raise AudioError(f"{name}: expected at most {MAX_BYTES:,} bytes, found more", "unreadable")
    return path


def _temporary(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ser-")))


@contextmanager
def named_errors(name: str) -> Iterator[None]:
    """Say of a file what is wrong with it, where libsndfile or the system do."""
    try:
        yield
    except soundfile.LibsndfileError as error:
        if error.code == _NOT_RECOGNISED:
            remedy = "; convert it to WAV first" if PurePath(name).suffix.lower() in UNREAD_SUFFIXES else ""
            raise AudioError(f"{name}: expected {_SHOWN}, found none of them{remedy}", "not audio") from None
        found = f"damage or an unknown encoding: {error.error_string}"
        remedy = "" if ffmpeg.is_installed() else "; the program ffmpeg, which is not installed, may know it"
        raise AudioError(f"{name}: expected intact audio, found {found}{remedy}", "unreadable") from None
    except OSError as error:
        raise AudioError(f"{name}: cannot be read: {error.strerror}", "unreadable") from None
