"""Whatever is said on stderr is a line of JSON, of bounded length, and not more often than is of use."""

import asyncio
import json
import logging
import logging.config
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread
from typing import Any, TextIO

MAX_LINE = 4096
"""Characters, all of them ASCII."""

SAME = 20
"""So many lines of one kind are written in an `INTERVAL`; the others are counted."""

INTERVAL = 10.0
"""Seconds."""


@contextmanager
def lines_of_json() -> Iterator[None]:
    """Log to stderr, and let nothing else reach it, neither from libraries in C nor from processes that are started."""
    with os.fdopen(os.dup(2), "w", buffering=1, encoding="ascii") as stderr:
        logging.config.dictConfig(_config(stderr))
        logging.captureWarnings(capture=True)
        reading, writing = os.pipe()
        os.dup2(writing, 2)
        os.close(writing)
        reader = Thread(target=_log_lines, args=(reading,), daemon=True)
        reader.start()
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr.fileno(), 2)
            reader.join(1.0)  # a process that outlives this one may hold the pipe open
            logging.captureWarnings(capture=False)
            logging.shutdown()


def _config(stderr: TextIO) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines}},
        "filters": {"ends": {"()": NoEnds}},
        "handlers": {"stderr": {"()": CountingHandler, "stream": stderr, "formatter": "json", "filters": ["ends"]}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        # python_multipart has something to say of every damaged form
        "loggers": {"ser": {"level": "INFO"}, "python_multipart": {"level": "ERROR"}},
    }


def _log_lines(descriptor: int) -> None:
    logger = logging.getLogger("stderr")
    with os.fdopen(descriptor, "r", encoding="utf-8", errors="backslashreplace") as pipe:
        while text := pipe.readline(MAX_LINE):
            if text.strip():
                logger.warning("said", extra={"fields": {"text": text.strip()}})


class NoEnds(logging.Filter):
    """Drops tracebacks of what is cancelled at the end: pages still shown or, at a second Ctrl-C, everything."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to keep a record."""
        cancelled = record.exc_info and record.exc_info[0] is asyncio.CancelledError
        return not (cancelled or record.getMessage().rstrip().endswith("asyncio.exceptions.CancelledError"))


class CountingHandler(logging.StreamHandler[TextIO]):
    """Writes `SAME` lines of a kind in each `INTERVAL`, and then how many there were beyond."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._seen: Counter[tuple[int, str, str, object, object]] = Counter()
        self._end = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or count it."""
        if record.created >= self._end:
            self._tell()
            self._end = record.created + INTERVAL
        fields = getattr(record, "fields", {})
        kind = (record.levelno, record.name, record.getMessage()[:100], fields.get("route"), fields.get("status"))
        self._seen[kind] += 1
        if self._seen[kind] <= SAME:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's)
        """Say nothing where stderr cannot be written to: there is nowhere else to say it."""

    def close(self) -> None:
        """Say what was counted and not yet told."""
        self._tell()
        super().close()

    def _tell(self) -> None:
        for (level, name, event, route, status), n in self._seen.items():
            if n > SAME:
                fields = {"of": event, "route": route, "status": status, "times": n - SAME}
                extra = {"name": name, "levelno": level, "levelname": logging.getLevelName(level), "fields": fields}
                super().emit(logging.makeLogRecord({"msg": "not written", **extra}))
        self._seen.clear()


class JsonLines(logging.Formatter):
    """``{"time": ..., "level": ..., "event": ...}``, a record's ``fields``, and the traceback of a bug."""

    def format(self, record: logging.LogRecord) -> str:
        """Lay a record out as one line of at most `MAX_LINE` characters: of what is longer, each part is cut."""
        head = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        parts: dict[str, Any] = {"event": record.getMessage().strip(), **getattr(record, "fields", {})}
        if record.exc_info:
            parts["traceback"] = self.formatException(record.exc_info)
        n_characters = MAX_LINE
        while len(line := json.dumps(head | {name: _cut(one, n_characters) for name, one in parts.items()})) > MAX_LINE:
            n_characters //= 2
        return line


def _cut(part: object, n_characters: int) -> object:
    """The beginning and the end of a text, where it is longer."""
    if not isinstance(part, str) or len(part) <= n_characters:
        return part
    return f"{part[: n_characters // 2]} ... {part[len(part) - n_characters // 2 :]}"
