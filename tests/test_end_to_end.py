"""The project as its users run it: DVC, in a folder of its own, on small corpora."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import soundfile
from ruamel.yaml import YAML

from ser.dataset.metadata import EMOTIONS
from tests.conftest import CORPORA, TOP, write_clip

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
# The stages run with the first `python` on the path; the shell has not activated an environment.
ENVIRONMENT = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "GIT_CONFIG_GLOBAL": os.devnull}
QUICK = {
    "speakers: 16": "speakers: 4",
    "n_mels: 64": "n_mels: 16",
    "max_epochs: 60": "max_epochs: 2",
    "bootstrap_samples: 2000": "bootstrap_samples: 200",
}


class Project:
    """A copy of the project's files under Git, without its data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        files = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for name in files:
            if (TOP / name).is_file() and name != "dvc.lock":
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(TOP / name, folder / name)
        for old, new in QUICK.items():
            self.change("params.yaml", old, new)
        self.run("git", "init", "--quiet")
        self.commit("start")

    def run(self, *command: str, exit_code: int = 0) -> str:
        """Run a command here and return what it prints on stdout; stderr is shown when the test fails."""
        done = subprocess.run(command, cwd=self.folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        assert done.returncode == exit_code, f"{command}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def repro(self) -> set[str]:
        """Run `dvc repro` and return the stages that ran."""
        return set(re.findall(r"^Running stage '([\w@]+)'", self.run("dvc", "repro"), flags=re.MULTILINE))

    def commit(self, message: str) -> None:
        self.run("git", "add", "--all")
        self.run(
            "git",
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t",
            "commit",
            "--quiet",
            "--allow-empty",
            "--message",
            message,
        )

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text, f"{name} has no '{old}'"
        (self.folder / name).write_text(text.replace(old, new, 1))

    def read_json(self, name: str) -> dict[str, Any]:
        values: dict[str, Any] = json.loads((self.folder / name).read_text())
        return values


AFTER_TRAIN = {"evaluate", "export"}
AFTER_INGEST = {"split", "features", "augment", "train"} | AFTER_TRAIN


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Reproduced once, on a toy corpus in data/raw/ravdess, which unlike the demo corpus no stage makes."""
    folder = tmp_path_factory.mktemp("project")
    for seed, (actor, emotion, statement) in enumerate(product(range(1, 7), range(1, 9), (1, 2))):
        write_clip(
            folder / f"data/raw/ravdess/Actor_{actor:02}/03-01-{emotion:02}-01-{statement:02}-01-{actor:02}.wav", seed
        )
    project = Project(folder)
    project.change("params.yaml", "corpora: [demo]", "corpora: [ravdess]")
    assert project.repro() == {
        "demo",
        "scan@ravdess",
        "ingest",
        "split",
        "features",
        "augment",
        "train",
        "evaluate",
        "export",
    }
    project.commit("reproduced")
    return project


def touched(name: str) -> Callable[[Project], None]:
    """Edits a module without changing what it does."""

    def edit(project: Project) -> None:
        with (project.folder / name).open("a") as file:
            file.write("# edited\n")

    return edit


def changed(old: str, new: str) -> Callable[[Project], None]:
    return lambda project: project.change("params.yaml", old, new)


def replace_a_recording(project: Project) -> None:
    write_clip(project.folder / "data/raw/ravdess/Actor_01/03-01-05-01-01-01-01.wav", 4321)


def add_a_stray_file(project: Project) -> None:
    (project.folder / "data/raw/ravdess/notes.txt").write_text("not a recording " * 20)


def touch_a_recording(project: Project) -> None:
    (project.folder / "data/raw/ravdess/Actor_01/03-01-05-01-01-01-01.wav").touch()


@pytest.mark.parametrize(
    ("change", "rerun"),
    [
        pytest.param(lambda _: None, set(), id="nothing"),
        pytest.param(changed("train:", "# a comment\ntrain:"), set(), id="a comment in params.yaml"),
        pytest.param(
            changed("learning_rate: 1e-3", "learning_rate: 2e-3"), {"train"} | AFTER_TRAIN, id="learning_rate"
        ),
        pytest.param(
            changed("n_mels: 16", "n_mels: 20"), {"features", "augment", "train"} | AFTER_TRAIN, id="features.n_mels"
        ),
        pytest.param(changed("snr_db: [15, 35]", "snr_db: [5, 35]"), {"augment", "train"} | AFTER_TRAIN, id="snr_db"),
        # The intervals of so few speakers stay as they are, so that nothing has to be exported again.
        pytest.param(changed("bootstrap_samples: 200", "bootstrap_samples: 300"), {"evaluate"}, id="bootstrap_samples"),
        pytest.param(
            changed("test_fraction: 0.2", "test_fraction: 0.5"), {"split", "augment", "train"} | AFTER_TRAIN, id="split"
        ),
        pytest.param(touch_a_recording, set(), id="a wav's time stamp"),
        pytest.param(add_a_stray_file, {"scan@ravdess", "ingest"}, id="a stray file beside the wavs"),
        pytest.param(replace_a_recording, {"scan@ravdess", "ingest"} | AFTER_INGEST, id="one wav replaced"),
        pytest.param(touched("ser/corpora/demo/voice.py"), {"demo", "scan@ravdess"}, id="an edit to ser/corpora"),
        pytest.param(
            touched("ser/dataset/leaks.py"), {"scan@ravdess", "ingest"} | AFTER_INGEST, id="an edit to ser/dataset"
        ),
        pytest.param(
            touched("ser/features/augmentation.py"),
            {"features", "augment", "train"} | AFTER_TRAIN,
            id="an edit to ser/features",
        ),
        pytest.param(touched("ser/training/fit.py"), {"train"}, id="an edit to ser/training"),
        pytest.param(touched("ser/evaluation/calibration.py"), AFTER_TRAIN, id="an edit to ser/evaluation"),
        pytest.param(touched("ser/inference/predictor.py"), {"export"}, id="an edit to ser/inference"),
        pytest.param(touched("ser/cli/main.py"), set(), id="an edit to ser/cli"),
        pytest.param(touched("README.md"), set(), id="an edit to README.md"),
    ],
)
def test_a_change_reruns_exactly_what_it_must(
    project: Project, change: Callable[[Project], None], rerun: set[str]
) -> None:
    project.repro()  # so that each case stands alone
    change(project)
    assert project.repro() == rerun


def test_metrics_and_plots_follow_a_change(project: Project) -> None:
    project.repro()
    project.commit("before")
    project.change("params.yaml", "max_epochs: 2", "max_epochs: 12")  # what a seed changes may round to nothing
    project.repro()
    differences = json.loads(project.run("dvc", "metrics", "diff", "--json"))
    assert any(one["diff"] for one in differences["metrics/train.json"].values())
    page = json.loads(project.run("dvc", "plots", "diff", "--json"))["data"]
    assert {"plots/train/curves.csv", "plots/test/confusion.csv", "plots/test/confusion.png"} <= set(page)


def test_an_experiment_runs_with_a_parameter_set_and_is_listed(project: Project) -> None:
    project.run("dvc", "exp", "run", "--name", "faster", "-S", "train.learning_rate=5e-3")
    assert project.read_json("data/reports/test.json")["test"]["protocol"] == "speaker_independent"
    table = project.run("dvc", "exp", "show", "--csv", "--no-pager")
    assert "faster" in table
    assert "0.005" in table
    assert "uar,acc,f1,ece" in table


def test_a_queue_of_experiments_finds_the_recordings(project: Project) -> None:
    project.repro()
    project.run("ser", "corpora", "add", "ravdess")
    project.commit("recordings under DVC")
    project.run("dvc", "exp", "run", "--queue", "-S", "train.learning_rate=1e-3,4e-3", "-S", "train.seed=7")
    project.run("dvc", "queue", "start", "--jobs", "2")
    deadline = time.monotonic() + 600
    while re.search("Queued|Running", status := project.run("dvc", "queue", "status")):
        assert time.monotonic() < deadline, status
        time.sleep(2)
    assert status.count("Success") == 2, status
    table = project.run("dvc", "exp", "show", "--csv", "--no-pager")
    assert {"0.001", "0.004"} <= set(re.split(r"[,\n]", table))
    project.run("dvc", "queue", "stop")


def test_a_wrong_parameter_of_an_experiment_is_one_line(project: Project) -> None:
    done = subprocess.run(
        ["dvc", "exp", "run", "-S", "train.batch_size=many"],
        cwd=project.folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "error: params.yaml: train.batch_size: expected an integer, got 'many'" in done.stderr
    project.run("git", "checkout", "--quiet", "params.yaml")


def test_data_and_model_travel_through_a_remote_folder(project: Project, tmp_path: Path) -> None:
    project.repro()
    project.commit("to be shared")
    project.run("dvc", "remote", "add", "--force", "--default", "storage", str(tmp_path / "remote"))
    project.run("dvc", "push")
    clone = tmp_path / "clone"
    project.run("git", "clone", "--quiet", str(project.folder), str(clone))
    shutil.copy(project.folder / ".dvc/config", clone / ".dvc/config")
    subprocess.run(["dvc", "pull"], cwd=clone, env=ENVIRONMENT, check=True, capture_output=True)
    for name in ("models/model.safetensors", "models/model.onnx", "data/features/log_mel.npy", "data/metadata.csv"):
        assert (clone / name).read_bytes() == (project.folder / name).read_bytes()
    status = subprocess.run(
        ["dvc", "repro", "--dry", "--allow-missing"],
        cwd=clone,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Running stage" not in status.stdout


def test_killed_training_leaves_no_model_and_goes_on(project: Project) -> None:
    project.repro()
    model = project.folder / "models/model.safetensors"
    expected = model.read_bytes()
    model.unlink()
    command = [sys.executable, "-m", "stages.train"]
    with subprocess.Popen(
        command, cwd=project.folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch   2"):
                process.send_signal(signal.SIGKILL)
                break
    assert process.wait() == -signal.SIGKILL
    assert not model.exists()
    project.run("dvc", "repro", "--single-item", "--force", "train")
    assert model.read_bytes() == expected
    assert not (project.folder / "models/.checkpoints").exists()


def test_two_runs_from_scratch_agree_and_predict_uses_their_model(tmp_path: Path) -> None:
    projects = [Project(tmp_path / name) for name in ("one", "two")]
    for project in projects:
        project.repro()
    one, _ = projects
    # The same stages with the same hashes; DVC may write them in another order.
    one_lock, two_lock = (YAML(typ="safe", pure=True).load(project.folder / "dvc.lock") for project in projects)
    for lock in (one_lock, two_lock):
        (timed,) = (out for out in lock["stages"]["train"]["outs"] if out["path"] == "metrics/train.json")
        del timed["md5"], timed["size"]  # it has the seconds
    assert one_lock == two_lock
    clip = "data/raw/demo/Actor_01/03-01-05-01-01-01-01.wav"
    (answer,) = json.loads(one.run("ser", "predict", clip, "--json"))
    assert list(answer["probabilities"]) == list(EMOTIONS)


@pytest.mark.skipif(not CORPORA.exists(), reason="../shared/corpora is not beside this checkout")
def test_four_real_actors_from_wav_to_prediction(tmp_path: Path) -> None:
    actors = ("1", "2", "3", "4")
    raw = tmp_path / "data/raw/ravdess"
    subprocess.run([sys.executable, str(CORPORA / "restore.py"), "ravdess", str(raw), "--actors", *actors], check=True)
    project = Project(tmp_path)
    project.change("params.yaml", "corpora: [demo]", "corpora: [ravdess]")
    project.change("params.yaml", "max_epochs: 2", "max_epochs: 8")
    project.repro()
    found = project.read_json("data/reports/ingest.json")["ingest"]
    assert (found["all"]["utterances"], found["all"]["speakers"]) == (240, 4)
    scores = project.read_json("data/reports/test.json")["test"]
    assert scores["n_speakers"] == 1
    assert scores["n_utterances"] == 60
    assert isinstance(scores["accuracy"], float)
    clip = raw / "Actor_04/03-01-05-02-01-01-04.wav"
    signal_, rate = soundfile.read(clip)
    soundfile.write(tmp_path / "mine.flac", signal_, rate)
    wav, flac = json.loads(project.run("ser", "predict", str(clip), "mine.flac", "--json"))
    assert wav["probabilities"] == pytest.approx(flac["probabilities"], abs=1e-4)
