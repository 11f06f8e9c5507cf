"""Unpacking ZIP archives that are not trusted: nothing leaves the folder, nothing fills the disk, all of it or none."""

import errno
import lzma
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ser.errors import InputError
from ser.storage import replacing_folder

BROKEN = (zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, NotImplementedError)
"""What zipfile raises where an archive is damaged or cut off; the last, where it does not know the packing."""


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


LIMITS = Limits()


def unpack(archive: Path, folder: Path, suffixes: Collection[str] = (), limits: Limits = LIMITS) -> int:
    """Unpack a ZIP archive into `folder`, which appears only once all of it is there.

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
    try:
        with disk_errors(folder), zipfile.ZipFile(archive) as opened:
            plan = _checked(archive, opened, limits)
            require_space(folder, sum(member.file_size for member in plan.values()))
            wanted = {parts: member for parts, member in plan.items() if _is_wanted(parts[-1], suffixes)}
            if not wanted:
                what = f"files that end in {', '.join(suffixes)}" if suffixes else "files"
                raise InputError(f"{archive}: expected {what}, the archive holds none; nothing was unpacked")
            with replacing_folder(folder) as sibling:
                for parts, member in wanted.items():
                    target = sibling.joinpath(*parts)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    # Of a member that holds more than it states, zipfile reads what it states, and finds another sum.
                    with opened.open(member) as stream, target.open("xb") as output:
                        shutil.copyfileobj(stream, output)
        return len(wanted)
    except BROKEN as error:
        raise InputError(f"{archive}: the archive is broken: {error}") from None


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


def _checked(archive: Path, opened: zipfile.ZipFile, limits: Limits) -> dict[tuple[str, ...], zipfile.ZipInfo]:
    """The files, by the parts of their paths below the folder."""
    members = opened.infolist()
    n_bytes = sum(member.file_size for member in members)
    if len(members) > limits.n_files:
        raise InputError(f"{archive}: holds more than {limits.n_files:,} files; nothing was unpacked")
    if n_bytes > limits.n_bytes:
        raise InputError(f"{archive}: holds more than {limits.n_bytes / 1e6:,.0f} MB; nothing was unpacked")
    if n_bytes > limits.ratio * archive.stat().st_size:
        raise InputError(f"{archive}: unpacks to more than {limits.ratio:g} times its size; nothing was unpacked")
    plan: dict[tuple[str, ...], zipfile.ZipInfo] = {}
    folders: set[tuple[str, ...]] = set()
    for member in members:
        parts = tuple(part for part in _parts(member.filename) if part not in {"", "."})
        # A file has one place, in folders that are no files themselves.
        above = {parts[:depth] for depth in range(1, len(parts))}
        taken = parts in plan or not above.isdisjoint(plan) or (parts in folders and not member.is_dir())
        reason = _refused(member) or _outside(member.filename) or ("is there twice" if taken else "")
        if reason:
            raise InputError(f"{archive}: {member.filename!r} {reason}; nothing was unpacked")
        if parts and not member.is_dir():
            plan[parts] = member
            folders |= above
    return plan


def _is_wanted(name: str, suffixes: Collection[str]) -> bool:
    return not name.startswith("._") and (not suffixes or Path(name).suffix.lower() in suffixes)


def _refused(member: zipfile.ZipInfo) -> str:
    """Why a member cannot be unpacked whatever its name, or nothing."""
    if member.flag_bits & 1:
        return "is encrypted"
    kind = stat.S_IFMT(member.external_attr >> 16)  # 0 if the archive was not made on Unix
    return "" if kind in {0, stat.S_IFREG, stat.S_IFDIR} else "is a link or a device"


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
