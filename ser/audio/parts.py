"""A file as the streams that it is made of, and a view of each that libsndfile reads."""

import io
import os
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, BinaryIO

Piece = bytes | tuple[int, int]
"""What a view is made of: bytes of its own, or the place in the file where some begin and end."""

_HOLE, _ID3V1 = 64, 128  # how many times longer a view claims to be than it is; bytes at its end


@dataclass(frozen=True)
class Part:
    """A stream of a file.

    Attributes:
        pieces: what it is made of; none: of the file as it is.
        missing: of its sound, as a share of what is there, as its headers promise it; NaN: an unknown share.
        odd: what is odd about it though nothing is missing. Empty: nothing.
        hole: whether the view claims to be longer than it is: for streams whose length is guessed by that.
    """

    pieces: tuple[Piece, ...] = ()
    missing: float = 0.0
    odd: str = ""
    hole: bool = False


@dataclass(frozen=True)
class Contents:
    """What a file is made of.

    Attributes:
        parts: its streams, one after the other; at least one.
        container: in which the first is, if that is another than the decoder will see; else empty.
    """

    parts: tuple[Part, ...] = (Part(),)
    container: str = ""


class View(io.RawIOBase):
    """A file put together from pieces of another, for libsndfile.

    Args:
        file: the other; between reads, its place may be moved.
        part: the pieces. With a hole, the view claims to be longer than it is, and ends in zeros there: libmpg123
            guesses a stream's length by its first frame's, and where it guesses too short, the rest is not heard.
    """

    def __init__(self, file: BinaryIO, part: Part) -> None:
        super().__init__()
        self._file, self._pieces, self._place = file, part.pieces, 0
        sizes = (len(piece) if isinstance(piece, bytes) else piece[1] - piece[0] for piece in part.pieces)
        self._ends = list(accumulate(sizes))  # of the pieces in the view
        self._size = self._ends[-1]
        self._claimed = self._size * _HOLE if part.hole else self._size

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def seekable(self) -> bool:
        """Whether a place in it can be chosen."""
        return True

    def tell(self) -> int:
        """The place of the next byte."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Choose the place of the next byte."""
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._claimed}[whence]
        return self._place

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer, up to the view's end."""
        n_read = 0
        while n_read < len(buffer) and (data := self._read_piece(len(buffer) - n_read)):
            buffer[n_read : n_read + len(data)] = data
            n_read += len(data)
            self._place += len(data)
        return n_read

    def _read_piece(self, length: int) -> bytes:
        """What follows, of one piece; nothing at the end."""
        number = bisect_right(self._ends, self._place)
        if number == len(self._ends):
            behind_hole = self._place >= max(self._size, self._claimed - _ID3V1)
            return bytes(min(length, self._claimed - self._place)) if behind_hole else b""
        piece, before_end = self._pieces[number], self._ends[number] - self._place
        if isinstance(piece, bytes):
            return piece[len(piece) - before_end :][:length]
        self._file.seek(piece[1] - before_end)
        return self._file.read(min(length, before_end))
