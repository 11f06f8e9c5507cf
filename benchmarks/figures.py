"""Train and score on real recordings; the figures go to metrics/figures.json and README.md.

    python -m benchmarks.figures --audio data/raw            # all runs, about half an hour on 2 cores
    python -m benchmarks.figures --only ravdess_stratified   # one of them

The runs are those that README tells a user to make, `dvc exp run -S ...`, in a clone of the committed project.
"""

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.documents import write_block
from ser.errors import InputError, user_errors
from ser.leaks import describe_leaks
from ser.storage import read_json, write_json

TOP = Path(__file__).resolve().parent.parent
RESULTS = TOP / "metrics" / "figures.json"
README = TOP / "README.md"
SCORES = {"uar": "UAR", "accuracy": "accuracy", "macro_f1": "macro F1"}

BOTH = "ingest.corpora=[ravdess,tess]"
RUNS: dict[str, list[str]] = {
    "ravdess_speaker_independent": ["ingest.corpora=[ravdess]"],
    "ravdess_stratified": ["ingest.corpora=[ravdess]", "split.protocol=stratified_80_10_10"],
    "ravdess_and_tess": [BOTH],
    "ravdess_to_tess": [BOTH, "split.protocol=cross_corpus", "split.test_corpora=[tess]"],
    "tess_to_ravdess": [BOTH, "split.protocol=cross_corpus", "split.test_corpora=[ravdess]"],
}
"""From a run's name to the parameters that it sets."""


def command(run: str) -> list[str]:
    """The command that README gives for a run."""
    return ["dvc", "exp", "run", *(word for setting in RUNS[run] for word in ("-S", setting))]


def main(
    audio: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Holds ravdess/ and tess/.")] = TOP
    / "data/raw",
    only: Annotated[list[str] | None, typer.Option(help=f"Runs to make: {', '.join(RUNS)}.")] = None,
) -> None:
    """Make the runs and write their figures."""
    with user_errors():
        unclean = ["git", "diff", "--quiet", "HEAD", "--", "ser", "stages", "*.yaml"]
        if subprocess.run(unclean, cwd=TOP, check=False).returncode:
            raise InputError("ser/, stages/, params.yaml or dvc.yaml has uncommitted changes: figures name a commit")
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=TOP, check=True, capture_output=True, text=True
        ).stdout.strip()
        with tempfile.TemporaryDirectory() as folder:
            clone = Path(folder) / "clone"
            subprocess.run(["git", "clone", "--quiet", str(TOP), str(clone)], check=True)
            for corpus in ("ravdess", "tess"):
                shutil.copytree(audio / corpus, clone / "data" / "raw" / corpus)
            for run in only or RUNS:
                results = read_json(RESULTS) if RESULTS.exists() else {}
                results[run] = {"commit": commit} | _make(run, clone)
                write_json({name: results[name] for name in RUNS if name in results}, RESULTS)
                write_block(README, "figures", table(read_json(RESULTS)))


def _make(run: str, clone: Path) -> dict[str, Any]:
    subprocess.run(["git", "checkout", "--quiet", "--force", "HEAD"], cwd=clone, check=True)
    started = time.monotonic()
    subprocess.run(command(run), cwd=clone, check=True)
    minutes = (time.monotonic() - started) / 60
    ingest, train, test = (
        json.loads((clone / f"metrics/{name}.json").read_text())[name] for name in ("ingest", "train", "test")
    )
    return {"minutes": round(minutes, 1), "corpus": ingest["all"], "train": train, "test": test}


def table(results: dict[str, Any]) -> str:
    """Draw the results as Markdown: one row per run, and one per corpus where two are tested."""
    lines = [
        f"| run | protocol | {' | '.join(SCORES.values())} | tested on | shared by train and test | time | commit |",
        f"|---|---|{'---|' * len(SCORES)}---|---|---|---|",
    ]
    for name, run in results.items():
        test = run["test"]
        figures = []
        for score in SCORES:
            interval = test["interval_95"][score]
            figures.append(f"{test[score]:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]")
        leaks = describe_leaks({"train_test": test["leaks"]["train_test"]}).removeprefix("train and test share ")
        lines.append(
            f"| `{name}` | `{test['protocol']}` | {' | '.join(figures)} | {test['n_utterances']} clips,"
            f" {test['n_speakers']} speakers | {leaks} | {run['minutes']:.0f} min | `{run['commit']}` |"
        )
        for corpus, scores in test.get("per_corpus", {}).items():
            values = " | ".join(f"{scores[score]:.3f}" for score in SCORES)
            lines.append(f"| of which {corpus} | | {values} | {scores['n_utterances']} clips | | | |")
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
