"""The pages in docs/ are true."""

import re

import pytest
from typer.main import get_command

from benchmarks.audits import CORPORA, PAGE, RESULTS, block
from benchmarks.documents import with_block
from ser.corpora_cli import app
from ser.storage import read_json
from tests.conftest import TOP


@pytest.mark.parametrize("name", CORPORA)
def test_the_audits_on_the_page_are_those_of_the_results(name: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert with_block(text, name, block(read_json(RESULTS)[name])) == text


def test_what_the_audit_found_is_what_the_page_says() -> None:
    results = {name: result["audit"] for name, result in read_json(RESULTS).items()}
    assert results["ravdess"]["warnings"]["duplicate"] == 1
    assert results["kaggle"]["files"] == 2 * results["ravdess"]["files"] == 2880
    assert results["kaggle"]["warnings"]["duplicate"] == 1441
    assert results["tess"]["corpora"]["all"]["clips"] == 700
    for result in results.values():
        assert result["unusable"] == 0
        assert result["warnings"]["near_identical"] == 0


def test_files_and_commands_that_the_pages_name_exist() -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    for page in (TOP / "docs").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert (page.parent / name).exists(), f"{page.name}: {name}"
        assert set(re.findall(r"ser corpora (\w+)", text)) <= known
