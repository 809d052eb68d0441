"""One log line per unit of work, and nobody's personal data in any of them (contract 8, 14.1).

Three belts: an error is logged as its class and the lines it passed, never its text or variables; a
line holds only keys that were declared; and whatever looks like a national number, a phone or an
e-mail in the finished line is masked and counted, and a count is a bug. Lines of other libraries go
the same way, and of them only what their authors wrote passes, not what they put into it.
"""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from collections import Counter as Counts
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Literal, TextIO

import structlog

from services.runtime import metrics

EventDict = MutableMapping[str, Any]

_FRAMES = 8
_LONGEST_TEXT = 300
FOREIGN_SECONDS = 10.0
_OURS = ("services.", "schemas.", "__main__")
_ROOT = Path(__file__).resolve().parents[2]

_declared = {
    # what the chain itself adds
    "event", "level", "logger", "timestamp", "dropped_keys",
    "error", "error_chain", "sqlstate", "constraint", "frames", "template", "where",
    # what the runtime logs
    "attempt", "check", "checks", "count", "exit_code", "group", "host", "job", "loop", "offset",
    "partition", "port", "reason", "records", "repeats", "seconds", "service", "signal", "topic",
    "topics", "weakness",
}  # fmt: skip

_PERSONAL = re.compile(
    # a national number; not part of a longer number nor of a uuid
    r"(?<![0-9A-Za-z])\d{6}[ .-]?\d{5}(?![0-9A-Za-z])"
    r"|[^\s\"'<>@=,;]+@[^\s\"'<>@,;]+\.[A-Za-z]{2,}"
    r"|(?:\+[1-9](?:[ -]?\d){7,14}|(?<![\w-])00[1-9](?: ?\d){7,14})(?![\w-])"
    # a Norwegian mobile number as text, and not the first part of a uuid; a bare number after "key": or key= is a count
    r"|(?<![\w.:=+-])(?<!: )[49]\d{2} ?\d{2} ?\d{3}(?![\w.-])"
)


def declare_log_keys(*keys: str) -> None:
    """Let these keys appear in log lines: for opaque ids, kinds, classes, counts and durations only."""
    _declared.update(keys)


def error_fields(error: BaseException) -> dict[str, Any]:
    """An exception as fields that are safe to log: classes, SQLSTATE, constraint, file:line.

    Never its text, its arguments or any variable. Pass as `log.warning("…", **error_fields(error))`.
    """
    fields: dict[str, Any] = {"error": type(error).__name__, "frames": _frames(error)}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        fields["error_chain"] = type(cause).__name__
    for field, attribute in (("sqlstate", "sqlstate"), ("constraint", "constraint_name")):
        value = getattr(error, attribute, None)
        if isinstance(value, str):
            fields[field] = value
    return fields


def configure_logs(
    level: str, form: Literal["json", "console"], stream: TextIO | None = None
) -> None:
    """Send every log line of the process through this module, to stderr where no stream is given.

    `level` is for our own lines; other libraries' pass from WARNING up, so that "DEBUG" cannot make
    a Kafka client print its keys.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_foreign, structlog.stdlib.add_log_level, _logger_name],
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_exceptions,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _only_declared,
            renderer,
            _last_line,
        ],
        use_get_message=False,
        pass_foreign_args=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(_Wanted())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        # Loggers are made at import, long before this is called.
        cache_logger_on_first_use=False,
    )


def mask(text: str) -> str:
    """`text` with everything that looks like personal data replaced by ***, each place counted."""
    masked, places = _PERSONAL.subn("***", text)
    if places:
        metrics.LOG_MASKED.inc(places)
    return masked


class _Wanted(logging.Filter):
    """Our own lines; of other libraries' those from WARNING up, each place's once in a while.

    While a broker is away aiokafka says so some ten times a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said_at: dict[tuple[str, int], float] = {}
        self._repeats: Counts[tuple[str, int]] = Counts()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith(_OURS):
            return True
        if record.levelno < logging.WARNING:
            return False
        place, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._said_at.get(place, -FOREIGN_SECONDS) < FOREIGN_SECONDS:
            self._repeats[place] += 1
            return False
        self._said_at[place] = now
        record.repeats = self._repeats.pop(place, 0)
        return True


def _foreign(_: object, __: str, event: EventDict) -> EventDict:
    """A line of another library: its place, and its template where it put values into one.

    A text without values may be an f-string, and then has them inside.
    """
    record: logging.LogRecord = event["_record"]
    fields: EventDict = {
        key: value for key, value in event.items() if key in {"_record", "_from_structlog"}
    }
    fields["event"] = "library.said"
    fields["where"] = f"{record.module}:{record.lineno}"
    if event.get("positional_args") and isinstance(record.msg, str):
        fields["template"] = record.msg
    if repeats := getattr(record, "repeats", 0):
        fields["repeats"] = repeats
    if event.get("exc_info"):
        fields["exc_info"] = event["exc_info"]
    return fields


def _logger_name(_: object, __: str, event: EventDict) -> EventDict:
    event["logger"] = event["_record"].name
    return event


def _without_exceptions(_: object, __: str, event: EventDict) -> EventDict:
    error = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event.update(error_fields(error))
    return event


def _only_declared(_: object, __: str, event: EventDict) -> EventDict:
    fields = {key: _plain(value) for key, value in event.items() if key in _declared}
    if unknown := sorted(event.keys() - _declared):
        metrics.LOG_KEYS_DROPPED.inc(len(unknown))
        fields["dropped_keys"] = unknown
    return fields


def _last_line(_: object, __: str, line: object) -> str:
    return mask(str(line))


def _plain(value: object) -> object:
    """What a line may hold: numbers, short texts and lists of them; of anything else its class."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    if type(value).__name__ in {"UUID", "datetime", "date"}:
        return str(value)
    if isinstance(value, Mapping):
        return type(value).__name__
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return [_plain(part) for part in value]
    return type(value).__name__


def _frames(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{_short(frame.filename)}:{frame.lineno}" for frame in frames]


def _short(filename: str) -> str:
    """Relative to the distribution or to site-packages: no path of the machine."""
    _, separator, inside = filename.rpartition("site-packages/")
    if separator:
        return inside
    path = Path(filename)
    return str(path.relative_to(_ROOT)) if path.is_relative_to(_ROOT) else path.name
