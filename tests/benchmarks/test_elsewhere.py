from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from benchmarks import elsewhere
from benchmarks.elsewhere import calibration, fitted_elsewhere, left_out
from ser.params import EvaluateParams, TrainParams, load_params
from ser.presets import find_preset, preset_params
from ser.storage import write_json, write_table
from tests.conftest import TOP

PARAMS = load_params(EvaluateParams, TOP / "params.yaml")


def write_cell(folder: Path, corpus: str, temperature: float, right: float, n: int = 4000) -> None:
    """A cell whose logits are right if they are divided by `right`, and that divided them by `temperature`."""
    rng = np.random.default_rng(len(corpus))
    logits = rng.normal(0, 1.5, (n, 3))
    classes = [rng.choice(3, p=row) for row in softmax(logits, axis=1)]
    likely = softmax(right * logits / temperature, axis=1).round(4)
    names = np.array(["angry", "happy", "sad"])
    table = pd.DataFrame(likely, columns=[f"p_{name}" for name in names])
    table = table.assign(emotion=names[classes], predicted=names[likely.argmax(axis=1)], corpus=corpus)
    table = table.assign(utterance_id=[f"{number}" for number in range(n)], speaker="1", gender="female")
    write_table(table, folder / "toy" / f"others-to-{corpus}-0.csv")
    write_json({"costs": {"temperature": temperature}, "ece": 0.5}, folder / "toy" / f"others-to-{corpus}-0.json")


@pytest.fixture
def cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for corpus, temperature, right in (("a", 0.9, 1.5), ("bb", 1.7, 1.5), ("ccc", 0.8, 0.8)):
        write_cell(tmp_path, corpus, temperature, right)
    monkeypatch.setattr(elsewhere, "CELLS", tmp_path)


@pytest.mark.usefixtures("cells")
def test_the_temperature_is_the_one_that_the_logits_need_whatever_they_were_divided_by() -> None:
    assert left_out("toy") == ["a", "bb", "ccc"]
    assert fitted_elsewhere("toy", ["a"]) == pytest.approx(1.5, abs=0.15)
    assert fitted_elsewhere("toy", ["bb"]) == pytest.approx(1.5, abs=0.15)
    assert fitted_elsewhere("toy", ["ccc"]) == pytest.approx(0.8, abs=0.05)
    assert 0.95 < fitted_elsewhere("toy", ["bb", "ccc"]) < 1.35


@pytest.mark.usefixtures("cells")
def test_a_corpus_is_given_the_temperature_of_the_others() -> None:
    table = calibration("toy", PARAMS).set_index("corpus")
    assert table.loc["ccc", "temperature"] == pytest.approx(1.5, abs=0.15)
    assert table.loc["a", "temperature"] == fitted_elsewhere("toy", ["bb", "ccc"])
    assert table.loc["ccc", "ece_elsewhere"] > 0.05  # it needs 0.8
    assert set(table["ece"]) == {0.5}


def test_the_released_models_temperature_is_that_of_all_corpora_left_out() -> None:
    train: TrainParams = preset_params(find_preset("release", TOP / "presets"), TOP / "params.yaml").train
    assert train.calibrate == fitted_elsewhere("release", left_out("release"))
