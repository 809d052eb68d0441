"""Each of NAV's topics is declared once, in the file of schemas/nav that knows its format."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from importlib.resources import files
from pkgutil import iter_modules

import schemas.nav
from schemas.inbound import (
    AVRO_TOPICS,
    CANONICAL_TOPICS,
    NAV_TOPICS,
    NOTIFIER_TOPICS,
    SCHEDULER_TOPICS,
)
from services.scheduler.domain.facts import intake

TOPIC_FILES = [
    module.name for module in iter_modules(schemas.nav.__path__, "schemas.nav.") if not module.ispkg
]


def test_the_topics_of_every_file_are_read() -> None:
    declared = {file: import_module(file).TOPICS for file in TOPIC_FILES}
    forgotten = [
        file for file, topics in declared.items() if not topics or not {*topics} <= {*NAV_TOPICS}
    ]
    assert forgotten == []
    assert len(NAV_TOPICS) == sum(len(topics) for topics in declared.values())


def test_no_topic_is_declared_twice() -> None:
    names = Counter([*CANONICAL_TOPICS, *(topic.name for topic in NAV_TOPICS)])
    assert [name for name, times in names.items() if times > 1] == []


def test_every_topic_is_read_by_the_service_that_its_content_concerns() -> None:
    for topic in NAV_TOPICS:
        assert (topic.name in SCHEDULER_TOPICS) == (topic.content != "line managers")
        assert (topic.name in NOTIFIER_TOPICS) == (topic.content in ("line managers", "numbers"))


def test_every_topic_of_notes_has_a_place_among_the_sources_of_a_note() -> None:
    notes = {topic.name for topic in NAV_TOPICS if topic.content == "notes"}
    assert notes == {*intake._SOURCE_BY_TOPIC} - {*CANONICAL_TOPICS}


def test_every_avro_topic_ships_its_schema_and_no_schema_is_left_over() -> None:
    shipped = {file.name for file in files("schemas.nav.avro").iterdir()}
    assert {name for name in shipped if name.endswith(".avsc")} == {
        f"{name}.avsc" for name in AVRO_TOPICS
    }
