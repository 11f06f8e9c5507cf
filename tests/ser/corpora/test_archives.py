import errno
import stat
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ser.corpora.archives import Limits, disk_errors, unpack
from ser.errors import InputError


def write_zip(path: Path, *files: tuple[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return path


def test_files_come_out_as_they_went_in(tmp_path: Path) -> None:
    files = {"a/1.wav": b"one", "./a/b/2.WAV": b"two", "a\\3.wav": b"three", "A/1.wav": b"other case", "notes.txt": b""}
    archive = write_zip(tmp_path / "archive", *files.items(), ("a/._1.wav", b"a Mac's"))
    assert unpack(archive, tmp_path / "all") == 5
    assert (tmp_path / "all" / "a" / "b" / "2.WAV").read_bytes() == b"two"
    assert (tmp_path / "all" / "a" / "3.wav").read_bytes() == b"three"
    assert unpack(archive, tmp_path / "recordings", {".wav"}) == 4
    assert not (tmp_path / "recordings" / "notes.txt").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"archive", "all", "recordings"}


def refused(archive: Path, limits: Limits | None = None) -> str:
    """The error, after a look whether anything was written anywhere."""
    folder = archive.parent / "raw" / "corpus"
    with pytest.raises(InputError) as caught:
        unpack(archive, folder, {".wav"}, limits or Limits())
    assert {path for path in archive.parent.rglob("*") if path.is_file()} == {archive}
    assert not folder.exists()
    message = str(caught.value)
    assert message.startswith(str(archive))
    return message.removeprefix(f"{archive}: ")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.wav", "leaves the folder"),
        ("a/../../evil.wav", "leaves the folder"),
        ("a\\..\\..\\evil.wav", "leaves the folder"),
        ("../evil.txt", "leaves the folder"),  # not even wanted
        ("/tmp/evil.wav", "is an absolute path"),  # noqa: S108
        ("\\\\server\\evil.wav", "is an absolute path"),
        ("C:\\evil.wav", "names a drive"),
        ("a/C:evil.wav", "names a drive"),
    ],
)
def test_a_path_that_leaves_the_folder_refuses_the_archive(tmp_path: Path, name: str, reason: str) -> None:
    archive = write_zip(tmp_path / "archive", ("good.wav", b"good"), (name, b"evil"))
    assert refused(archive) == f"{name!r} {reason}; nothing was unpacked"


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, kind: int) -> None:
    archive = write_zip(tmp_path / "archive", ("link.wav", b"../../secret"), mode=kind | 0o777)
    assert refused(archive) == "'link.wav' is a link or a device; nothing was unpacked"


def test_permissions_of_the_archive_are_not_taken_over(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "archive", ("a.wav", b"a"), mode=stat.S_IFREG | stat.S_ISUID | 0o777)
    unpack(archive, tmp_path / "corpus")
    assert not (tmp_path / "corpus" / "a.wav").stat().st_mode & (stat.S_ISUID | 0o111)


def test_a_bomb_is_refused_by_what_it_states(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "archive", ("a.wav", bytes(1_000_000)), ("b.wav", bytes(1_000_000)))
    assert refused(archive) == "unpacks to more than 100 times its size; nothing was unpacked"
    assert refused(archive, Limits(n_bytes=1_000_000, ratio=1e6)) == "holds more than 1 MB; nothing was unpacked"
    assert refused(archive, Limits(n_files=1, ratio=1e6)) == "holds more than 1 files; nothing was unpacked"
    assert unpack(archive, tmp_path / "corpus", limits=Limits(ratio=1e6)) == 2


def test_a_size_that_is_forged_is_refused(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "archive", ("bomb.wav", bytes(1_000_000)))
    content = archive.read_bytes()
    archive.write_bytes(content.replace((1_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    assert refused(archive).startswith("the archive is broken")


def test_a_broken_archive_is_one_line(tmp_path: Path) -> None:
    content = write_zip(tmp_path / "archive", ("a.wav", np.random.default_rng(0).bytes(100_000))).read_bytes()
    for broken in (b"", b"no archive", content[: len(content) // 2], content[:40] + b"???" + content[43:]):
        (tmp_path / "archive").write_bytes(broken)
        assert refused(tmp_path / "archive").startswith("the archive is broken")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "archive", ("a.wav", b"1"), ("a.wav", b"2"))
    assert refused(archive) == "'a.wav' is there twice; nothing was unpacked"
    archive = write_zip(tmp_path / "archive", ("a.wav", b"1"), ("a.wav/b.wav", b"2"))
    assert refused(archive) == "'a.wav/b.wav' is there twice; nothing was unpacked"
    archive = write_zip(tmp_path / "archive", ("a/b.wav", b"1"), ("a", b"2"))
    assert refused(archive) == "'a' is there twice; nothing was unpacked"


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "archive", ("a.wav", b"a"))
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    archive.write_bytes(content)
    assert refused(archive) == "'a.wav' is encrypted; nothing was unpacked"


def test_what_does_not_fit_on_the_disk_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = write_zip(tmp_path / "archive", ("a.wav", bytes(range(256)) * 10_000))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(InputError, match="3 MB are needed, the disk has 1 MB left"):
        unpack(archive, tmp_path / "corpus", limits=Limits(ratio=1e6))
    assert list(tmp_path.iterdir()) == [archive]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left"), "raw: the disk is full; make room and run the command again to go on"),
        (OSError(errno.EROFS, "Read-only file system"), "raw: cannot be written: Read-only file system"),
        (PermissionError(errno.EACCES, "Permission denied", "raw/a"), "raw/a: cannot be written: Permission denied"),
        (PermissionError("pooch's own"), "raw: cannot be written: pooch's own"),
    ],
)
def test_what_the_disk_says_is_one_line(error: OSError, message: str) -> None:
    with pytest.raises(InputError) as caught, disk_errors(Path("raw")):
        raise error
    assert str(caught.value) == message
