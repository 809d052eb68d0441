"""How a file of schemas/nav declares the topics whose format it knows.

Each file ends with `TOPICS`, and `schemas.inbound` gathers these: a topic's name, format, content, and with
the content the services that read it, stand nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from schemas.nav.avro import WriterSchemaOf
from schemas.wire import Decoded, Record

Service = Literal["scheduler", "notifier"]
Content = Literal["notes", "follow-up facts", "line managers", "numbers"]

_READ_BY: dict[Content, tuple[Service, ...]] = {
    "notes": ("scheduler",),
    "follow-up facts": ("scheduler",),
    "line managers": ("notifier",),
    # A changed number concerns all that is known of a person, and both services know people.
    "numbers": ("scheduler", "notifier"),
}


@dataclass(frozen=True, slots=True)
class NavTopic:
    """One of NAV's topics: its name without the TOPIC_PREFIX, and what its records are about."""

    name: str
    content: Content

    @property
    def read_by(self) -> tuple[Service, ...]:
        """The services that read the topic."""
        return _READ_BY[self.content]


@dataclass(frozen=True, slots=True)
class JsonTopic(NavTopic):
    """A topic whose values are JSON. `decode` never raises over what a record holds."""

    decode: Callable[[Record], Decoded]


@dataclass(frozen=True, slots=True)
class AvroTopic(NavTopic):
    """A topic whose values are Avro; the file schemas/nav/avro/<name>.avsc holds its schema.

    `decode` takes a registry's schemas, or None for the shipped one, and never raises over what a record
    holds. `has_avro_key`: the key is an Avro string, framed as the value is, and not plain text.
    """

    decode: Callable[[Record, WriterSchemaOf | None], Decoded]
    has_avro_key: bool
