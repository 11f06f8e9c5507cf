"""The checkpoints of one training: written whole, and read only if this training wrote them."""

import hashlib
import io
import shutil
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import CheckpointIO

from ser.errors import InputError
from ser.storage import replacing, strangers

SEAL_BYTES = 32
FILES = ("*.ckpt", "finished", "*/finished")
"""What is in a folder of checkpoints, or of several."""


class DamagedCheckpointError(InputError):
    """A checkpoint is cut, damaged, missing, or not of the training that would go on from it."""


class Checkpoints(CheckpointIO):
    """A folder of checkpoints, as Lightning writes and reads them.

    In front of each file stands a hash of its content and of the folder's path, which tells one training from another.

    Args:
        folder: of this training alone.

    Attributes:
        last: the checkpoint that an interrupted training goes on from.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.last = folder, folder / "last.ckpt"
        self._finished = folder / "finished"

    def finished(self) -> int | None:
        """The number of epochs of a training that was interrupted after its last one.

        Raises:
            DamagedCheckpointError: that or the last checkpoint is not ours.
        """
        if not self._finished.exists():
            return None
        self._read(self.last)
        return int(self._read(self._finished))

    def started(self) -> bool:
        """Whether there is a checkpoint to go on from.

        Raises:
            DamagedCheckpointError: there is one that is not ours.
        """
        if not self.last.exists():
            return False
        self._read(self.last)
        return True

    def finish(self, epochs: int) -> None:
        """Note that there will be no epoch after these."""
        self._write(str(epochs).encode(), self._finished)

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:  # noqa: ARG002 (Lightning's signature)
        """Write a checkpoint, whole or not at all."""
        content = io.BytesIO()
        torch.save(checkpoint, content)
        self._write(content.getvalue(), Path(path))

    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Any = "cpu",
        weights_only: bool | None = True,  # noqa: ARG002 (Lightning's signature)
    ) -> dict[str, Any]:
        """Read a checkpoint; nothing in it is ever run.

        Raises:
            DamagedCheckpointError: it is not ours.
        """
        checkpoint: dict[str, Any] = torch.load(
            io.BytesIO(self._read(Path(path))), map_location=map_location, weights_only=True
        )
        return checkpoint

    def remove_checkpoint(self, path: str | Path) -> None:
        """Remove a checkpoint that is superseded."""
        Path(path).unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove the checkpoints, and leave whatever else is in the folder."""
        for path in (*self.folder.glob("*.ckpt"), self._finished):
            self.remove_checkpoint(path)

    def _write(self, content: bytes, path: Path) -> None:
        with replacing(path) as sibling:
            sibling.write_bytes(self._seal(content) + content)

    def _read(self, path: Path) -> bytes:
        try:
            data = path.read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            data = b""
        seal, content = data[:SEAL_BYTES], data[SEAL_BYTES:]
        if seal != self._seal(content):
            raise DamagedCheckpointError(f"{path}: expected a whole checkpoint of this training, found something else")
        return content

    def _seal(self, content: bytes) -> bytes:
        seal = hashlib.blake2b(content, digest_size=SEAL_BYTES)
        seal.update(bytes(self.folder.resolve()))
        return seal.digest()


def remove_checkpoints(folder: Path) -> None:
    """Remove a folder of checkpoints, or of several such, unless something else is in it."""
    if folder.is_dir() and not folder.is_symlink() and not any(strangers(folder, FILES)):
        shutil.rmtree(folder)
