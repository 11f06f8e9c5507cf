"""DVC's daily commands on this project: what they print and draw can be looked at."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.repo import Repo
from playwright.sync_api import sync_playwright

from tests.conftest import TOP

CHROMIUM = shutil.which("chromium")
PAGE = (TOP / "docs/experiments.md").read_text(encoding="utf-8")


def dvc(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], cwd=TOP, capture_output=True, text=True, check=True
    ).stdout


def test_the_metrics_fit_a_terminal_and_are_those_on_the_page() -> None:
    lines = [line.rstrip() for line in dvc("metrics", "show").splitlines()]
    assert max(map(len, lines)) <= 120
    assert lines[0] in PAGE.splitlines()
    assert {line.split()[0] for line in lines[1:]} == set(re.findall(r"^(metrics/\w+\.json) ", PAGE, re.MULTILINE))


def test_the_model_is_an_artifact_that_a_stage_makes() -> None:
    with Repo(str(TOP)) as repo:
        artifact = repo.artifacts.read()["dvc.yaml"]["emotion"]
        assert artifact.path in {Path(out.fs_path).relative_to(TOP).as_posix() for out in repo.index.outs}


def test_a_commit_is_compared_with_itself() -> None:
    said = subprocess.run(
        [TOP / ".ci/compare", "HEAD", "HEAD", "https://example.org/a/b"], capture_output=True, text=True, check=True
    ).stdout
    assert said == "### Metrics\n\nAs before.\n\n### Plots\n\nAs before.\n"


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: apt-get install chromium)")
def test_the_plots_are_drawn_without_a_network(tmp_path: Path) -> None:
    templates = tmp_path / ".dvc/plots"
    templates.mkdir(parents=True)
    subprocess.run([sys.executable, TOP / "docs/make_vega.py", templates / "vega.js"], check=True)
    dvc("plots", "show", "--out", str(tmp_path / "dvc_plots"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_context(offline=True).new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((tmp_path / "dvc_plots/index.html").as_uri())
        page.wait_for_function("document.querySelectorAll('canvas, svg.marks').length == 6")
        browser.close()
    assert [url for url in asked if not url.startswith("file:")] == []
