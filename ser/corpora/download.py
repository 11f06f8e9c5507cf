"""Fetching a corpus: a transfer that goes on where it was cut, checked, and unpacked into place."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests
from requests.exceptions import ChunkedEncodingError, ConnectionError, RequestException, Timeout  # noqa: A004
from tqdm import tqdm

from ser.corpora.archives import LIMITS, Limits, disk_errors, require_space, unpack
from ser.corpora.sources import Source
from ser.errors import InputError

CHUNK = 1 << 14  # bytes; as much is lost when the connection is cut
TIMEOUT = (10.0, 60.0)  # seconds to connect, and of silence
WAITS = (1.0, 3.0, 10.0)  # seconds before each further try


def fetch(source: Source, folder: Path, waits: Sequence[float] = WAITS, limits: Limits = LIMITS) -> int:
    """Download a corpus's archive, check it, and unpack it into `folder`.

    The archive lies beside the folder meanwhile, and is removed at the end. One that is there already, whole or in
    part (``.part``), is used.

    Args:
        source: with a ``url``.
        folder: where the recordings go; does not exist, or is empty.
        waits: seconds to wait before each further try after the connection was cut.
        limits: of what the archive may hold.

    Returns:
        How many recordings were unpacked.

    Raises:
        InputError: the folder is not empty, the transfer failed, the checksum is another, the archive is not safe, or
            the disk is too small.
    """
    folder = folder.resolve()
    if is_filled(folder):
        raise InputError(f"{folder}: not empty; move it away to fetch the corpus again")
    archive = folder.parent / source.file
    n_here = sum(path.stat().st_size for path in (archive, _part(archive)) if path.exists())
    require_space(folder.parent, max(source.n_bytes - n_here, 0) + source.n_unpacked_bytes)
    download(source, archive, waits)
    n_unpacked = unpack(archive, folder, source.suffixes, limits)
    archive.unlink()
    return n_unpacked


def is_filled(folder: Path) -> bool:
    """Whether `folder` is there and holds something.

    Raises:
        InputError: it is a file, or cannot be read.
    """
    try:
        return folder.exists() and next(folder.iterdir(), None) is not None
    except OSError as error:
        raise InputError(f"{folder}: expected a folder: {error.strerror}") from None


def download(source: Source, archive: Path, waits: Sequence[float] = WAITS) -> None:
    """Download a source's archive; one that is there with the right checksum is left alone.

    Args:
        source: with a ``url`` and a ``checksum``.
        archive: where it goes; meanwhile the bytes are in a file of the same name with ``.part`` added.
        waits: seconds to wait before each further try after the connection was cut.

    Raises:
        InputError: the transfer failed (what has arrived is kept in ``.part``), or the checksum is another (nothing is
            kept).
    """
    pooch.get_logger().setLevel(logging.WARNING)
    transfer = _Transfer(source.url, _part(archive), source.n_bytes)

    def downloader(_url: str, output: str, _pooch: object) -> None:
        transfer.run(waits)
        transfer.part.replace(output)

    try:
        with disk_errors(archive.parent):
            pooch.retrieve(source.url, source.checksum, archive.name, archive.parent, downloader=downloader)
    except ValueError as error:  # pooch's word for another checksum
        raise InputError(f"{source.url}: {error} Run the command again to download it anew.") from None


def _part(archive: Path) -> Path:
    return archive.with_name(f"{archive.name}.part")


class _CutError(Exception):
    """The transfer ended early, in a way that may pass."""


@dataclass
class _Transfer:
    """One file on its way into `part`.

    Attributes:
        url: where it is.
        part: what has arrived of it, in this run or in one before.
        n_bytes: its size, or 0 if unknown.
        etag: what the server called this version of the file in this run; guards against continuing another version.
            Between runs it is the checksum that decides.
    """

    url: str
    part: Path
    n_bytes: int
    etag: str = ""

    def run(self, waits: Sequence[float]) -> None:
        for wait in (*waits, None):
            if self.n_bytes and self._n_here() == self.n_bytes:
                return
            try:
                self._request()
            except (_CutError, ConnectionError, ChunkedEncodingError, Timeout) as error:
                if wait is None:
                    raise InputError(
                        f"{self.url}: the transfer broke off at {self._n_here() / 1e6:,.1f} MB ({_cause(error)});"
                        " run the command again to go on"
                    ) from None
                time.sleep(wait)
            except RequestException as error:
                raise InputError(f"{self.url}: {_cause(error)}") from None
            else:
                return

    def _n_here(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _request(self) -> None:
        """Ask for what is missing, and append it."""
        n_here = self._n_here()
        headers = {"Accept-Encoding": "identity"}
        if n_here:
            headers["Range"] = f"bytes={n_here}-"
            if self.etag:
                headers["If-Range"] = self.etag
        with requests.get(self.url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            total, goes_on = self._answer(response, n_here)
            if goes_on and n_here == total:
                return
            etag = response.headers.get("ETag", "")
            self.etag = "" if etag.startswith("W/") else etag
            promised = total or self.n_bytes
            n_here = self._append(response, n_here if goes_on else 0, promised)
        if promised and n_here > promised:
            self.part.unlink()
            raise InputError(f"{self.url}: expected a file of {promised:,} bytes, the server sends more")
        if n_here < promised:
            raise _CutError(f"{n_here:,} of {promised:,} bytes")

    def _answer(self, response: requests.Response, n_here: int) -> tuple[int, bool]:
        """The size of the whole file (0 if unknown), and whether the answer goes on where `part` ends."""
        span, _, size = response.headers.get("Content-Range", "").partition("/")
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            if size == str(n_here):
                return n_here, True
            self.part.unlink()
            raise _CutError("the file is shorter than what was here of it")
        if response.status_code >= 500 or response.status_code == requests.codes.too_many_requests:
            raise _CutError(f"the server answers {response.status_code}")
        if not response.ok:
            raise InputError(f"{self.url}: the server answers {response.status_code} {response.reason}")
        goes_on = response.status_code == requests.codes.partial_content
        if goes_on and not span.startswith(f"bytes {n_here}-"):
            self.part.unlink()
            raise _CutError("the server sent another part than was asked for")
        size = size if goes_on else response.headers.get("Content-Length", "")
        total = int(size) if size.isdecimal() else 0
        if self.n_bytes and total and total != self.n_bytes:
            self.part.unlink(missing_ok=True)
            raise InputError(f"{self.url}: expected a file of {self.n_bytes:,} bytes, the server has one of {total:,}")
        return total, goes_on

    def _append(self, response: requests.Response, n_here: int, promised: int) -> int:
        """Write what comes behind what is here, and no more than a chunk beyond what was promised (0: nothing was).

        Returns:
            How many bytes are here then.
        """
        bar = tqdm(
            total=promised or None,
            initial=n_here,
            desc=self.part.stem,
            unit="B",
            unit_scale=True,
            disable=None,
            leave=False,
        )
        with self.part.open("ab" if n_here else "wb") as output, bar:
            for chunk in response.iter_content(CHUNK):
                n_here += output.write(chunk)
                bar.update(len(chunk))
                if promised and n_here > promised:
                    break
        return n_here


def _cause(error: Exception) -> str:
    """The innermost reason, without the pools and connections that urllib3 names around it."""
    reason: object = error
    while isinstance(reason, Exception):
        reason = getattr(reason, "reason", None) or (reason.args[0] if reason.args else type(reason).__name__)
    return str(reason).rpartition("): ")[2]
