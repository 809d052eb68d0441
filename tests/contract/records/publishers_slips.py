"""What publishers of sick notes, facts and contacts have sent by mistake, and what `check` has to say to each.

Made-up people. Every slip is a change of a record that is right.
"""

from __future__ import annotations

import base64
import copy
import json
from typing import Any, Literal, NamedTuple

NOTES, FACTS, CONTACTS = (
    f"stoppunkt.{name}.v1" for name in ("sick-notes", "follow-up", "contacts")
)
PERSON = "23896798104"


class Slip(NamedTuple):
    """A record as a file has it, its verdict, and words that the reason has to hold (None: there is no reason)."""

    name: str
    members: dict[str, Any]
    verdict: Literal["accepted", "ignored", "dead"]
    says: str | None


def headers(kind: str, **others: str) -> dict[str, str]:
    attributes = {"ce_specversion": "1.0", "ce_id": "slip", "ce_source": "urn:example:slips"}
    return attributes | {"ce_type": f"no.stoppunkt.{kind}.v1"} | others


def note(*, key: str | None = "a-note", heads: object = None, **changes: Any) -> dict[str, Any]:
    value = {
        "note_id": "a-note",
        "person_id": PERSON,
        "employer": {"org_number": "310201307"},
        "form": "digital",
        "issued_on": "2026-02-02",
        "periods": [{"from": "2026-02-02", "to": "2026-02-22", "kind": "full"}],
    }
    heads = headers("sick_note.registered") if heads is None else heads
    return {"topic": NOTES, "key": key, "headers": heads, "value": value | changes}


def bytes_for_a_note(value: bytes) -> dict[str, Any]:
    members = note() | {"value_base64": base64.b64encode(value).decode()}
    del members["value"]
    return members


def fact(kind: str, *, key: str = "p", **value: Any) -> dict[str, Any]:
    common = {"person_id": PERSON, "occurred_at": "2026-02-20T10:00:00+01:00"}
    return {"topic": FACTS, "key": key, "headers": headers(kind), "value": common | value}


def contact(**value: Any) -> dict[str, Any]:
    common = {"person_id": PERSON, "may_be_notified": True}
    kind = headers("person_contact.changed")
    return {"topic": CONTACTS, "key": "person/p", "headers": kind, "value": common | value}


def period(**changes: Any) -> dict[str, Any]:
    return note(
        periods=[
            {"from": "2026-02-02", "to": "2026-02-22", "kind": "graded", "grade": 50} | changes
        ]
    )


def renamed(change: Any) -> dict[str, Any]:
    """A note whose headers have other names."""
    return note(heads={change(name): value for name, value in note()["headers"].items()})


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


RIGHT = note()
TEXT = json.dumps(RIGHT["value"])
_PLAN = {"org_number": "310201307", "made_on": "2026-02-20"}
_EXEMPTION = {"checkpoint": "dialogue_meeting_2", "reason": "medical", "granted_by": "adviser"}
_STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
_EVENT = {"specversion": "1.0", "id": "1", "type": "no.stoppunkt.sick_note.registered.v1"}
_CAMEL = {"value": {_camel(name): value for name, value in RIGHT["value"].items()}}

SLIPS = [
    Slip("right", RIGHT, "accepted", None),
    # the envelope
    Slip(
        "structured mode",
        note(heads=_STRUCTURED) | {"value": _EVENT | {"data": RIGHT["value"]}},
        "dead",
        "structured mode",
    ),
    Slip(
        "no prefix",
        renamed(lambda name: name.removeprefix("ce_")),
        "dead",
        "stands under another name",
    ),
    Slip(
        "as in HTTP",
        renamed(lambda name: name.replace("_", "-")),
        "dead",
        "stands under another name",
    ),
    Slip("capitals", renamed(str.upper), "dead", "lower case"),
    Slip("no headers", note(heads={}), "dead", "ce_specversion is missing"),
    Slip(
        "an id that is no text",
        note(heads=headers("sick_note.registered", ce_id="a\x00b")),
        "dead",
        "ce_id is not text",
    ),
    Slip(
        "an old specversion",
        note(heads=headers("sick_note.registered", ce_specversion="0.3")),
        "dead",
        "not 1.0",
    ),
    Slip(
        "a type without its prefix",
        note(heads=headers("", ce_type="sick_note.registered.v1")),
        "dead",
        "types are written no.stoppunkt.",
    ),
    Slip(
        "a type without its version",
        note(heads=headers("", ce_type="no.stoppunkt.sick_note.registered")),
        "dead",
        "types are written no.stoppunkt.",
    ),
    Slip(
        "a later version",
        note(heads=headers("", ce_type="no.stoppunkt.sick_note.registered.v2")),
        "dead",
        "version 1 is",
    ),
    Slip(
        "another topic's type",
        note(heads=headers("follow_up_plan.made")),
        "dead",
        "one of the topic stoppunkt.follow-up.v1",
    ),
    Slip("the person as the key", note(key=PERSON), "dead", "key is not the note_id"),
    Slip("no key", note(key=None), "dead", "key is missing"),
    Slip("a number in a header", note(heads={"ce_id": 1}), "dead", "header's value is not text"),
    # the value as a whole
    Slip("no JSON", bytes_for_a_note(b"<note/>"), "dead", "not valid JSON"),
    Slip("a comma too many", bytes_for_a_note(b'{"note_id":"a-note",}'), "dead", "not valid JSON"),
    Slip("latin-1", bytes_for_a_note('{"note_id":"ø"}'.encode("latin-1")), "dead", "UTF-8"),
    Slip(
        "a byte order mark", bytes_for_a_note(TEXT.encode("utf-8-sig")), "dead", "byte order mark"
    ),
    Slip("UTF-16", bytes_for_a_note(TEXT.encode("utf-16")), "dead", "UTF-8"),
    Slip(
        "framed as Avro", bytes_for_a_note(b"\0\0\0\0\1" + TEXT.encode()), "dead", "not valid JSON"
    ),
    Slip("encoded twice", RIGHT | {"value": TEXT}, "dead", "encoded twice"),
    Slip("empty", bytes_for_a_note(b""), "dead", "empty; to withdraw a note it must be null"),
    Slip("a list of notes", RIGHT | {"value": [RIGHT["value"]]}, "dead", "holds one message"),
    Slip("camel case", RIGHT | _CAMEL, "dead", "written with underscores"),
    # fields
    Slip("a field that is unknown", note(doctor="x"), "accepted", None),
    Slip("ends before it begins", period(to="2026-01-02"), "dead", "ends before it begins"),
    Slip("no grade", period(grade=None), "dead", "needs a grade from 1 to 99"),
    Slip("a grade of 100", period(grade=100), "dead", "needs a grade from 1 to 99"),
    Slip("a grade of 0", period(grade=0), "dead", "needs a grade from 1 to 99"),
    Slip("a grade as text", period(grade="50"), "dead", "grade is not a whole number"),
    Slip("a whole grade with a point", period(grade=50.0), "accepted", None),
    Slip("full and 100", period(kind="full", grade=100), "accepted", None),
    Slip("no period", note(periods=[]), "dead", "no period"),
    Slip("a long period", period(to="2027-04-01"), "dead", "over 400 days long"),
    Slip("a year too many", period(to="2126-02-22"), "dead", "between the years 1950 and 2100"),
    Slip(
        "a date with a time",
        note(issued_on="2026-02-02T00:00:00Z"),
        "dead",
        "issued_on is not a date",
    ),
    Slip(
        "a date as Norway writes it",
        note(issued_on="02.02.2026"),
        "dead",
        "issued_on is not a date",
    ),
    Slip("30 February", note(issued_on="2026-02-30"), "dead", "not a date in the calendar"),
    Slip("a number of a person", note(person_id=23896798104), "dead", "person_id is not text"),
    Slip("no employer", note(employer=None), "accepted", None),
    Slip("an employer without number", note(employer={}), "dead", "employer.org_number is missing"),
    Slip(
        "a number of an employer", note(employer={"org_number": 310201307}), "dead", "is not text"
    ),
    Slip("another form", note(form="electronic"), "dead", "form is not one of the values"),
    # facts, contacts, null values, topics
    Slip("a plan", fact("follow_up_plan.made", **_PLAN), "accepted", None),
    Slip(
        "a plan without employer",
        fact("follow_up_plan.made", made_on="2026-02-20"),
        "dead",
        "org_number is missing",
    ),
    Slip(
        "no zone",
        fact("follow_up_plan.made", **_PLAN, occurred_at="2026-02-20T10:00:00"),
        "dead",
        "occurred_at has no time zone",
    ),
    Slip(
        "a national number as key",
        fact("follow_up_plan.made", key=PERSON, **_PLAN),
        "accepted",
        "Warning: the key is a national number",
    ),
    Slip(
        "an unknown checkpoint",
        fact("exemption.granted", **_EXEMPTION | {"checkpoint": "dialog_meeting_2"}),
        "accepted",
        "Warning: no shipped rulebook has this checkpoint",
    ),
    Slip(
        "a text for a reason",
        fact("exemption.granted", **_EXEMPTION | {"reason": "Bad back, call 90000007"}),
        "dead",
        "reason is not a code",
    ),
    Slip(
        "a fourth meeting",
        fact("dialogue_meeting.held", meeting=4, meeting_id="m"),
        "dead",
        "meeting is not one of the values",
    ),
    Slip("a phone with blanks", contact(phone="90 00 00 07"), "accepted", None),
    Slip("another language", contact(language="no"), "dead", "language is not one of the values"),
    Slip("null among notes", note(heads={}) | {"value": None}, "accepted", None),
    Slip("null without a key", note(key=None) | {"value": None}, "dead", "key is not a note_id"),
    Slip("null among facts", fact("work.resumed") | {"value": None}, "dead", "value is null"),
    Slip("null among contacts", contact() | {"value": None}, "ignored", "value says nothing"),
    Slip(
        "a topic nearly right",
        RIGHT | {"topic": "stoppunkt.sick-note.v1"},
        "ignored",
        "Warning: stoppunkt.sick-notes.v1 is read",
    ),
    Slip("another team's topic", RIGHT | {"topic": "orders"}, "ignored", "This topic is not read."),
    Slip(
        "on a topic of ours",
        RIGHT | {"topic": "stoppunkt.deadlines.v1"},
        "dead",
        "and not of this one",
    ),
    Slip(
        "a timestamp in the far future",
        RIGHT | {"timestamp_ms": 4_000_000_000_000},
        "accepted",
        "Warning: the record's timestamp lies far in the future",
    ),
]


def lines() -> list[str]:
    """The slips as a file has them, one record a line."""
    return [json.dumps(copy.deepcopy(slip.members)) for slip in SLIPS]
