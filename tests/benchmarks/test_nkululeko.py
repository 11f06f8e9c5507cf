import ast
import configparser
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from benchmarks import nkululeko
from benchmarks.nkululeko import FEATURES, REQUIREMENTS, FeatureSet, corpus_table, make_environment, read_predictions
from ser.dataset.metadata import EMOTIONS
from ser.errors import InputError
from ser.evaluation.metrics import check_predictions
from tests.conftest import TOP

# As nkululeko 1.14.1 wrote it, its numbers cut to few digits.
SAVED = """\
file,start,end,angry,calm,disgust,fearful,happy,neutral,sad,surprised,predicted,truth,uncertainty,correct
{folder}/9.wav,0 days,0 days 00:00:03.6,0.116,0.0103,0.2867,0.0278,0.0632,0.1512,0.0965,0.2483,disgust,neutral,0.9,False
{folder}/8.wav,0 days,0 days 00:00:03.6,0.0066,0.436,0.0207,0.0153,0.0064,0.2474,0.2514,0.0162,sad,neutral,0.8,False
"""


@pytest.fixture
def corpus(make_metadata: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """5 speakers: three train, one validates, one is tested."""
    metadata = make_metadata(speakers=5, takes=1)
    subsets = {"toy_04": "validation", "toy_05": "test"}
    splits = metadata[["utterance_id"]].assign(subset=metadata["speaker"].map(subsets).fillna("train"))
    return corpus_table(metadata, splits.sample(frac=1, random_state=0))


class FakeToolkit:
    """Stands for the process: reads the experiment as nkululeko does, extracts, and predicts well if C is 10."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, float]] = []
        self.extractions = 0
        self.corpus = pd.DataFrame()

    def __call__(self, command: list[str], cwd: Path, **_: Any) -> SimpleNamespace:
        experiment = configparser.ConfigParser()
        experiment.read(cwd / command[-1])
        root = Path(experiment["EXP"]["root"]) / experiment["EXP"]["name"]
        assert root == cwd / "run"
        if not (cwd / FEATURES).exists():
            self.extractions += 1
            (cwd / FEATURES).parent.mkdir(parents=True)
            (cwd / FEATURES).write_text("features")
        assert (cwd / FEATURES).read_text() == "features"
        self.corpus = pd.read_csv(experiment["DATA"]["corpus"])
        (subset,) = ast.literal_eval(experiment["DATA"]["corpus.test_vals"])
        c = float(experiment["MODEL"]["c_val"])
        self.runs.append((subset, c))
        said = self.corpus.loc[self.corpus["subset"] == subset, ["file", "emotion"]]
        said = said.assign(predicted=said["emotion"] if c == 10 else "sad", **dict.fromkeys(EMOTIONS, 1 / 8))
        (root / "results/run_0").mkdir(parents=True)
        said.drop(columns="emotion").to_csv(root / "results/run_0/pred_emotion_svm_os.csv", index=False)
        return SimpleNamespace(returncode=0)


def test_validation_chooses_and_test_is_predicted_once(
    corpus: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolkit = FakeToolkit()
    monkeypatch.setattr(subprocess, "run", toolkit)
    predictions, costs = nkululeko.predict_test(corpus, tmp_path, FeatureSet.EGEMAPS)
    assert costs["C"] == 10
    extraction, *chosen_on, scored = toolkit.runs
    assert extraction[0] == "validation"
    assert chosen_on == [("validation", c) for c in (0.1, 1, 10, 100)]
    assert scored == ("test", 10)
    assert set(predictions["speaker"]) == {"toy_05"}
    assert (predictions["predicted"] == predictions["emotion"]).all()
    assert toolkit.corpus.columns.to_list() == ["file", "speaker", "gender", "emotion", "subset"]
    assert toolkit.corpus.iloc[0].to_list() == [
        f"{Path.cwd()}/data/raw/toy/0.wav",
        "toy_01",
        "male",
        "neutral",
        "train",
    ]


def test_features_are_extracted_once_for_all_splits_and_anew_for_other_recordings(
    corpus: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolkit = FakeToolkit()
    monkeypatch.setattr(subprocess, "run", toolkit)
    nkululeko.predict_test(corpus, tmp_path, FeatureSet.EGEMAPS)
    other_split = corpus.assign(subset=corpus["subset"].replace({"test": "train", "validation": "test"}))
    other_split.loc[0, "subset"] = "validation"
    nkululeko.predict_test(other_split, tmp_path, FeatureSet.EGEMAPS)
    assert toolkit.extractions == 1
    nkululeko.predict_test(corpus, tmp_path, FeatureSet.COMPARE)
    assert toolkit.extractions == 2
    nkululeko.predict_test(corpus.assign(audio_hash="changed"), tmp_path, FeatureSet.EGEMAPS)
    assert toolkit.extractions == 3


def test_its_last_words_are_told_when_it_fails(
    corpus: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stderr="no such set"))
    with pytest.raises(InputError, match="nkululeko failed: no such set"):
        nkululeko.predict_test(corpus, tmp_path, FeatureSet.EGEMAPS)
    assert not list(tmp_path.glob("features/*"))


def test_predictions_are_joined_by_file_and_not_by_position(corpus: pd.DataFrame, tmp_path: Path) -> None:
    asked = corpus[corpus["utterance_id"].isin(["toy_02_neutral_0", "toy_02_calm_0"])].assign(subset="test")
    folder = Path(asked["file"].iloc[0]).parent
    saved = tmp_path / "saved.csv"
    saved.write_text(SAVED.format(folder=folder))
    table = pd.concat([corpus[corpus["speaker"] == "toy_01"], asked])
    predictions = read_predictions(saved, table, "test")
    check_predictions(predictions, EMOTIONS)
    assert predictions["utterance_id"].to_list() == ["toy_02_calm_0", "toy_02_neutral_0"]  # 9.wav and 8.wav
    assert predictions["predicted"].to_list() == ["disgust", "sad"]
    assert predictions["p_angry"].to_list() == [0.116, 0.0066]
    assert predictions.loc[1, "p_calm"] == 0.436  # the predicted one need not be the most probable one


def test_an_utterance_without_a_prediction_is_not_scored(corpus: pd.DataFrame, tmp_path: Path) -> None:
    saved = tmp_path / "saved.csv"
    saved.write_text(SAVED.format(folder=Path(corpus["file"].iloc[0]).parent))
    with pytest.raises(InputError, match="utterance toy_05_angry_0"):
        check_predictions(read_predictions(saved, corpus, "test"), EMOTIONS)


def test_the_environment_is_made_once_for_one_list_of_requirements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def fake(command: list[str], check: bool) -> None:
        commands.append(command)
        tmp_path.mkdir(exist_ok=True)

    monkeypatch.setattr(subprocess, "run", fake)
    make_environment(tmp_path)
    make_environment(tmp_path)
    assert [command[1:3] for command in commands] == [["-m", "venv"], ["-m", "pip"]]
    assert commands[1][-2:] == ["--requirement", str(REQUIREMENTS)]
    (tmp_path / REQUIREMENTS.name).write_text("nkululeko==0\n")
    make_environment(tmp_path)
    assert len(commands) == 4


def test_what_is_asked_for_is_what_is_pinned() -> None:
    asked = REQUIREMENTS.with_suffix(".in").read_text().splitlines()[1:]
    assert [line.split("==")[0] for line in asked] == ["nkululeko", "opensmile", "torch"]
    assert set(asked) <= set(REQUIREMENTS.read_text().splitlines())
    assert asked[2] in (TOP / "requirements.txt").read_text().splitlines()  # one build of torch for both
