"""Logs as lines of JSON on stderr."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "ser.app.logs.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    # python_multipart has something to say of every damaged form
    "loggers": {"ser": {"level": "INFO"}, "python_multipart": {"level": "ERROR"}},
}
"""For `logging.config.dictConfig`."""


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
