"""A table cell by a toolkit: nkululeko's support vector machine on openSMILE's functionals, on our files and folds.

python -m benchmarks.nkululeko eGeMAPSv02 luna5-0 0

nkululeko runs as its users run it, by an experiment file and a CSV, in a virtual environment of its own, which is made
of nkululeko-requirements.txt. Our splits say what a subset is, and what is scored are the predictions that it saves.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from sklearn.metrics import f1_score

from benchmarks.cells import read_split, write_cell
from benchmarks.table import TOP, find_split, read_corpora
from ser.dataset.metadata import order_emotions
from ser.errors import InputError, user_errors
from ser.features.store import COLUMNS
from ser.params import EvaluateParams, load_params
from ser.storage import replacing, write_table

REQUIREMENTS = Path(__file__).with_name("nkululeko-requirements.txt")
GRID = (0.1, 1.0, 10.0, 100.0)
"""The C of the support vector machine, of which validation chooses one; 1 is nkululeko's default."""

EXPERIMENT = """\
[EXP]
root = {folder}
name = run
[DATA]
databases = ['corpus']
corpus = {folder}/corpus.csv
corpus.type = csv
corpus.split_strategy = column
corpus.split_column = subset
corpus.train_vals = ['train']
corpus.test_vals = ['{subset}']
target = emotion
[FEATS]
type = ['os']
set = {feature_set}
scale = standard
[MODEL]
type = svm
C_val = {c:g}
"""
FEATURES = "run/store/corpus_os_all.pkl"
"""Where an experiment keeps the features of all recordings, and reads them if they are there."""
PREDICTIONS = "run/results/run_0/pred_*.csv"


class FeatureSet(StrEnum):
    """A set of functionals of openSMILE."""

    EGEMAPS = "eGeMAPSv02"
    COMPARE = "ComParE_2016"


def make_environment(folder: Path) -> None:
    """Make a virtual environment of `REQUIREMENTS`, unless the folder holds one that was made of the very same file."""
    made_of = folder / REQUIREMENTS.name
    if made_of.exists() and made_of.read_bytes() == REQUIREMENTS.read_bytes():
        return
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [_python(folder), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--requirement", str(REQUIREMENTS)], check=True)
    shutil.copyfile(REQUIREMENTS, made_of)


def _python(environment: Path) -> str:
    return str(environment.absolute() / "bin" / "python")


def corpus_table(metadata: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Join what nkululeko is told, and what identifies an utterance.

    Returns:
        The metadata, and of each utterance its subset and the file of its recording, an absolute path.
    """
    corpus = metadata.merge(splits, on="utterance_id", validate="one_to_one")
    return corpus.assign(file=[str(Path(path).absolute()) for path in corpus["path"]])


def run(corpus: pd.DataFrame, environment: Path, folder: Path, **settings: str | float) -> None:
    """Write an experiment to a folder and run it there.

    Args:
        corpus: the table of `corpus_table`.
        environment: made by `make_environment`.
        folder: takes all that nkululeko writes.
        settings: of `EXPERIMENT`: the ``feature_set``, the ``c``, and the ``subset`` that is predicted.

    Raises:
        InputError: nkululeko failed; the message ends with its own last words.
    """
    write_table(corpus[["file", "speaker", "gender", "emotion", "subset"]], folder / "corpus.csv")
    (folder / "experiment.ini").write_text(EXPERIMENT.format(folder=folder, **settings), encoding="utf-8")
    done = subprocess.run(
        [_python(environment), "-m", "nkululeko.nkululeko", "experiment.ini"],
        cwd=folder,
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise InputError(f"nkululeko failed: {done.stderr[-1000:]}")


def extract_features(corpus: pd.DataFrame, environment: Path, feature_set: FeatureSet) -> Path:
    """Have nkululeko extract the features of all recordings, once for all splits: they are kept in the environment."""
    contents = REQUIREMENTS.read_text() + corpus[["file", "audio_hash"]].to_csv()
    digest = hashlib.sha256(contents.encode()).hexdigest()[:16]
    features = environment / "features" / f"{feature_set}-{digest}.pkl"
    if not features.exists():
        with tempfile.TemporaryDirectory() as folder, replacing(features) as sibling:
            run(corpus, environment, Path(folder), feature_set=feature_set, c=1, subset="validation")
            shutil.copyfile(Path(folder) / FEATURES, sibling)
    return features


def predict(
    corpus: pd.DataFrame, environment: Path, features: Path, feature_set: FeatureSet, c: float, subset: str
) -> pd.DataFrame:
    """Train on the train utterances and predict those of a subset, with features that have been extracted."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / FEATURES).parent.mkdir(parents=True)
        (folder / FEATURES).symlink_to(features.absolute())
        run(corpus, environment, folder, feature_set=feature_set, c=c, subset=subset)
        (saved,) = folder.glob(PREDICTIONS)
        return read_predictions(saved, corpus, subset)


def read_predictions(saved: Path, corpus: pd.DataFrame, subset: str) -> pd.DataFrame:
    """Read the table that nkululeko saves: a file, a probability per emotion, and what it predicts.

    The probabilities are Platt's, fitted apart from the machine, so that the most probable emotion need not be the
    predicted one.

    Returns:
        Predictions as `ser.evaluation.predictions.predict_test` gives them, of all utterances of the subset. One of
        which nkululeko says nothing has no prediction, which no score accepts.
    """
    classes = order_emotions(set(corpus.loc[corpus["subset"] == "train", "emotion"]))
    said = pd.read_csv(saved)[["file", "predicted", *classes]].rename(columns={name: f"p_{name}" for name in classes})
    asked = corpus.loc[corpus["subset"] == subset, ["file", *COLUMNS]]
    joined = asked.merge(said, on="file", how="left", validate="one_to_one")
    return joined.drop(columns="file").sort_values("utterance_id", ignore_index=True)


def predict_test(
    corpus: pd.DataFrame, environment: Path, feature_set: FeatureSet
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Choose C by macro F1 on the validation utterances, the smallest of equals, and predict the test utterances.

    Returns:
        Predictions as `ser.evaluation.predictions.predict_test` gives them, and what they took: minutes of nkululeko's
        runs, the extraction of the features apart, and the chosen C.
    """
    features = extract_features(corpus, environment, feature_set)

    def macro_f1(c: float) -> float:
        predictions = predict(corpus, environment, features, feature_set, c, "validation")
        score: float = f1_score(predictions["emotion"], predictions["predicted"], average="macro")
        return score

    started = time.monotonic()
    c = max(GRID, key=macro_f1)
    predictions = predict(corpus, environment, features, feature_set, c, "test")
    return predictions, {"minutes": round((time.monotonic() - started) / 60, 2), "C": c}


def main(
    feature_set: Annotated[FeatureSet, typer.Argument(help="What openSMILE extracts.")],
    split: Annotated[str, typer.Argument(help="A split of benchmarks/table.yaml.")],
    seed: Annotated[int, typer.Argument(help="Of the split, where it is drawn.")],
    environment: Annotated[
        Path, typer.Option(file_okay=False, help="nkululeko, made if absent, and the features it extracted.")
    ] = TOP / ".nkululeko",
) -> None:
    """Score nkululeko on our files and folds."""
    with user_errors():
        metadata = read_corpora(find_split(split).corpora, keep_duplicates=False)
        corpus = corpus_table(metadata, read_split(split, seed)[["utterance_id", "subset"]])
        make_environment(environment)
        predictions, costs = predict_test(corpus, environment, feature_set)
        classes = predictions.filter(regex="^p_").columns.str.removeprefix("p_").to_list()
        write_cell(predictions, classes, costs, load_params(EvaluateParams), f"nkululeko-{feature_set}", split, seed)


if __name__ == "__main__":
    typer.run(main)
