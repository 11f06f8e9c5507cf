"""Train and score on the real RAVDESS under both protocols; the figures go to metrics/ravdess.json and README.md.

    python -m benchmarks.ravdess --audio data/raw/ravdess

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

from ser.errors import InputError, user_errors
from ser.leaks import describe_leaks
from ser.storage import read_json, write_json

TOP = Path(__file__).resolve().parent.parent
RESULTS = TOP / "metrics" / "ravdess.json"
README = TOP / "README.md"
BEGIN, END = "<!-- figures of metrics/ravdess.json -->", "<!-- end -->"
PROTOCOLS = ("speaker_independent", "stratified_80_10_10")
SCORES = {"uar": "UAR", "accuracy": "accuracy", "macro_f1": "macro F1"}


def command(protocol: str) -> list[str]:
    """The command that README gives for a protocol."""
    return ["dvc", "exp", "run", "-S", "ingest.corpora=[ravdess]", "-S", f"split.protocol={protocol}"]


def main(
    audio: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of the 1,440 WAV files.")] = TOP
    / "data/raw/ravdess",
) -> None:
    """Run both protocols and write the figures; takes about half an hour on 2 cores."""
    with user_errors():
        unclean = ["git", "diff", "--quiet", "HEAD", "--", "ser", "stages", "*.yaml"]
        if subprocess.run(unclean, cwd=TOP, check=False).returncode:
            raise InputError("ser/, stages/, params.yaml or dvc.yaml has uncommitted changes: figures name a commit")
        with tempfile.TemporaryDirectory() as folder:
            clone = Path(folder) / "clone"
            subprocess.run(["git", "clone", "--quiet", str(TOP), str(clone)], check=True)
            shutil.copytree(audio, clone / "data" / "raw" / "ravdess")
            runs = {protocol: _run(protocol, clone) for protocol in PROTOCOLS}
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=TOP, check=True, capture_output=True, text=True
        ).stdout.strip()
        write_json({"commit": commit, "protocols": runs}, RESULTS)
        README.write_text(with_figures(README.read_text(encoding="utf-8"), read_json(RESULTS)), encoding="utf-8")


def _run(protocol: str, clone: Path) -> dict[str, Any]:
    started = time.monotonic()
    subprocess.run(command(protocol), cwd=clone, check=True)
    minutes = (time.monotonic() - started) / 60
    ingest, train, test = (
        json.loads((clone / f"metrics/{name}.json").read_text())[name] for name in ("ingest", "train", "test")
    )
    return {"minutes": round(minutes, 1), "corpus": ingest["all"], "train": train, "test": test}


def with_figures(readme: str, results: dict[str, Any]) -> str:
    """Put the table of `results` between the two marks in README's text."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(results)}\n{END}{after}"


def table(results: dict[str, Any]) -> str:
    """Draw the results as Markdown: one row per protocol, intervals in brackets."""
    lines = [
        f"| protocol | {' | '.join(SCORES.values())} | test | leaks between train and test | time |",
        f"|---|{'---|' * len(SCORES)}---|---|---|",
    ]
    for protocol, run in results["protocols"].items():
        test = run["test"]
        figures = []
        for score in SCORES:
            interval = test["interval_95"][score]
            figures.append(f"{test[score]:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]")
        lines.append(
            f"| `{protocol}` | {' | '.join(figures)} | {test['n_utterances']} clips, {test['n_speakers']} speakers"
            f" | {describe_leaks({'train_test': test['leaks']['train_test']})} | {run['minutes']:.0f} min |"
        )
    lines += ["", f"At commit `{results['commit']}`, on 2 cores; 95 % intervals over resampled test speakers."]
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
