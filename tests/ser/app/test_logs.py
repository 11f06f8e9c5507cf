"""What a service says on stderr."""

import asyncio
import io
import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ser.app.logs import INTERVAL, MAX_LINE, SAME, CountingHandler, JsonLines, NoEnds
from tests.ser.app.conftest import encoded, form


def record_of(message: str, created: float = 0.0, **fields: object) -> logging.LogRecord:
    values = {"msg": message, "levelno": logging.INFO, "levelname": "INFO", "created": created, "fields": fields}
    return logging.makeLogRecord(values)


def test_logs_are_lines_of_json_without_what_was_sent(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="ser"):
        client.post("/predict?min_confidence=0.25", files=form(encoded(), "private name.wav"))
    (line,) = [json.loads(JsonLines().format(record)) for record in caplog.records]
    assert line.pop("seconds") > 0
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT.*\+00:00", line.pop("time"))
    assert line.pop("bytes") > len(encoded())
    expected = {"level": "info", "event": "request", "method": "POST", "route": "/predict", "status": 200}
    assert line == expected


def test_a_bug_is_logged_with_its_traceback_and_an_end_is_no_bug() -> None:
    def caught(error: BaseException) -> logging.LogRecord:
        info = (type(error), error, None)
        return logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "Exception in ASGI application\n", (), info)

    bug, end = caught(ZeroDivisionError("why")), caught(asyncio.CancelledError())
    assert (NoEnds().filter(bug), NoEnds().filter(end)) == (True, False)
    line = json.loads(JsonLines().format(bug))
    assert line["event"] == "Exception in ASGI application"
    assert line["traceback"] == "ZeroDivisionError: why"


@pytest.mark.parametrize(
    "text", ["a" * 10_000_000, "\N{SNOWMAN}" * 50_000, '\n{"event": "forged"}\x1b[31m\x7f\x9b\u2028' * 999]
)
def test_a_line_is_one_of_bounded_length_whatever_is_in_it(text: str) -> None:
    record = record_of(text, route=text)
    record.exc_info = (ValueError, ValueError(text), None)
    line = JsonLines().format(record)
    assert len(line) <= MAX_LINE
    assert re.fullmatch(r"[ -~]*", line)
    assert list(json.loads(line)) == ["time", "level", "event", "route", "traceback"]


def test_what_repeats_itself_is_counted() -> None:
    stream = io.StringIO()
    handler = CountingHandler(stream)
    handler.setFormatter(JsonLines())
    for number in range(10_000):
        handler.emit(record_of("request", created=number / 10_000, route="other", status=404, seconds=number))
    handler.emit(record_of("request", created=0.5, route="/predict", status=200))
    handler.emit(record_of("request", created=INTERVAL + 1, route="other", status=404))
    for _ in range(SAME):
        handler.emit(record_of("request", created=INTERVAL + 2, route="other", status=404))
    handler.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["request"] * (SAME + 1) + ["not written"] + ["request"] * SAME + [
        "not written"
    ]
    said, last = (line for line in lines if line["event"] == "not written")
    assert (said["of"], said["route"], said["status"], said["times"]) == ("request", "other", 404, 10_000 - SAME)
    assert last["times"] == 1


LOUD = """
import logging, os, subprocess, sys, threading, warnings
from ser.app.logs import lines_of_json
with lines_of_json():
    warnings.warn("of Python")
    logging.getLogger("asyncio").error("of asyncio")
    os.write(2, b"of a library\\n\\x1b[31m\\xff" + b"x" * 9999)
    subprocess.run([sys.executable, "-c", "1 / 0"])
    thread = threading.Thread(target=lambda: [][0])
    thread.start()
    thread.join()
"""


def test_whoever_writes_to_stderr_writes_lines_of_json(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LOUD], capture_output=True, text=True, check=True)
    assert all(len(line) <= MAX_LINE for line in done.stderr.splitlines())
    assert re.fullmatch(r"[ -~\n]*", done.stderr)
    said = json.dumps([json.loads(line) for line in done.stderr.splitlines()])
    for text in ("of Python", "of asyncio", "of a library", "ZeroDivisionError", "IndexError"):
        assert text in said
