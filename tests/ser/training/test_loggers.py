import json
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from ser.errors import InputError
from ser.training.loggers import make_logger
from tests.ser.training.test_fit import PARAMS, run, weights

LOGGERS = ("dvclive", "tensorboard", "mlflow")


def test_by_default_nothing_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert make_logger(PARAMS, "0/chosen", resumed=False) is None
    assert not (tmp_path / "live").exists()


@pytest.mark.parametrize("name", LOGGERS)
def test_a_package_that_is_not_installed_is_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(module: str) -> None:
        raise ModuleNotFoundError(name=module)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ser.training.loggers.import_module", absent)
    with pytest.raises(InputError, match=rf"^train\.logger: {name} is not installed: pip install '\.\[{name}\]'$"):
        make_logger(PARAMS.model_copy(update={"logger": name}), "0/chosen", resumed=False)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.skipif(find_spec(name) is None, reason=f"{name} is not installed"))
        for name in LOGGERS
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the loggers' own
def test_a_logger_writes_the_curves_and_leaves_the_weights_alone(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plain, _ = run(tmp_path / "scratch", max_epochs=2)
    logged, _ = run(tmp_path / "scratch", max_epochs=2, logger=name)
    assert torch.equal(weights(plain), weights(logged))
    assert any((tmp_path / "live").rglob("*"))
    if name == "dvclive":
        metrics = json.loads((tmp_path / "live/0/chosen/metrics.json").read_text())
        validated = logged.history[logged.history["subset"] == "validation"]["macro_f1"]
        assert metrics["validation_macro_f1"] == pytest.approx(validated.iloc[-1], abs=1e-6)
        assert not (tmp_path / "live/0/chosen/dvc.yaml").exists()
