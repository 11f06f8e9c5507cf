"""Encoders that others published: which files of weights are opened, and single tensors out of them."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from ser.errors import InputError

if TYPE_CHECKING:
    import torch

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"

WHISPER_PREFIXES = ("encoder.", "model.encoder.")
"""Of the weights of a Whisper's encoder in a checkpoint, the second of one that writes words."""

MAX_INDEX = 1 << 24
"""Bytes of the index of a checkpoint in parts; that of Whisper large has a tenth of a megabyte."""


def weight_files(folder: Path) -> list[Path]:
    """The files that hold an encoder's weights: one, or the parts that an index names.

    Nothing but safetensors is ever named: a pickle runs what is in it.

    Raises:
        InputError: there are none, only a pickle, or the index names other files than parts in the same folder.
    """
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    try:
        with (folder / INDEX).open("rb") as file:
            parts = {str(part) for part in json.loads(file.read(MAX_INDEX))["weight_map"].values()}
    except FileNotFoundError:
        pickle = next((name for name in ("pytorch_model.bin", "model.pt") if (folder / name).exists()), None)
        why = f", found {pickle}: a pickle can run any code, and is not opened" if pickle else ""
        raise InputError(f"{folder}: expected weights in {WEIGHTS}{why}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{folder / INDEX}: no index of weights: {error}") from None
    if not parts or not all(part == Path(part).name and part.endswith(".safetensors") for part in parts):
        raise InputError(f"{folder / INDEX}: it names other files than safetensors beside it")
    return [folder / part for part in sorted(parts)]


def read_tensors(name: str, wanted: Collection[str], prefixes: Collection[str]) -> dict[str, "torch.Tensor"]:
    """Read some tensors of an encoder, and nothing else of it into memory.

    Args:
        name: a folder, or a name on the Hugging Face hub, from which it is then fetched.
        wanted: the tensors' names.
        prefixes: what stands before these names in one checkpoint or another.

    Returns:
        By name, as they are stored; those that are not there are left out.

    Raises:
        InputError: the encoder cannot be had, or is damaged.
    """
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 (who reads no encoder does without)

    found = {}
    try:
        for path in weight_files(_folder(name)):
            with safe_open(path, framework="pt") as file:
                for key in file.keys():  # noqa: SIM118 (not a mapping)
                    for prefix in prefixes:
                        own = key.removeprefix(prefix)
                        if key.startswith(prefix) and own in wanted:
                            found[own] = file.get_tensor(key)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{name}: no encoder that can be loaded: {error}") from None
    return found


def _folder(name: str) -> Path:
    """Where the files are, fetched if need be."""
    if Path(name).is_dir():
        return Path(name)
    try:
        from huggingface_hub import snapshot_download  # noqa: PLC0415 (an extra)

        return Path(snapshot_download(name, allow_patterns=[WEIGHTS, INDEX, "model-*.safetensors"]))
    except ModuleNotFoundError:
        raise InputError(
            f"{name}: no such folder; to fetch it from the Hugging Face hub, pip install '.[pretrained]'"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: no such folder, and not to be had from the Hugging Face hub: {error}") from None
