"""The exported model file: a network in ONNX and its description, run by onnxruntime without torch."""

import os
from collections.abc import Mapping
from copy import copy
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np

# onnxruntime (1.31) tells its makers over the network what it runs, unless this is set before it starts.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from ser.errors import InputError
from ser.features.front_end import shapes
from ser.model_files.description import MAX_BYTES, METADATA_KEY, ExportedDescription, parse_description
from ser.model_files.onnx_check import End, NotPlainError, PlainNetwork, entry, read_network
from ser.model_files.probabilities import Answers, checked, doubted
from ser.model_files.source import NOTHING_TO_ADAPT, AdaptedStatistics, distance

OUTPUT, BATCH = "probabilities", "batch"

SOURCE, EMBEDDING = "source", "embedding"
"""Of a network that standardises by source: the mean and the deviation that it is given, and what it standardises."""

MAX_MEMORY = 1 << 31
"""Bytes that all networks of a process may use at once while they run; a file of a kilobyte can ask for any number."""

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
            network = read_network(data)
        except NotPlainError as error:
            raise InputError(
                f"{path}: not a readable model file: expected safetensors or a plain ONNX network, found {error}"
            ) from None
        if set(network.metadata) != {METADATA_KEY}:
            raise InputError(f"{path}: an ONNX file, but not a model of this project: it has no description")
        self.description = parse_description(ExportedDescription, network.metadata[METADATA_KEY], path)
        if not _fits(network, self.description):
            raise InputError(f"{path}: the network does not fit its description")
        self._reads = self.description.network.reads(shapes(self.description.front_end))
        _limit_memory()
        try:
            # Without its fallback, which prints to stdout and tries the same again.
            self._session = onnxruntime.InferenceSession(
                data, _options(), providers=["CPUExecutionProvider"], enable_fallback=0
            )
            self._run_options = onnxruntime.RunOptions()
            # Or else it keeps the most that it ever used.
            self._run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        except _ERRORS as error:
            raise InputError(f"{path}: not a readable model file: {error}") from None

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

    def probabilities(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Map arrays, (batch, *shape) each, to probabilities (batch, n_classes), float64.

        Raises:
            InputError: the network cannot be run, or does not give probabilities.
        """
        (probabilities,) = self._run([OUTPUT], arrays)
        return self._checked(probabilities, arrays)

    def answers(self, arrays: Mapping[str, np.ndarray]) -> Answers:
        """Map arrays, (batch, *shape) each, to probabilities that are lower where a recording is unlike all training.

        Raises:
            InputError: as `probabilities` and `embeddings`.
        """
        statistics = self.description.adapted or self.description.source
        if statistics is None or self.description.farthest is None:
            probabilities = self.probabilities(arrays)
            return Answers(probabilities, np.zeros(len(probabilities)))
        probabilities, found = self._run([OUTPUT, EMBEDDING], arrays)
        away = distance(self._checked_embeddings(found, arrays), statistics.array) / self.description.farthest
        return doubted(self._checked(probabilities, arrays), away)

    def _checked(self, probabilities: np.ndarray, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        shape = len(arrays[self._reads[0]]), len(self.description.classes)
        return checked(probabilities.astype(np.float64), shape)

    def _checked_embeddings(self, found: np.ndarray, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        if found.shape != (len(arrays[self._reads[0]]), self.source.shape[1]) or not np.isfinite(found).all():
            raise InputError("the model's network gives no finite numbers; its weights are damaged")
        return found

    @property
    def source(self) -> np.ndarray:
        """Mean and deviation of train, by which the network standardises unless it is adapted: shape (2, n_values).

        Raises:
            InputError: it standardises nothing by source.
        """
        if self.description.source is None:
            raise InputError(NOTHING_TO_ADAPT)
        return self.description.source.array

    def embeddings(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Map arrays, (batch, *shape) each, to what the network standardises by source: (batch, n_values), float32.

        Raises:
            InputError: the network standardises nothing by source, cannot be run, or gives other numbers.
        """
        if self.description.source is None:
            raise InputError(NOTHING_TO_ADAPT)
        (found,) = self._run([EMBEDDING], arrays)
        return self._checked_embeddings(found, arrays)

    def adapted(self, statistics: AdaptedStatistics | None) -> Self:
        """The same network, standardising by a source's statistics; by those of train, if there are none."""
        other = copy(self)
        other.description = self.description.model_copy(update={"adapted": statistics})
        return other

    def _run(self, outputs: list[str], arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        given = {name: arrays[name] for name in self._reads}
        statistics = self.description.adapted or self.description.source
        if statistics:
            given[SOURCE] = statistics.array
        try:
            found = self._session.run(outputs, given, self._run_options)
        except _ERRORS as error:
            raise InputError(f"the model's network cannot be run: {error}") from None
        return [np.asarray(one) for one in found]


def for_source(data: bytes, statistics: AdaptedStatistics, path: Path) -> bytes:
    """Make a model file that standardises by a source's statistics.

    Args:
        data: the content of one, as `ser.model_files.export.to_onnx` makes it: its description stands at its end.
        statistics: of the source.
        path: what an error message calls it.

    Raises:
        InputError: it is no model of this project, or another program wrote it anew.
    """
    description = OnnxModel(data, path).adapted(statistics).description
    end = entry(METADATA_KEY, read_network(data).metadata[METADATA_KEY])
    if not data.endswith(end):
        raise InputError(f"{path}: its description is not at its end: another program wrote it; export it anew")
    return data[: -len(end)] + entry(METADATA_KEY, description.model_dump_json())


def _fits(network: PlainNetwork, description: ExportedDescription) -> bool:
    """Whether the network's inputs and outputs are what the description says."""
    sizes = shapes(description.front_end)
    try:
        reads = description.network.reads(sizes)
    except ValueError:
        return False
    inputs = [End(name, (BATCH, *sizes[name])) for name in reads]
    outputs = [End(OUTPUT, (BATCH, len(description.classes)))]
    if description.source:
        n_values = description.source.array.shape[1]
        inputs.append(End(SOURCE, (2, n_values)))
        outputs.append(End(EMBEDDING, (BATCH, n_values)))
    return network.inputs == tuple(inputs) and network.outputs == tuple(outputs)


@cache
def _limit_memory() -> None:
    """Give this process's sessions one memory of at most `MAX_MEMORY`."""
    where = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    as_requested = 1  # kSameAsRequested: the other way is to double
    limits = onnxruntime.OrtArenaCfg({"max_mem": MAX_MEMORY, "arena_extend_strategy": as_requested})
    onnxruntime.create_and_register_allocator(where, limits)


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    # One thread in a session: recordings are spread over the cores, and the figures are the same on any number of them.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.use_env_allocators", "1")  # that of `_limit_memory`
    options.log_severity_level = _FATAL
    options.add_session_config_entry("session.load_model_format", "ONNX")  # its own format is told by content otherwise
    return options
