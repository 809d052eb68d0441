"""Log lines as a service writes them, caught in memory."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from services.runtime.logs import configure_logs

# A made-up national number, which no log line may hold: 80 is added to its month.
NATIONAL_ID = "01810099930"


class Lines:
    """The log lines written since `captured_logs` began."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def named(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.all() if line["event"] == event]


@contextmanager
def captured_logs(level: str = "DEBUG") -> Iterator[Lines]:
    """Log as a service does, into memory; afterwards as before."""
    root = logging.getLogger()
    handlers, old_level = root.handlers, root.level
    stream = io.StringIO()
    configure_logs(level, "json", stream)
    try:
        yield Lines(stream)
    finally:
        root.handlers = handlers
        root.setLevel(old_level)
        structlog.reset_defaults()
