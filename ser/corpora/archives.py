"""Unpacking archives that are not trusted: nothing leaves the folder, nothing fills the disk, all of it or none."""

import errno
import lzma
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from ser.errors import InputError
from ser.storage import replacing_folder

CHUNK = 1 << 18
BROKEN = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, NotImplementedError)
"""What reading an archive raises where it is damaged or cut off; the last, where zipfile does not know the packing."""


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold before it counts as a bomb.

    Attributes:
        n_files: files and folders.
        n_bytes: all files together, unpacked.
        ratio: unpacked size over the archive's own. Recordings shrink by a factor of 2 to 10.
    """

    n_files: int = 100_000
    n_bytes: int = 20_000_000_000
    ratio: float = 100.0


@dataclass(frozen=True)
class Member:
    """A file or a folder in an archive, whichever its format.

    Attributes:
        name: the path as the archive states it.
        n_bytes: the unpacked size as the archive states it.
        is_folder: whether it is a folder.
        refused: why it cannot be unpacked whatever its name, or nothing.
        open: opens what it holds.
    """

    name: str
    n_bytes: int
    is_folder: bool
    refused: str
    open: Callable[[], IO[bytes]]


LIMITS = Limits()


def unpack(archive: Path, folder: Path, suffixes: Collection[str] = (), limits: Limits = LIMITS) -> int:
    """Unpack a ZIP or tar archive into `folder`, which appears only once all of it is there.

    Every member is checked before the first is written, those that are not wanted too. Files get the permissions of
    new files, whatever the archive says. What a Mac leaves in archives (``._name``) is passed over.

    Args:
        archive: the file.
        folder: made by this function; does not exist, or is empty.
        suffixes: in lower case, of the files wanted; all if empty.
        limits: what counts as a bomb.

    Returns:
        How many files were unpacked.

    Raises:
        InputError: the archive is broken, holds something other than plain files in folders below it, exceeds a limit
            by what it states or by what comes out of it, holds no file that is wanted, or does not fit on the disk.
    """
    with _readable(archive), disk_errors(folder):
        n_unpacked = 0
        with _members(archive) as members:
            plan = _checked(archive, members, limits)
            require_space(folder, sum(member.n_bytes for member, _ in plan))
            with replacing_folder(folder) as sibling:
                for member, parts in plan:
                    if parts[-1].startswith("._") or (suffixes and Path(parts[-1]).suffix.lower() not in suffixes):
                        continue
                    _write(archive, member, sibling.joinpath(*parts))
                    n_unpacked += 1
                if not n_unpacked:
                    wanted = f"files that end in {', '.join(suffixes)}" if suffixes else "files"
                    raise InputError(f"{archive}: expected {wanted}, the archive holds none; nothing was unpacked")
        return n_unpacked


def require_space(folder: Path, n_bytes: int) -> None:
    """Check that `n_bytes` fit on the disk that `folder` is on, or will be.

    Raises:
        InputError: they do not.
    """
    folder = folder.absolute()
    free = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free
    if free < n_bytes:
        raise InputError(f"{folder}: {n_bytes / 1e6:,.0f} MB are needed, the disk has {free / 1e6:,.0f} MB left")


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn what the disk says while something is written to `folder` into an `InputError`."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise InputError(f"{folder}: the disk is full; make room and run the command again to go on") from None
        if error.errno is None and not isinstance(error, PermissionError):
            raise
        raise InputError(f"{error.filename or folder}: cannot be written: {error.strerror or error}") from None


@contextmanager
def _readable(archive: Path) -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        raise InputError(f"{archive}: the archive is broken: {error}") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise InputError(f"{archive}: the archive is broken: {error}") from None  # gzip and bzip2 say so this way


@contextmanager
def _members(archive: Path) -> Iterator[Iterator[Member]]:
    if tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            yield _tar_members(tar)
    else:
        with zipfile.ZipFile(archive) as zipped:
            yield _zip_members(zipped)


def _tar_members(tar: tarfile.TarFile) -> Iterator[Member]:
    for info in tar:
        refused = "" if info.isreg() or info.isdir() else "is a link or a device"
        yield Member(info.name, info.size, info.isdir(), refused, partial(_open_in_tar, tar, info))


def _open_in_tar(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(info)
    if stream is None:
        raise tarfile.ExtractError(f"{info.name!r} is not a file")
    return stream


def _zip_members(zipped: zipfile.ZipFile) -> Iterator[Member]:
    for info in zipped.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)  # 0 if the archive was not made on Unix
        refused = "" if kind in {0, stat.S_IFREG, stat.S_IFDIR} else "is a link or a device"
        if info.flag_bits & 1:
            refused = "is encrypted"
        yield Member(info.filename, info.file_size, info.is_dir(), refused, partial(zipped.open, info))


def _checked(archive: Path, members: Iterator[Member], limits: Limits) -> list[tuple[Member, tuple[str, ...]]]:
    """The files, and the parts of their paths below the folder. Stops reading at the first member that exceeds."""
    by_ratio = int(limits.ratio * archive.stat().st_size)
    plan = []
    n_bytes = 0
    for number, member in enumerate(members, start=1):
        if number > limits.n_files:
            raise InputError(f"{archive}: holds more than {limits.n_files:,} files; nothing was unpacked")
        n_bytes += member.n_bytes
        if n_bytes > limits.n_bytes:
            raise InputError(f"{archive}: holds more than {limits.n_bytes / 1e6:,.0f} MB; nothing was unpacked")
        if n_bytes > by_ratio:
            raise InputError(f"{archive}: unpacks to more than {limits.ratio:g} times its size; nothing was unpacked")
        reason = member.refused or _outside(member.name)
        if reason:
            raise InputError(f"{archive}: {member.name!r} {reason}; nothing was unpacked")
        parts = tuple(part for part in _parts(member.name) if part not in {"", "."})
        if parts and not member.is_folder:
            plan.append((member, parts))
    return plan


def _parts(name: str) -> list[str]:
    """The parts of a path; a backslash separates too, as it does on Windows."""
    return name.replace("\\", "/").split("/")


def _outside(name: str) -> str:
    """Why a path is not one below the folder, or nothing.

    >>> _outside("Actor_01/03-01-06-01-02-01-12.wav")
    ''
    >>> _outside("Actor_01/../../.bashrc")
    'leaves the folder'
    """
    parts = _parts(name)
    if parts[0] == "" and len(parts) > 1:
        return "is an absolute path"
    if any(re.match(r"[A-Za-z]:", part) for part in parts):
        return "names a drive"
    if "\0" in name:
        return "has a null character"
    return "leaves the folder" if ".." in parts else ""


def _write(archive: Path, member: Member, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        output = target.open("xb")
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{archive}: {member.name!r} is there twice; nothing was unpacked") from None
    n_bytes = 0
    with output, member.open() as stream:
        while chunk := stream.read(CHUNK):
            n_bytes += len(chunk)
            if n_bytes > member.n_bytes:
                raise InputError(f"{archive}: {member.name!r} holds more than it states; nothing was unpacked")
            output.write(chunk)
