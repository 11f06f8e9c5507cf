"""Time of DVC's commands with nothing to do, with the benchmarks and without; the table goes into docs/results.md.

    python -m benchmarks.measurements.dvc_commands REVISION

where REVISION had benchmarks/ in the same DVC project as the pipeline. Needs a committed dvc.lock, and DVC's cache as
`dvc repro` left it. Each command runs in three clones in turn, so that what else the machine does strikes all alike.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.documents import write_block
from ser.storage import write_json

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "results.md"
RESULTS = TOP / "benchmarks" / "results" / "dvc_commands.json"
COMMANDS = ("repro", "status", "metrics show", "plots show", "exp run")
PROJECTS = ("before", "now", "without benchmarks")
RUNS = {"before": 3, "now": 15, "without benchmarks": 15}  # the last two differ by less than single runs of either do
BIN = Path(sys.executable).parent
ENVIRONMENT = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def main(
    revision: Annotated[str, typer.Argument(help="One in which benchmarks/ was part of the pipeline's project.")],
) -> None:
    """Measure, and write the results and the page."""
    seconds: dict[str, dict[str, list[float]]] = {command: {name: [] for name in PROJECTS} for command in COMMANDS}
    with tempfile.TemporaryDirectory() as scratch:
        projects = {name: Path(scratch) / name.split()[0] for name in PROJECTS}
        for name, folder in projects.items():
            _clone(folder, revision if name == "before" else "HEAD", keep_benchmarks=name != "without benchmarks")
        for command in COMMANDS:
            for run in range(max(RUNS.values()) + 1):
                for name, folder in projects.items():
                    took = _time(folder, command) if run <= RUNS[name] else None
                    if run and took:  # the first fills caches
                        seconds[command][name].append(took)
    results = {
        "cores": os.cpu_count(),
        "runs": RUNS,
        "before": _run(TOP, "git", "rev-parse", "--short", revision).strip(),
        "seconds_median": {
            command: {name: round(statistics.median(took), 2) for name, took in projects.items()}
            for command, projects in seconds.items()
        },
    }
    write_json(results, RESULTS)
    write_block(PAGE, "commands", block(results))
    typer.echo(block(results))


def block(results: dict[str, Any]) -> str:
    """The table of the page."""
    rows = [
        f"| `dvc {command}` | " + " | ".join(f"{took[name]:.2f}" for name in PROJECTS) + " |"
        for command, took in results["seconds_median"].items()
    ]
    runs, before = results["runs"]["now"], results["runs"]["before"]
    said = f"Nothing to do; medians of {runs} runs in turn, {results['cores']} cores. The first column is of"
    return "\n".join(
        [
            "| seconds | benchmarks in the same project | benchmarks apart | no benchmarks |",
            "|---|---|---|---|",
            *rows,
            "",
            f"{said} `{results['before']}`, in {before} runs.",
        ]
    )


def _clone(folder: Path, revision: str, *, keep_benchmarks: bool) -> None:
    """A clone in which nothing is to do, with the outs of this project's cache."""
    _run(TOP, "git", "clone", "--quiet", "--no-checkout", str(TOP), str(folder))
    _run(folder, "git", "checkout", "--quiet", revision)
    if not keep_benchmarks:
        _run(folder, "git", "rm", "-r", "--quiet", "benchmarks")
        identity = ("-c", "user.name=measurement", "-c", "user.email=measurement@localhost")
        _run(folder, "git", *identity, "commit", "--quiet", "--message", "Without benchmarks")
    cache = _run(TOP, "dvc", "cache", "dir").strip()
    _run(folder, "dvc", "cache", "dir", "--local", str((TOP / cache).resolve()))
    _run(folder, "dvc", "checkout", "--quiet", "dvc.yaml")
    if "Running stage" in _run(folder, "dvc", "repro", "--dry"):
        raise typer.BadParameter(f"{revision}: a stage is to be run; `dvc repro`, and commit dvc.lock, first")


def _time(folder: Path, command: str) -> float:
    started = time.perf_counter()
    _run(folder, "dvc", *command.split())
    return time.perf_counter() - started


def _run(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    typer.run(main)
