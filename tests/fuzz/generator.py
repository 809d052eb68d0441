"""Records of every kind, right and mutated, and whole lives of records: each follows from a seed and its number.

A mutation puts a strange value, or a *seeded text* that must come out nowhere, into a value, a header or a key; or it
breaks the bytes. Python's own generator and not Hypothesis: 200 000 records have to be quick, and a failure names the
number that brings it back.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from schemas.inbound import AVRO_TOPICS, CANONICAL_TOPICS, JSON_TOPICS
from schemas.messages import KINDS
from schemas.nav.avro import MAGIC
from schemas.wire import Record, event_headers
from services.notifier.channels.minside_receipts import TOPIC as MIN_SIDE
from tests.contract.records import golden_messages, nav_examples
from tests.contract.records.schema_agreement import FIELDS, STRANGE_VALUES

MARK = "Zqx"
"""How every seeded text begins; its number follows. No record that is right holds it."""
_TEXTS = (
    *("har vondt i kneet", "ring 99999907", "sjuk på ryggen", "ill <b>", "er\nsjuk", "\u202e(ill)"),
)
_START = datetime(2026, 1, 5, 7, tzinfo=UTC)
_LIFE_DAYS = 230
_TOPICS = (*CANONICAL_TOPICS, *JSON_TOPICS, *AVRO_TOPICS, MIN_SIDE, "another.topic", "")
_NAMES = sorted(KINDS)
ORGANISATION, OTHER_ORGANISATION = golden_messages.ORG, "310201200"


def seeded_text(chance: random.Random, number: int) -> str:
    """A text that no field of a fact may hold, and that tells which record brought it."""
    return f"{MARK}{number} {chance.choice(_TEXTS)}"


def chance_of(seed: str, number: int) -> random.Random:
    """The same for the same seed and number, on every machine."""
    return random.Random(f"{seed}/{number}")  # noqa: S311 - to be repeated, not to be secret


def record(seed: str, number: int) -> Record:
    """The record of that number: of our own topics, of NAV's, or bytes that are hardly any."""
    chance = chance_of(seed, number)
    make = chance.choice((_canonical, _canonical, _canonical, _of_nav, _of_nav, _of_bytes))
    changed = _with_other_envelope(chance, make(chance, number), number)
    return _with_other_bytes(chance, changed) if chance.random() < 0.1 else changed


def value_of_kind(seed: str, number: int) -> tuple[str, Any]:
    """A kind of message, and the golden value of it with up to three mutations."""
    chance = chance_of(seed, number)
    name = chance.choice(_NAMES)
    value = json.loads(_golden(name).value or b"")
    for _ in range(chance.randrange(4)):
        mutate(chance, value, number)
    return name, value


@cache
def _golden(name: str) -> Record:
    return golden_messages.record_of(golden_messages.BY_NAME[name])


@cache
def _example(name: str) -> dict[str, Any]:
    return nav_examples.members_of(name)


def mutate(chance: random.Random, value: Any, number: int) -> None:
    """One field of the value, at any depth, is replaced, removed, renamed, added or repeated."""
    spot = value
    while isinstance(spot, dict | list) and spot:
        steps: Sequence[Any] = sorted(spot) if isinstance(spot, dict) else range(len(spot))
        step = chance.choice(steps)
        if isinstance(spot[step], dict | list) and spot[step] and chance.random() < 0.6:
            spot = spot[step]
            continue
        act = chance.random()
        if act < 0.7:
            spot[step] = _strange(chance, number)
        elif act < 0.8:
            del spot[step]
        elif isinstance(spot, list):
            spot += [copy.deepcopy(spot[step])] * chance.choice((1, 3, 120))
        elif act < 0.9:
            spot[chance.choice(FIELDS)] = spot.pop(step)
        else:
            spot[chance.choice(FIELDS)] = _strange(chance, number)
        break


def _strange(chance: random.Random, number: int) -> Any:
    kind = chance.random()
    if kind < 0.4:
        return seeded_text(chance, number)
    if kind < 0.8:
        return copy.deepcopy(chance.choice(STRANGE_VALUES))
    if kind < 0.9:
        return "".join(
            chr(chance.choice((33, 200, 8_000, 66_000)) + chance.randrange(900)) for _ in range(9)
        )
    return chance.choice((chance.randrange(-(10**12), 10**12), chance.random() * 1e6))


def _canonical(chance: random.Random, number: int) -> Record:
    name = chance.choice(_NAMES)
    golden = _golden(name)
    value = json.loads(golden.value or b"")
    for _ in range(chance.randrange(4)):
        mutate(chance, value, number)
    note_id = value.get("note_id") if isinstance(value, dict) else None
    key = note_id.encode(errors="replace") if isinstance(note_id, str) else golden.key
    return replace(golden, key=key, value=json.dumps(value).encode())


def _of_nav(chance: random.Random, number: int) -> Record:
    members = _example(chance.choice(nav_examples.NAMES))
    value = copy.deepcopy(members["value"]) if "value" in members else None
    for _ in range(chance.randrange(4) if isinstance(value, dict) else 0):
        mutate(chance, value, number)
    key = (members.get("key") or "").encode() or None
    example = Record(members["topic"], key, None)
    return example if value is None else nav_examples.with_value(example, value)


def _of_bytes(chance: random.Random, number: int) -> Record:
    data = chance.randbytes(chance.randrange(120))
    topic = chance.choice(_TOPICS)
    if topic in AVRO_TOPICS and chance.random() < 0.7:
        data = MAGIC + data
    elif topic == MIN_SIDE:
        data = json.dumps(
            {"@event_name": "eksternStatusOppdatert", "status": "feilet"}
            | {
                field: _strange(chance, number)
                for field in ("varselId", "tidspunkt", "feilmelding")
            }
        ).encode()
    return Record(
        topic,
        chance.choice((None, b"", chance.randbytes(8))),
        data,
        _golden("person.died.v1").headers,
    )


def _with_other_envelope(chance: random.Random, original: Record, number: int) -> Record:
    act = chance.random()
    text = seeded_text(chance, number).encode()
    if act < 0.8:
        return original
    if act < 0.85:
        return replace(original, key=text)
    if act < 0.9 or not original.headers:
        return replace(
            original,
            headers=(*original.headers, (chance.choice(("x", "ce_id", text.decode())), text)),
        )
    position = chance.randrange(len(original.headers))
    name, value = original.headers[position]
    other = chance.choice(
        (
            [],
            [(name.upper(), value)],
            [(name, text)],
            [(name, chance.randbytes(5))],
            [(name, value)] * 2,
        )
    )
    return replace(
        original, headers=(*original.headers[:position], *other, *original.headers[position + 1 :])
    )


def _with_other_bytes(chance: random.Random, original: Record) -> Record:
    value = original.value or b""
    at = chance.randrange(len(value) + 1)
    breaks: tuple[Callable[[], bytes], ...] = (
        lambda: value[:at],
        lambda: value[:at] + chance.randbytes(1) + value[at + 1 :],
        lambda: value + value,
        lambda: b"\xef\xbb\xbf" + value,
        lambda: value.decode("latin-1").encode("utf-16"),
        lambda: b"[" * 3_000,
        lambda: b"null",
    )
    return replace(
        original, value=chance.choice(breaks)(), timestamp_ms=chance.choice((0, -1, 2**62))
    )


# --- lives ------------------------------------------------------------------------------------------------


def life(seed: str, number: int, records: int = 20) -> list[tuple[datetime, Record]]:
    """What is published about one made-up person in half a year: contacts, notes, facts; some of it mutated."""
    chance = chance_of(seed, number)
    person = f"{chance.randrange(1, 29):02}{chance.randrange(81, 93)}{number % 10**7:07}"
    first = [_note(chance, person, number, 0), *_contacts(person, number)]
    others = [_later(chance, person, number, index) for index in range(1, records - len(first) + 1)]
    arrivals: list[tuple[datetime, Record]] = []
    for index, (topic, kind, key, draft) in enumerate([*first, *others]):
        at = _START + timedelta(
            days=chance.randrange(_LIFE_DAYS) if index >= len(first) else 0, hours=index % 9
        )
        value = copy.deepcopy(draft)
        if "occurred_at" in value:
            value["occurred_at"] = at.isoformat()
        if index and chance.random() < 0.4:
            mutate(chance, value, number)
        headers = (
            event_headers(
                f"no.stoppunkt.{kind}.v1",
                event_id=f"{number}-{index}",
                source="urn:example:fuzz",
                at=at,
            )
            if kind
            else ()
        )
        original = Record(topic, key.encode(), json.dumps(value).encode(), headers)
        if index and chance.random() < 0.1:
            original = _with_other_envelope(chance, original, number)
        stamp = int(at.timestamp() * 1000)
        arrivals.append((at, replace(original, timestamp_ms=stamp, offset=number * 100 + index)))
    return sorted(arrivals, key=lambda pair: pair[0])


_Draft = tuple[str, str, str, dict[str, Any]]


def _note(chance: random.Random, person: str, number: int, index: int) -> _Draft:
    first = _START.date() + timedelta(days=chance.randrange(0, 40) * min(index, 1))
    value = {
        "note_id": f"note-{number}-{index}",
        "person_id": person,
        "employer": {
            "org_number": chance.choice((ORGANISATION, OTHER_ORGANISATION)),
            "name": f"{MARK}{number} Kafé, Oslo",
        },
        "form": "digital",
        "issued_on": str(first),
        "periods": [
            {
                "from": str(first),
                "to": str(first + timedelta(days=chance.choice((60, 210)))),
                "kind": "full",
            }
        ],
    }
    return "stoppunkt.sick-notes.v1", "sick_note.registered", str(value["note_id"]), value


def _contacts(person: str, number: int) -> list[_Draft]:
    topic = "stoppunkt.contacts.v1"
    known = {"person_id": person, "may_be_notified": True, "phone": "+4799999907", "office": "0219"}
    manager = {"person_id": person, "org_number": ORGANISATION, "active": True}
    manager |= {
        "name": f"{MARK}{number} Leder, Kari",
        "email": f"{MARK.lower()}{number}@example.invalid",
    }
    return [
        (topic, "person_contact.changed", "person/p", known),
        (topic, "line_manager.changed", "manager/m", manager),
    ]


_FACTS = sorted(
    name.removesuffix(".v1")
    for name, message in golden_messages.BY_NAME.items()
    if message.topic == "stoppunkt.follow-up.v1" and name != "person.renumbered.v1"
)
_NAV = sorted(
    name
    for name in nav_examples.GOOD
    if _example(name)["topic"] in JSON_TOPICS and isinstance(_example(name).get("value"), dict)
)


def _later(chance: random.Random, person: str, number: int, index: int) -> _Draft:
    act = chance.random()
    if act < 0.15:
        return _note(chance, person, number, index)
    if act < 0.3:
        members = _example(chance.choice(_NAV))
        text = json.dumps(members["value"])
        for old in nav_examples.persons_in(members["value"]):
            text = text.replace(old, person)
        return members["topic"], "", members["key"], json.loads(text)
    kind = chance.choice(_FACTS)
    if kind in ("person.died", "work.resumed") and chance.random() < 0.8:
        kind = "exemption.granted"
    value = json.loads(_golden(f"{kind}.v1").value or b"") | {"person_id": person}
    return "stoppunkt.follow-up.v1", kind, "chosen", value
