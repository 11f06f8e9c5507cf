"""What a sound file is made of, told by its own headers: what they promise, what is there, and what is odd about it.

libsndfile reads one stream, as long as the header says. Files that are sent by phones, written to pipes, joined, cut or
left behind by a recorder that died hold more than that, or less; here it is found out, and a view of the file is made
that libsndfile reads to the end.
"""

import math
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO, Literal

from ser.audio.mpeg import MpegStream, read_streams
from ser.audio.parts import Contents, Part, Piece

NO_END_MARK = "there is no end mark: some recorders write none, and a file that was cut off has none"

_LENGTH_UNKNOWN = 0x7FFF_F000  # bytes; SoX and FFmpeg write this or more into a WAV header when they write to a pipe
_MPEG_IN_WAV = (0x50, 0x55)  # WAVE_FORMAT_MPEG, WAVE_FORMAT_MPEGLAYER3
_EXTENSIBLE = 0xFFFE  # WAVE_FORMAT_EXTENSIBLE: the tag stands in the subformat
_NONE = 0xFFFF_FFFF  # what stands for a length that is not known, or too long for its field
_UNREAD = 1024  # bytes behind the sound; fewer are a tag of some kind
_MOST_PARTS = 10_000
_FARTHEST = 1 << 62  # bytes
_CHUNK_ID = re.compile(rb"[A-Za-z0-9 _.+-]{4}")
_W64 = (
    b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00",
    b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a",
)
_FLAC = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")  # the signature, and STREAMINFO of 34 bytes
_SEARCHED = 1 << 20  # bytes at once


def read_contents(file: BinaryIO) -> Contents:
    """Find out what a file is made of; a file of a kind that is not known is one stream.

    Args:
        file: open, at any place; it is left at another.
    """
    size = os.fstat(file.fileno()).st_size
    head = _read(file, 0, 16)
    if head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:12] == b"WAVE":
        return _read_wave(file, size)
    if head.startswith(b"OggS"):
        return Contents(tuple(_read_ogg(file, size)))
    if head.startswith(b"fLaC"):
        return Contents(tuple(_read_flac(file, size)))
    if head.startswith((b"ID3", b"\xff")):
        return Contents(_mpeg_parts(file, 0, size))
    return Contents((_read_other(file, head, size),))


def _read_other(file: BinaryIO, head: bytes, size: int) -> Part:
    """The one stream of a file of another kind, whose header tells where its sound ends."""
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _read_aiff(file, size)
    if head.startswith(b"caff"):
        return _read_caf(file, size)
    if head.startswith((b".snd", b"dns.")):
        return _read_au(head, size)
    return _read_w64(file, size) if head == _W64[0] else Part()


def _read_wave(file: BinaryIO, size: int) -> Contents:
    """Walk over the chunks of a WAV, and of others that were joined to it."""
    parts: list[Part] = []
    start: int | None = 0
    mpeg = False
    while start is not None and len(parts) < _MOST_PARTS:
        found, mpeg, start = _read_riff(file, start, size)
        parts += found
    return Contents(tuple(parts), "WAV" if mpeg else "")


def _read_riff(file: BinaryIO, start: int, size: int) -> tuple[tuple[Part, ...], bool, int | None]:
    """Read one WAV: its parts, whether they are MPEG audio, and where the next one begins."""
    order: Literal["big", "little"] = "big" if _read(file, start, 4) == b"RIFX" else "little"
    tag = wide = 0
    for name, place, length in _chunks(file, start + 12, order):  # noqa: B007 (they are those of the last)
        if name == b"fmt ":
            content = _read(file, place, 26)
            tag = int.from_bytes(content[:2], order)
            tag = int.from_bytes(content[24:26], order) if tag == _EXTENSIBLE else tag
        elif name == b"ds64":
            wide = int.from_bytes(_read(file, place + 8, 8), order)
        elif name == b"data":
            break
    else:
        return (Part(((start, size),) if start else ()),), False, None
    rest, odd = size - place, ""
    if wide and length == _NONE:
        length = wide
    elif length >= _LENGTH_UNKNOWN:
        length = rest
    died = length == 0 < rest and not _is_all_chunks(file, place, size, order)
    if died:
        length, odd = rest, "its header says 0 samples, as of a recorder that died: it is heard to its end"
    stop = min(place + length, size)
    following, unread = _after(file, stop, size, order)
    if unread >= _UNREAD:
        odd = f"{unread:,} bytes behind the end that its header tells are not heard"
    missing = (length - rest) / rest if length > rest > 0 else 0.0
    if tag in _MPEG_IN_WAV:
        return _mpeg_parts(file, place, stop), True, following
    pieces: tuple[Piece, ...] = ()
    if died:
        told = [min(n, _NONE).to_bytes(4, order) for n in (size - start - 8, length)]
        pieces = ((start, start + 4), told[0], (start + 8, place - 4), told[1], (place, size))
    elif start or following is not None:
        pieces = ((start, size if following is None else following),)
    return (Part(pieces, missing, odd),), False, following


def _after(file: BinaryIO, stop: int, size: int, order: Literal["big", "little"]) -> tuple[int | None, int]:
    """What follows the sound of a WAV: where another one begins, and how many bytes nobody can tell the meaning of."""
    for pad in (stop % 2, 0):
        end = stop + pad
        for name, place, length in _chunks(file, end, order):
            if name in (b"RIFF", b"RIFX", b"RF64") and _read(file, place, 4) == b"WAVE":
                return place - 8, 0
            if place + length > size:
                break
            end = place + length + length % 2
        if size - end < _UNREAD or not _read(file, end, _SEARCHED).strip(b"\x00"):
            return None, 0
    return None, size - stop


def _is_all_chunks(file: BinaryIO, start: int, size: int, order: Literal["big", "little"]) -> bool:
    end = start
    for _, place, length in _chunks(file, start, order):
        end = place + length
    return end in (size, size - 1, size + 1)


def _chunks(
    file: BinaryIO, start: int, order: Literal["big", "little"], width: int = 4
) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, place and length of each chunk, until there is none: the file's end, or something else."""
    place = start
    while len(header := _read(file, place, 4 + width)) == 4 + width and _CHUNK_ID.fullmatch(header[:4]):
        place, length = place + len(header), int.from_bytes(header[4:], order)
        yield header[:4], place, length
        place += length + (length % 2 if width == 4 else 0)


def _read_aiff(file: BinaryIO, size: int) -> Part:
    sound = [(place, length) for name, place, length in _chunks(file, 12, "big") if name == b"SSND"]
    return _cut_at_end(*sound[0], size) if sound else Part()


def _read_caf(file: BinaryIO, size: int) -> Part:
    for name, place, length in _chunks(file, 8, "big", 8):
        if name == b"data" and place + length > size and length < 1 << 63:
            # libsndfile refuses what is cut off
            rest = (size - place).to_bytes(8, "big")
            return Part(((0, place - 8), rest, (place, size)), _cut_at_end(place, length, size).missing)
    return Part()


def _read_au(head: bytes, size: int) -> Part:
    order: Literal["big", "little"] = "big" if head.startswith(b".") else "little"
    place, length = (int.from_bytes(head[at : at + 4], order) for at in (4, 8))
    return Part() if length == _NONE else _cut_at_end(place, length, size)


def _read_w64(file: BinaryIO, size: int) -> Part:
    place = 40
    while len(header := _read(file, place, 24)) == 24:
        length = int.from_bytes(header[16:], "little")  # with the header
        if header[:16] == _W64[1]:
            return _cut_at_end(place + 24, length - 24, size)
        place += max(-(-length // 8) * 8, 24)
    return Part()


def _cut_at_end(place: int, length: int, size: int) -> Part:
    """The file as it is, of whose sound so many bytes are promised from a place on."""
    return Part(missing=(place + length - size) / (size - place) if place < size < place + length else 0.0)


def _read_ogg(file: BinaryIO, size: int) -> Iterator[Part]:
    """Divide a file where another one was joined to it; its last page must be whole, and should be marked as the last.

    Source:
        RFC 3533, section 6.
    """
    start = place = 0
    begun = ended = cut = False
    while not cut and (header := _read(file, place, 27)).startswith(b"OggS") and len(header) == 27:
        first, ended = bool(header[5] & 2), bool(header[5] & 4)
        if first and begun:
            yield Part(((start, place),))
            start = place
        begun = not first
        table = file.read(header[26])
        place += 27 + len(table) + sum(table)
        cut = place > size or len(table) < header[26]
    pieces = ((start, size),) if start else ()
    yield Part(pieces, missing=math.nan if cut else 0.0, odd="" if ended or cut else NO_END_MARK)


def _read_flac(file: BinaryIO, size: int) -> Iterator[Part]:
    """Divide a file where another one was joined to it."""
    starts = [0]
    for place in range(0, size, _SEARCHED):
        data = _read(file, place, _SEARCHED + 7)
        starts += [place + match.start() for match in _FLAC.finditer(data) if place + match.start() > starts[-1]]
    if len(starts) == 1:
        yield Part()
    else:
        yield from (Part((piece,)) for piece in pairwise([*starts, size]))


def _mpeg_parts(file: BinaryIO, start: int, stop: int) -> tuple[Part, ...]:
    """The streams of MPEG audio in a file, without the tags at its beginning and end.

    The one tag that counts the frames stays where it counts right.
    """
    return tuple(map(_mpeg_part, read_streams(file, start, stop))) or (Part(((start, stop),) if start else ()),)


def _mpeg_part(stream: MpegStream) -> Part:
    tags = [(tag.start, tag.stop) for tag in stream.tags] if stream.agrees else []
    return Part((*tags, *stream.places), stream.missing, hole=not stream.agrees)


def _read(file: BinaryIO, place: int, length: int) -> bytes:
    file.seek(min(place, _FARTHEST))  # a damaged header may name any place
    return file.read(length)
