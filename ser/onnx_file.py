"""The exported model file: a network in ONNX and its description, run by onnxruntime without torch."""

import os
from pathlib import Path
from typing import Self

import numpy as np

# onnxruntime (1.31) tells its makers over the network what it runs, unless this is set before it starts.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from ser.description import METADATA_KEY, ExportedDescription, parse_description
from ser.errors import InputError
from ser.features import n_bands
from ser.onnx_bytes import NotPlainError, read_metadata

INPUT, OUTPUT, BATCH = "features", "probabilities", "batch"

MAX_BYTES = 1 << 28
"""Of a model file; the largest published system here has 18 MB."""

MAX_DESCRIPTION = 1 << 16
"""Characters of a description."""

_FATAL = 4  # ORT_LOGGING_LEVEL_FATAL: what onnxruntime has to say is raised, and not printed, too
_NAMES = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
# UnicodeDecodeError: a message that quotes the file, where that is no UTF-8.
_ERRORS = (UnicodeDecodeError, *(getattr(runtime, name) for name in _NAMES))


class OnnxModel:
    """An exported model, ready to be used from several threads at once.

    Args:
        data: the file's content.
        path: what an error message calls it.

    Attributes:
        description: what the file says of itself.

    Raises:
        InputError: it is no model of this project. No other file is opened, whatever it names.
    """

    def __init__(self, data: bytes, path: Path) -> None:
        try:
            metadata = read_metadata(data)
        except NotPlainError as error:
            raise InputError(
                f"{path}: not a readable model file: expected safetensors or a plain ONNX network, found {error}"
            ) from None
        text = metadata.get(METADATA_KEY)
        if text is None:
            raise InputError(f"{path}: an ONNX file, but not a model of this project: it has no description")
        if len(text) > MAX_DESCRIPTION:
            raise InputError(f"{path}: expected a description of at most {MAX_DESCRIPTION:,} characters, found more")
        self.description = parse_description(ExportedDescription, text, path)
        try:
            # Without its fallback, which prints to stdout and tries the same again.
            self._session = onnxruntime.InferenceSession(
                data, _options(), providers=["CPUExecutionProvider"], enable_fallback=0
            )
            fits = self._fits()
        except _ERRORS as error:
            raise InputError(f"{path}: not a readable model file: {error}") from None
        if not fits:
            raise InputError(f"{path}: the network does not fit its description")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a model file.

        Raises:
            InputError: there is no such file, it is too large, or no model of this project.
        """
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            raise InputError(f"{path}: no such model file; `dvc repro` trains one") from None
        except OSError as error:
            raise InputError(f"{path}: not a readable model file: {error.strerror}") from None
        if len(data) > MAX_BYTES:
            raise InputError(f"{path}: expected a model file of at most {MAX_BYTES:,} bytes, found more")
        return cls(data, path)

    def _fits(self) -> bool:
        """Whether the network's input and output are what the description says."""
        front_end = self.description.front_end
        expected = [
            (INPUT, "tensor(float)", [BATCH, n_bands(front_end), front_end.n_frames]),
            (OUTPUT, "tensor(float)", [BATCH, len(self.description.classes)]),
        ]
        ends = self._session.get_inputs() + self._session.get_outputs()
        return [(end.name, end.type, end.shape) for end in ends] == expected

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Map features (batch, n_bands, n_frames) to probabilities (batch, n_classes), float64.

        Raises:
            InputError: the network cannot be run, or does not give numbers.
        """
        try:
            (probabilities,) = self._session.run([OUTPUT], {INPUT: features})
        except _ERRORS as error:
            raise InputError(f"the model's network cannot be run: {error}") from None
        if not np.isfinite(probabilities).all():
            raise InputError("the model's network gives no finite numbers; its weights are damaged")
        return np.asarray(probabilities, dtype=np.float64)


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    # One thread in a session: recordings are spread over the cores, and the figures are the same on any number of them.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # it only grows
    options.log_severity_level = _FATAL
    options.add_session_config_entry("session.load_model_format", "ONNX")  # its own format is told by content otherwise
    return options
