"""Log lines of the processes that hold no Django: one JSON object a line, as everywhere."""

from __future__ import annotations

import json
import logging
import sys

from levelhead.kernel import clock


def log_line(event: str, *, level: str, logger: str, **data: object) -> str:
    """One log line of the form that config.logs gives."""
    stamp = clock.now().isoformat().replace("+00:00", "Z")
    return json.dumps(
        {**data, "event": event, "level": level, "logger": logger, "timestamp": stamp}, default=str
    )


def say(event: str, *, level: str = "info", logger: str, **data: object) -> None:
    """Write a log line to standard error, in one piece."""
    sys.stderr.write(log_line(event, level=level, logger=logger, **data) + "\n")
    sys.stderr.flush()


class JsonLines(logging.Formatter):
    """Formats the standard library's log records as our lines."""

    def format(self, record: logging.LogRecord) -> str:
        data = {"exception": self.formatException(record.exc_info)} if record.exc_info else {}
        return log_line(
            record.getMessage(), level=record.levelname.lower(), logger=record.name, **data
        )


# For granian, which configures its own loggers in each of its processes.
GRANIAN_LOGS: dict[str, object] = {
    "formatters": {"lines": {"()": "levelhead.runtime.log_lines.JsonLines"}},
    "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "loggers": {"_granian": {"handlers": ["lines"], "propagate": False}},
}
