"""Logs as lines of JSON on stderr."""

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import Any

CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "ser.app.logs.JsonLines"}},
    "filters": {"ends": {"()": "ser.app.logs.NoEnds"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["ends"]}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    # python_multipart has something to say of every damaged form
    "loggers": {"ser": {"level": "INFO"}, "python_multipart": {"level": "ERROR"}},
}
"""For `logging.config.dictConfig`."""


class NoEnds(logging.Filter):
    """Drops tracebacks of what is cancelled at the end: pages still shown or, at a second Ctrl-C, everything."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to keep a record."""
        cancelled = record.exc_info and record.exc_info[0] is asyncio.CancelledError
        return not (cancelled or record.getMessage().rstrip().endswith("asyncio.exceptions.CancelledError"))


class JsonLines(logging.Formatter):
    """``{"time": ..., "level": ..., "event": ...}``, a record's ``fields``, and the traceback of a bug."""

    def format(self, record: logging.LogRecord) -> str:
        """Lay a record out as one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage().strip(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)
