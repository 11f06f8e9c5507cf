import errno
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import pytest

from ser.corpora.download import download, fetch
from ser.corpora.sources import Source
from ser.errors import InputError

NO_WAITS = (0.0, 0.0, 0.0)


class FileServer(ThreadingHTTPServer):
    """Serves one file on 127.0.0.1, well or badly.

    Attributes:
        content: the file.
        with_ranges: whether a range that is asked for is served.
        etag: of the file.
        cuts: after how many bytes of the body each of the next answers breaks off.
        statuses: of the next answers, instead of the file.
        ranges: what was asked for, one entry a request; empty for the whole file.
        endless: whether answers state no size, and what comes behind the file does not end.
        n_served: bytes of all bodies.
    """

    daemon_threads = False

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.with_ranges = True
        self.etag = '"1"'
        self.cuts: list[int] = []
        self.statuses: list[int] = []
        self.ranges: list[str] = []
        self.endless = False
        self.n_served = 0
        self.url = f"http://127.0.0.1:{self.server_port}/corpus.zip?download=1"

    def __enter__(self) -> Self:
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()

    def source(self) -> Source:
        return Source(
            url=self.url,
            file="corpus.zip",
            checksum=f"md5:{hashlib.md5(self.content).hexdigest()}",  # noqa: S324 (not for security)
            n_bytes=len(self.content),
        )


class Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get("Range", "")
        server.ranges.append(wanted)
        if server.statuses:
            self.send_response(server.statuses.pop(0))
            self.end_headers()
            return
        total = len(server.content)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.with_ranges else 0
        if self.headers.get("If-Range", server.etag) != server.etag:
            start = 0
        if start >= total:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{total}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        if not server.endless:
            self.send_header("Content-Length", str(total - start))
        self.send_header("ETag", server.etag)
        self.end_headers()
        body = server.content[start:]
        body = body[: server.cuts.pop(0)] if server.cuts else body
        server.n_served += len(body)
        self.wfile.write(body)
        with suppress(ConnectionError):
            while server.endless:
                self.wfile.write(bytes(100_000))
                server.n_served += 100_000

    def log_message(self, *_: Any) -> None:
        pass


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


RECORDINGS = {
    f"Actor_0{actor}/{take}.wav": np.random.default_rng(10 * actor + take).bytes(40_000)
    for actor in (1, 2)
    for take in range(5)
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with FileServer(zipped(RECORDINGS | {"README.txt": b"not a recording"})) as running:
        yield running


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_corpus_is_fetched_checked_and_unpacked_and_nothing_else_stays(server: FileServer, tmp_path: Path) -> None:
    folder = tmp_path / "raw" / "ravdess"
    assert fetch(server.source(), folder, NO_WAITS) == 10
    assert files_in(tmp_path) == {f"raw/ravdess/{name}" for name in RECORDINGS}
    for name, content in RECORDINGS.items():
        assert (folder / name).read_bytes() == content


def test_a_cut_connection_is_taken_up_where_it_broke_off(server: FileServer, tmp_path: Path) -> None:
    server.cuts = [150_000, 50_000]
    archive = tmp_path / "corpus.zip"
    download(server.source(), archive, NO_WAITS)
    assert archive.read_bytes() == server.content
    assert server.ranges[0] == ""
    assert [wanted.startswith("bytes=") for wanted in server.ranges[1:]] == [True, True]
    assert server.n_served == pytest.approx(len(server.content), rel=0.1)


def test_after_the_last_try_what_has_arrived_is_kept_and_the_next_run_goes_on(
    server: FileServer, tmp_path: Path
) -> None:
    archive = tmp_path / "corpus.zip"
    server.cuts = [200_000]
    with pytest.raises(InputError, match=r"broke off at 0\.2 MB \(.*\); run the command again to go on"):
        download(server.source(), archive, waits=())
    assert files_in(tmp_path) == {"corpus.zip.part"}
    kept = (tmp_path / "corpus.zip.part").stat().st_size
    assert 100_000 < kept <= 200_000

    download(server.source(), archive, waits=())
    assert archive.read_bytes() == server.content
    assert server.ranges == ["", f"bytes={kept}-"]
    assert server.n_served - len(server.content) == 200_000 - kept
    assert files_in(tmp_path) == {"corpus.zip"}


def test_a_server_without_ranges_makes_it_start_again(server: FileServer, tmp_path: Path) -> None:
    server.with_ranges = False
    server.cuts = [150_000]
    download(server.source(), tmp_path / "corpus.zip", NO_WAITS)
    assert (tmp_path / "corpus.zip").read_bytes() == server.content
    assert len(server.ranges) == 2


def test_a_file_that_changes_in_between_is_not_glued_together(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = server.content, server.content[::-1]
    server.cuts = [150_000]

    def pause(_: float) -> None:
        server.content, server.etag = new, '"2"'

    monkeypatch.setattr("ser.corpora.download.time", SimpleNamespace(sleep=pause))
    source = server.source()
    with pytest.raises(InputError, match="does not match the known hash"):
        download(source, tmp_path / "corpus.zip", NO_WAITS)
    assert server.n_served == 150_000 + len(new)  # from the start: the entity tag differs
    assert source.n_bytes == len(old)
    assert files_in(tmp_path) == set()


def test_a_part_of_another_file_does_not_pass_the_checksum(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "corpus.zip.part").write_bytes(b"x" * 1000)
    with pytest.raises(InputError, match=r"corpus\.zip\?download=1: .*Run the command again"):
        download(server.source(), tmp_path / "corpus.zip", NO_WAITS)
    assert server.ranges == ["bytes=1000-"]
    assert files_in(tmp_path) == set()
    download(server.source(), tmp_path / "corpus.zip", NO_WAITS)
    assert (tmp_path / "corpus.zip").read_bytes() == server.content


def test_a_wrong_checksum_leaves_nothing(server: FileServer, tmp_path: Path) -> None:
    source = server.source()
    server.content = server.content[:-1] + b"?"
    with pytest.raises(InputError, match=f"expected {source.checksum} but got"):
        fetch(source, tmp_path / "raw" / "ravdess", NO_WAITS)
    assert files_in(tmp_path) == set()
    assert len(server.ranges) == 1


def test_a_file_of_another_size_is_not_transferred(server: FileServer, tmp_path: Path) -> None:
    source = server.source()
    server.content += b"more"
    with pytest.raises(InputError, match=r"expected a file of [0-9,]+ bytes, the server has one of"):
        download(source, tmp_path / "corpus.zip", NO_WAITS)
    assert files_in(tmp_path) == set()


@pytest.mark.parametrize("n_here", [0, 1000], ids=["anew", "going on"])
def test_an_answer_without_end_is_broken_off_at_the_size_that_was_promised(
    server: FileServer, tmp_path: Path, n_here: int
) -> None:
    server.endless = True
    if n_here:
        (tmp_path / "corpus.zip.part").write_bytes(server.content[:n_here])
    with pytest.raises(InputError, match=r"expected a file of [0-9,]+ bytes, the server sends more"):
        download(server.source(), tmp_path / "corpus.zip", NO_WAITS)
    assert len(server.ranges) == 1
    assert files_in(tmp_path) == set()


@pytest.mark.parametrize("n_here", [0, 1], ids=["whole", "too long"])
def test_a_part_that_needs_nothing_more_or_is_too_long(server: FileServer, tmp_path: Path, n_here: int) -> None:
    (tmp_path / "corpus.zip.part").write_bytes(server.content + b"x" * n_here)
    download(server.source(), tmp_path / "corpus.zip", NO_WAITS)
    assert (tmp_path / "corpus.zip").read_bytes() == server.content
    assert len(server.ranges) == 2 * n_here


def test_a_server_in_trouble_is_asked_again_and_a_refusal_is_not(server: FileServer, tmp_path: Path) -> None:
    server.statuses = [503, 429]
    download(server.source(), tmp_path / "corpus.zip", NO_WAITS)
    assert len(server.ranges) == 3
    server.statuses = [404, 404]
    with pytest.raises(InputError, match="the server answers 404 Not Found"):
        download(server.source(), tmp_path / "other.zip", NO_WAITS)
    assert server.statuses == [404]


def test_no_server_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with FileServer(b"gone") as server:
        source = server.source()
    with pytest.raises(InputError, match=r"broke off at 0\.0 MB \(Failed to establish .* refused\)") as caught:
        download(source, tmp_path / "corpus.zip", waits=())
    assert "0x" not in str(caught.value)


def test_an_archive_that_is_there_is_not_downloaded_again(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "corpus.zip").write_bytes(server.content)
    assert fetch(server.source(), tmp_path / "ravdess", NO_WAITS) == 10
    assert server.ranges == []


def test_a_folder_that_holds_something_is_not_touched(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "ravdess").mkdir()
    (tmp_path / "ravdess" / "mine.wav").touch()
    with pytest.raises(InputError, match="not empty"):
        fetch(server.source(), tmp_path / "ravdess", NO_WAITS)
    assert server.ranges == []
    assert files_in(tmp_path) == {"ravdess/mine.wav"}


def test_a_disk_that_is_too_small_is_found_out_before_the_transfer(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=300_000))
    with pytest.raises(InputError, match="are needed, the disk has 0 MB left"):
        fetch(server.source(), tmp_path / "raw" / "ravdess", NO_WAITS)
    assert server.ranges == []
    assert files_in(tmp_path) == set()


def test_a_disk_that_fills_up_leaves_only_what_can_be_gone_on_with(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk(io.FileIO):
        def write(self, content: Any, /) -> int:
            if self.tell() >= 131_072:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(content)

    original = Path.open
    with monkeypatch.context() as patch:
        patch.setattr(
            Path,
            "open",
            lambda path, mode="r", *args, **kwargs: (
                FullDisk(path, mode.rstrip("b")) if path.suffix == ".part" else original(path, mode, *args, **kwargs)
            ),
        )
        with pytest.raises(InputError, match="the disk is full; make room and run the command again to go on"):
            fetch(server.source(), tmp_path / "ravdess", NO_WAITS)
    assert files_in(tmp_path) == {"corpus.zip.part"}
    assert fetch(server.source(), tmp_path / "ravdess", NO_WAITS) == 10
    assert server.ranges == ["", "bytes=131072-"]


def test_a_disk_that_is_full_of_recordings_keeps_the_archive(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfileobj", full)
        with pytest.raises(InputError, match="the disk is full"):
            fetch(server.source(), tmp_path / "ravdess", NO_WAITS)
    assert files_in(tmp_path) == {"corpus.zip"}
    assert fetch(server.source(), tmp_path / "ravdess", NO_WAITS) == 10
    assert len(server.ranges) == 1


def test_an_unsafe_archive_is_refused_whole(server: FileServer, tmp_path: Path) -> None:
    server.content = zipped(RECORDINGS | {"../evil.wav": b"evil"})
    folder = tmp_path / "raw" / "ravdess"
    with pytest.raises(InputError, match="leaves the folder; nothing was unpacked"):
        fetch(server.source(), folder, NO_WAITS)
    assert files_in(tmp_path) == {"raw/corpus.zip"}
    assert not folder.exists()


def test_an_archive_without_recordings_is_an_error(server: FileServer, tmp_path: Path) -> None:
    server.content = zipped({"README.txt": b"not a recording", "__MACOSX/._a.wav": b"nor this"})
    with pytest.raises(InputError, match=r"expected files that end in \.wav, the archive holds none"):
        fetch(server.source(), tmp_path / "ravdess", NO_WAITS)
    assert not (tmp_path / "ravdess").exists()
