"""Settings of every front end and every network, and arrays as the one gives and the other reads them."""

from typing import Any

import torch

from ser.params import FeatureParams, FrontEnds, LogMelParams, Networks

ARCHITECTURES = tuple(Networks.kinds())
FRONT_ENDS = tuple(FrontEnds.kinds())
OF_CONTOURS = frozenset({"functionals", "contour_resnet", "late_fusion"})
"""Networks that standardise contours and functionals, and drop values of them whatever their settings are."""

STANDARDISES_INPUT = OF_CONTOURS | {"whisper"}

CONVOLUTIONS = {"conv_dropout": 0.0, "dense_dropout": 0.0}
CONTOUR_RESNET = {"channel_dropout": 0.2, "noise": 0.1, **CONVOLUTIONS}
FUNCTIONALS = {"input_dropout": 0.8, "hidden_dropout": 0.5}
_NETWORKS: dict[str, dict[str, Any]] = {
    "functionals": FUNCTIONALS,
    "contour_resnet": CONTOUR_RESNET,
    "late_fusion": {"contour_resnet": CONTOUR_RESNET, "functionals": FUNCTIONALS},
    "layer_weighted": {"dropout": 0.0},
    "whisper": {
        "encoder": "x",
        "width": 64,
        "layers": 2,
        "tuned_layers": 1,
        "encoder_rate": 0.5,
        "dropout": 0.0,
    },
}


def network(architecture: str = "logmel_gap", **settings: object) -> Networks:
    """A network, with no dropout where that can be."""
    return Networks.model_validate({architecture: _NETWORKS.get(architecture, CONVOLUTIONS) | settings})


def log_mel(params: FeatureParams) -> LogMelParams:
    """The settings of its spectrogram."""
    assert params.front_ends.log_mel is not None
    return params.front_ends.log_mel


def hears(params: FeatureParams, front_end: str = "log_mel", **settings: object) -> FeatureParams:
    """The same, through one front end, whose settings are those of its log-mel spectrogram, others, or those given."""
    values = log_mel(params).model_dump() | {"n_mfcc": 4, "encoder": "x", "shape": (13, 768)} | settings
    if front_end == "whisper_log_mel":  # which has no choice
        params, values = params.model_copy(update={"sampling_rate": 16_000}), values | {"n_mels": 80}
    known = FrontEnds.kinds()[front_end].model_fields
    chosen = {front_end: {name: value for name, value in values.items() if name in known}}
    return FeatureParams.model_validate(params.model_dump() | {"front_ends": chosen})


def shapes_for(architecture: str, n_frames: int = 40) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays that a network reads."""
    from ser.front_ends.contours_functionals import N_ROWS, N_VALUES  # noqa: PLC0415 (most tests do without)

    sizes = {"contours": (N_ROWS, n_frames), "functionals": (N_VALUES,), "encoder": (13, n_frames)} | {
        "whisper_log_mel": (80, n_frames)
    }
    return {name: sizes.get(name, (32, n_frames)) for name in network(architecture).settings.reads[0]}


def random_arrays(shapes: dict[str, tuple[int, ...]], n: int) -> dict[str, torch.Tensor]:
    """Of so many recordings, from torch's global generator."""
    return {name: torch.randn(n, *shape) for name, shape in shapes.items()}
