"""The frames of an MPEG audio stream (MP3): how many there are, and where, whatever a header promises.

Source:
    ISO/IEC 11172-3 and 13818-3, section 2.4.1.3, and Fraunhofer's MPEG 2.5; the tags that LAME writes and libmpg123
    reads; ID3v2.4, section 3.1; APEv2.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO, NamedTuple

_BITRATES = {  # kbit/s by index, from 1 on; by (MPEG 1, layer)
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}  # hertz, by version
_CANDIDATE = re.compile(rb"\xff[\xe2-\xe7\xf2-\xff][\x10-\xeb].", re.DOTALL)
_HEADER = 4  # bytes
_READ = 60  # bytes of a frame, up to the number of frames in a tag
_SCANNED = 1 << 16  # bytes


class _Frame(NamedTuple):
    kind: tuple[int, int, int, bool]  # version, layer, hertz, whether mono: what a decoder cannot change in a stream
    length: int  # bytes


class _Tag(NamedTuple):
    """A frame that holds no sound, but how many follow."""

    start: int
    stop: int
    n_frames: int
    exact: bool  # libmpg123 goes by it, and cuts the encoder's delay


@dataclass
class MpegStream:
    """Frames that one decoder reads.

    Attributes:
        n_frames: how many hold sound.
        tags: of them, what tags at the beginning of files say.
        places: where they begin and end in the file, those that touch each other together; without tags.
        ends_inside: whether the file ends inside a frame, which is not among them.
    """

    n_frames: int = 0
    tags: list[_Tag] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    ends_inside: bool = False

    def add(self, start: int, stop: int) -> None:
        """Take the next frame."""
        self.n_frames += 1
        if self.places and self.places[-1][1] == start:
            start = self.places.pop()[0]
        self.places.append((start, stop))

    @property
    def agrees(self) -> bool:
        """Whether one tag says truly how many frames follow it, give or take itself."""
        return len(self.tags) == 1 and self.tags[0].exact and abs(self.tags[0].n_frames - self.n_frames) <= 1

    @property
    def missing(self) -> float:
        """Frames that are promised and are not there, as a share of those that are; NaN: some, of an unknown number."""
        promised = sum(tag.n_frames for tag in self.tags)
        if promised > self.n_frames + len(self.tags):
            return (promised - self.n_frames) / max(self.n_frames, 1)
        return float("nan") if self.ends_inside and not promised else 0.0


def read_streams(file: BinaryIO, start: int, stop: int) -> list[MpegStream]:
    """Walk over all frames.

    Args:
        file: open, at any place; it is left at another.
        start: where they begin, at the earliest; tags may come first.
        stop: where they end, at the latest.

    Returns:
        One stream after another: a new one begins where the sampling rate or the number of channels changes. None at
        all if there are no frames, or such whose length no header tells ("free format").
    """
    streams: list[MpegStream] = []
    kind = None
    for place, frame, head in _frames(file, start, stop):
        if frame.kind != kind:
            streams.append(MpegStream())
            kind = frame.kind
        stream = streams[-1]
        if place + frame.length > stop:
            stream.ends_inside = True
        elif tag := _read_tag(head, place, frame):
            stream.tags.append(tag)
        else:
            stream.add(place, place + frame.length)
    return [stream for stream in streams if stream.n_frames]


def _frames(file: BinaryIO, start: int, stop: int) -> Iterator[tuple[int, _Frame, bytes]]:
    """Yield where each frame begins, what it is, and its first bytes."""
    kind = None
    place: int | None = start
    while place is not None and place + _HEADER <= stop:
        head = _read(file, place, min(_READ, stop - place))
        frame = _parse(head[:_HEADER])
        if frame and (frame.kind == kind or _is_followed(file, place, frame, stop)):
            kind = frame.kind
            yield place, frame, head
            place += frame.length
        else:
            kind = None  # what looks like a frame after this must be followed by another
            place = _skip(file, place, head, stop)


def _is_followed(file: BinaryIO, place: int, frame: _Frame, stop: int) -> bool:
    following = place + frame.length
    if following + _HEADER > stop:
        return True
    head = _read(file, following, 10)
    found = _parse(head[:_HEADER])
    return (found is not None and found.kind == frame.kind) or _tag_length(head) > 0 or head.startswith(b"TAG")


def _skip(file: BinaryIO, place: int, head: bytes, stop: int) -> int | None:
    """Where the next frame may begin."""
    if length := _tag_length(head):
        return place + length
    while place < stop:
        data = _read(file, place + 1, min(_SCANNED, stop - place - 1))
        if match := _CANDIDATE.search(data):
            return place + 1 + match.start()
        place += max(len(data) - _HEADER + 1, 1)
    return None


def _read(file: BinaryIO, place: int, length: int) -> bytes:
    file.seek(place)
    return file.read(length)


def _tag_length(head: bytes) -> int:
    """Bytes of the ID3v2 or APE tag that begins here; 0 if none does."""
    if head.startswith(b"ID3") and len(head) >= 10 and max(head[6:10]) < 0x80:
        size = sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        return 10 + size + (10 if head[5] & 0x10 else 0)
    if head.startswith(b"APETAGEX") and len(head) >= 24:
        has_header = bool(head[23] & 0x80)
        return int.from_bytes(head[12:16], "little") + 32 if has_header else 32
    return 0


@lru_cache(1024)
def _parse(head: bytes) -> _Frame | None:
    """Read the header of a frame; None if it is none, or does not tell the frame's length."""
    if len(head) < _HEADER or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer, index, rate = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3), head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or index in (0, 15) or rate == 3:
        return None
    bitrate, hertz, padding = 1000 * _BITRATES[version == 3, layer][index - 1], _RATES[version][rate], head[2] >> 1 & 1
    if layer == 1:
        length = 4 * (12 * bitrate // hertz + padding)
    else:
        n_samples = 576 if layer == 3 and version != 3 else 1152
        length = n_samples // 8 * bitrate // hertz + padding
    return _Frame((version, layer, hertz, head[3] >> 6 == 3), length)


def _read_tag(head: bytes, place: int, frame: _Frame) -> _Tag | None:
    version, layer, _, mono = frame.kind
    if layer != 3:
        return None
    at = _HEADER + ((17 if mono else 32) if version == 3 else (9 if mono else 17))
    stop = place + frame.length
    if head[at : at + 4] in (b"Xing", b"Info"):
        counted = bool(head[at + 7] & 1)
        return _Tag(place, stop, int.from_bytes(head[at + 8 : at + 12]) if counted else 0, counted)
    if head[36:40] == b"VBRI":
        return _Tag(place, stop, int.from_bytes(head[50:54]), exact=False)
    return None
