"""A trained model as files for others: ONNX, which runs without torch, and weights alone."""

import hashlib
import io
import logging
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch
from torch import nn

from ser.features.front_end import shapes
from ser.model_files.description import METADATA_KEY, ExportedDescription, Scores
from ser.model_files.onnx_check import OPSET
from ser.model_files.onnx_file import BATCH, EMBEDDING, OUTPUT, SOURCE
from ser.model_files.safetensors_file import Model
from ser.model_files.source import SourceStatistics, as_text
from ser.models.source import held_statistics, set_statistics, source_norms
from ser.params import Precision, validated
from ser.storage import read_json, replacing


class _Probabilities(nn.Module):
    """All that happens between features and probabilities."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.classifier = model.classifier
        self.norms = source_norms(model.classifier)
        self.temperature = model.description.temperature

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Map the arrays that the classifier reads, in its order, to probabilities.

        If it standardises by source, it is given the mean and the deviation besides, and tells what they are of.
        """
        if self.norms:
            *given, source = given  # type: ignore[assignment]
            set_statistics(self.norms, source)
        named = dict(zip(self.classifier.reads, given, strict=True))
        probabilities = torch.softmax(self.classifier(named) / self.temperature, dim=1)
        return (
            (probabilities, torch.cat([norm.heard for norm in self.norms], dim=1)) if self.norms else (probabilities,)
        )


def read_scores(path: Path) -> Scores:
    """Read of data/reports/test.json what a model file tells.

    Raises:
        InputError: the file is not there, or not such a one.
    """
    scores = read_json(path).get("test", {})
    return validated(Scores, {key: scores[key] for key in Scores.model_fields if key in scores}, str(path))


def describe(model: Model, file: Path, scores: Scores | None) -> ExportedDescription:
    """Say of a model read from `file` what its ONNX file will say."""
    held = held_statistics(model.classifier)
    return ExportedDescription(
        **dict(model.description),
        trained_md5=hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest(),
        test=scores,
        source=SourceStatistics(**as_text(held)) if held.size else None,
    )


def to_onnx(model: Model, description: ExportedDescription, precision: Precision = "float32") -> bytes:
    """Make an ONNX file of a model: standardisation, network and softmax; the same model gives the same bytes.

    With precision int8, weights that are multiplied as matrices are kept in 8 bits, one scale for each output, and
    what they are multiplied with is rounded likewise as it comes. Convolutions stay as they are.
    """
    reads, sizes = model.classifier.reads, shapes(description.front_end)
    inputs, outputs, given = [*reads], [OUTPUT], [torch.zeros(1, *sizes[name]) for name in reads]
    held = torch.from_numpy(held_statistics(model.classifier))
    if description.source:
        inputs, outputs, given = [*inputs, SOURCE], [*outputs, EMBEDDING], [*given, held]
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter of before torch 2.9. The new one writes the paths of the source files into the model, needs
        # onnxscript, and takes ten seconds to this one's half.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            _Probabilities(model).eval(),
            tuple(given),
            buffer,  # type: ignore[arg-type]  # this exporter takes one, too
            dynamo=False,
            opset_version=OPSET,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes={name: {0: BATCH} for name in (*reads, *outputs)},
        )
    set_statistics(source_norms(model.classifier), held)  # tracing left others
    exported = onnx.load_from_string(buffer.getvalue())
    if precision == "int8":
        exported = _quantised(exported)
    exported.metadata_props.add(key=METADATA_KEY, value=description.model_dump_json())
    data: bytes = exported.SerializeToString(deterministic=True)
    return data


def _quantised(exported: onnx.ModelProto) -> onnx.ModelProto:
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 (seconds, and most do without)

    with TemporaryDirectory() as folder:
        file = Path(folder) / "quantised.onnx"
        logging.disable(logging.WARNING)  # it recommends a preparation, which finds nothing to do here
        try:
            # Of 8 bits, 7 are used: on processors without instructions of their own for it, sums of products of 8
            # overflow.
            quantize_dynamic(
                exported,
                file,
                op_types_to_quantize=["MatMul"],
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
            )
        finally:
            logging.disable(logging.NOTSET)
        quantised = onnx.load(file)
    del quantised.graph.value_info[:], quantised.metadata_props[:]
    for tensor in quantised.graph.initializer:  # in the one form that is read
        tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor), tensor.name))
    return quantised


def write_weights(model: Model, path: Path) -> None:
    """Write the weights alone, for ``torch.load(path, weights_only=True)`` and `Classifier.load_state_dict`."""
    weights = io.BytesIO()  # torch's own file tells of a full disk by a RuntimeError
    torch.save(model.classifier.state_dict(), weights)
    with replacing(path, ".pth", ".pt") as sibling:
        sibling.write_bytes(weights.getvalue())
