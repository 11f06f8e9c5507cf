"""The loggers that show a training while it runs; Lightning knows how to talk to each."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger

from ser.errors import InputError
from ser.params import TrainParams

LIVE = Path("live")
"""Where they write, in the folder that the training runs in: a picture of a run, and no output of it."""

_CLASSES = {
    "dvclive": ("dvclive.lightning", "DVCLiveLogger"),
    "tensorboard": ("pytorch_lightning.loggers", "TensorBoardLogger"),
    "mlflow": ("pytorch_lightning.loggers", "MLFlowLogger"),
}


def make_logger(params: TrainParams, run: str, resumed: bool) -> Logger | None:
    """Make the logger that ``params.logger`` names, or none.

    Args:
        params: which.
        run: what tells this network from others of the same training, such as ``0/chosen``.
        resumed: whether it goes on from a checkpoint: the curves do so, too.

    Raises:
        InputError: its package is not installed.
    """
    if params.logger == "none":
        return None
    settings: dict[str, dict[str, Any]] = {
        # No file of its own for DVC, which would read the scores twice, and no experiment: `dvc exp run` makes one.
        "dvclive": {
            "dir": str(LIVE / run),
            "dvcyaml": None,
            "save_dvc_exp": False,
            "resume": resumed,
            "report": "html",
        },
        "tensorboard": {"save_dir": LIVE, "name": run, "version": ""},
        "mlflow": {
            "experiment_name": "speech-emotion",
            "run_name": run,
            "tracking_uri": os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(LIVE / 'mlflow.db').as_posix()}",
        },
    }
    LIVE.mkdir(exist_ok=True)
    module, name = _CLASSES[params.logger]
    try:
        logger: Logger = getattr(import_module(module), name)(**settings[params.logger])
    except ModuleNotFoundError:
        raise InputError(f"train.logger: {params.logger} is not installed: pip install '.[{params.logger}]'") from None
    return logger
