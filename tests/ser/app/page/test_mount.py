"""The page without a browser: its files, and what it may load and run."""

import re

import pytest
from starlette.testclient import TestClient

from ser.app.page.mount import FILES, STATIC
from tests.ser.app.conftest import TOKEN, Serve, counts, encoded, form


def test_all_that_the_page_loads_is_there_and_nothing_else(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    named = set(re.findall(r'(?:src|href)="page/([^"]+)"', page.text))
    for script in STATIC.glob("*.js"):
        named |= set(re.findall(r'(?:from|new URL\() ?"(?:\./)?([\w.]+)"', script.read_text()))
    assert named == set(FILES) == {path.name for path in STATIC.iterdir()}
    for name, media_type in FILES.items():
        answer = client.get(f"/page/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.content == (STATIC / name).read_bytes()


def test_a_browser_runs_nothing_that_is_not_a_file_of_the_page_and_asks_nobody_else(client: TestClient) -> None:
    for path in ("/", *(f"/page/{name}" for name in FILES)):
        headers = client.get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff"
    page = client.get("/").text
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son\w+=", page) == []


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/queue/join",
        "gradio_api/upload",
        "config",
        "page/",
        "page/page.html",
        "page/../mount.py",
        "page/explain",
    ],
)
def test_there_are_no_other_ways_in(client: TestClient, path: str) -> None:
    for answer in (client.get(f"/{path}"), client.post(f"/{path}", files=form(encoded()))):
        assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})


def test_the_page_is_for_those_who_bring_the_token(serve: Serve) -> None:
    guarded = serve(token=TOKEN)
    for path in ("/", "/page/page.js"):
        assert guarded.get(path).status_code == 401
        assert guarded.get(path, headers={"Cookie": f"ser_token={TOKEN}"}).status_code == 200
    assert guarded.post("/page/listen", files=form(encoded())).status_code == 401


def test_its_requests_are_counted_by_name(serve: Serve) -> None:
    client = serve()
    client.get("/page/page.js")
    client.post("/page/listen", files=form(encoded()))
    counted = counts(client)
    assert counted["ser_requests_total", "GET", "/page/page.js", "200"] == 1
    assert counted["ser_requests_total", "POST", "/page/listen", "200"] == 1


def test_it_is_not_in_the_description_of_the_api(client: TestClient) -> None:
    assert set(client.get("/openapi.json").json()["paths"]) == {"/health", "/metrics", "/predict"}
