"""Where seeded texts stand in what leaves: nowhere but in the names and addresses that are meant to be there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel

from schemas.wire import Record
from tests.fuzz.generator import MARK

_MARKS = re.compile(rf"{MARK}\d+", re.IGNORECASE)

KEPT_NAMES_AND_ADDRESSES = frozenset({"name", "phone", "email"})
"""The fields of contacts and notes that may hold any text: names and addresses (contract 2)."""


def marks_in(text: str) -> list[str]:
    """The seeded texts in a text, by the number of the record that brought them."""
    return _MARKS.findall(text)


def texts_of(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in a message or a JSON value, with the names that lead to it; keys of objects are texts too."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", by_alias=True)
    elif is_dataclass(value) and not isinstance(value, type):
        # Not asdict: it would not look into the models.
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, dict):
        for name, part in value.items():
            yield (*path, "(a key)"), str(name)
            yield from texts_of(part, (*path, str(name)))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts_of(part, path)
    elif isinstance(value, str):
        yield path, value


def marks_that_leave(record: Record) -> list[str]:
    """Seeded texts in a record of ours that must not be there.

    Meant to be there are an employer's name in a due event and in a task's basis, and the address that an e-mail is
    sent to. A dead letter is the record as it was received; what we add to it begins with `dead_`.
    """
    if record.topic.endswith(".dead") or record.topic.startswith("stoppunkt.dead."):
        added = [value for name, value in record.headers if name.startswith("dead_")]
        return marks_in(b" ".join(added).decode(errors="replace"))
    outside = b" ".join([record.key or b"", *(value for _, value in record.headers)])
    found = marks_in(outside.decode(errors="replace"))
    for path, text in texts_of(json.loads(record.value or b"null")):
        if path[-2:] == ("employers", "name") or path == ("to",):
            continue
        found += marks_in(text)
    return found
