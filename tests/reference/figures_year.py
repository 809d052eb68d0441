"""A generated year of sick leaves for the figures: as plain dicts, which the independent count reads, and as records.

Days are whole numbers, 0 is Wednesday 1 January 2025. An instant is a day and a minute of it on Oslo's clocks, and is
compared as such. An entry has `published` (its Kafka timestamp) and `arrives`, which may be weeks later.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from schemas.wire import Record
from tests.support.scheduler_bench import FACTS, NOTES, event

Dict = dict[str, Any]
CONTACTS = "stoppunkt.contacts.v1"
OFFICES = ["0219", "0220", "0301", "1103", "4601"]
REASONS = ["medical", "hospitalised", "recovery_expected_within_28_weeks", "ongoing_measure"]
REASONS += ["no_such_reason"]
ORGS = ["310200107", "310201200", None]


def number_of(life: int) -> str:
    """A made-up person's number: months above 80 are of nobody."""
    return f"{life % 28 + 1:02}{81 + life % 12}{life:07}"


class Lives:
    """Draws lives one by one; the same seed gives the same lives."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - generates test data

    def life(self, number: int) -> Dict:
        draw = self._random
        start = draw.randrange(-30, 420)
        life: Dict = {"person": number_of(number), "entries": []}
        self._contacts(life, start)
        length = draw.choice([20, 90, 150, 175, 181, 182, 183, 190, 210, 240, 300])
        end = self._leave(life, start, length, tag=f"{number}-a")
        if draw.random() < 0.7:
            self._exemption(life, start)
        if draw.random() < 0.55:
            self._meeting(life, start, f"m-{number}-1")
        if draw.random() < 0.1:
            self._meeting(life, start, f"m-{number}-2")
        if draw.random() < 0.15:
            self._noise(life, start, number)
        if draw.random() < 0.1:
            again = end + draw.choice([10, 15, 16, 17, 18, 40])
            self._leave(life, again, draw.choice([30, 185, 200]), tag=f"{number}-b")
        self._later(life, start, number)
        return life

    def _say(self, life: Dict, day: int, *, late: int | None = None, **entry: Any) -> Dict:
        """Published on that day, and arriving then or days later."""
        draw = self._random
        minute = draw.choice([0, 1, 30, 480, 600, 900, 1410, 1439])
        if late is None:
            late = draw.choice([0] * 12 + [1, 5, 20, 45])
        said = {"published": (day, minute), "arrives": (day + late, minute), **entry}
        said["id"] = f"{life['person'][-7:]}-{len(life['entries'])}"
        life["entries"].append(said)
        return said

    def _contacts(self, life: Dict, start: int) -> None:
        draw = self._random
        if draw.random() < 0.95:
            self._say(life, start - 5, late=0, kind="office", office=draw.choice(OFFICES))
        if draw.random() < 0.08:
            moved_on = start + draw.randrange(20, 260)
            self._say(life, moved_on, kind="office", office=draw.choice([*OFFICES, None]))

    def _leave(self, life: Dict, start: int, length: int, *, tag: str) -> int:
        """Notes one after the other, with a gap now and then; returns the last day."""
        draw = self._random
        org, day = draw.choice(ORGS + ORGS[:1] * 3), start
        while day < start + length:
            last = min(day + draw.choice([13, 29, 59, 89]), start + length - 1)
            if draw.random() < 0.06:
                org = draw.choice(ORGS)
            certified = [day - 1, day - 2] if day == start and draw.random() < 0.2 else []
            note = self._say(
                life,
                day + draw.choice([0, 0, 1, 3]),
                kind="note",
                note_id=f"n-{tag}-{day}",
                employer=org,
                periods=[(day, last, draw.choice(["full"] * 4 + ["graded", "waiting"]))],
                certified=certified,
                issued=day,
            )
            if draw.random() < 0.03:
                back = note["published"][0] + draw.randrange(1, 60)
                self._say(life, back, kind="no_note", note_id=note["note_id"])
            day = last + 1 + (draw.choice([3, 14, 15, 16]) if draw.random() < 0.05 else 0)
        return start + length - 1

    def _meeting(self, life: Dict, start: int, meeting_id: str) -> None:
        draw = self._random
        held_on = start + draw.choice([60, 150, 170, 179, 180, 181, 182, 183, 195])
        about: Dict = {"meeting": 2, "meeting_id": meeting_id}
        self._say(life, held_on - 25, kind="summoned", date=held_on, **about)
        reported = held_on + draw.choice([0, 0, 1, 4, 12, 33])
        named = draw.choice([None, held_on, held_on, held_on + 40])
        if named is None:
            reported = held_on
        held = self._say(life, reported, kind="held", date=named, **about)
        what = draw.random()
        if what < 0.06:
            self._say(life, reported + draw.randrange(1, 50), kind="cancelled", date=None, **about)
        elif what < 0.12:
            self._say(life, reported + draw.randrange(1, 50), kind="held", date=held_on, **about)
        elif what < 0.17:
            later = reported + draw.randrange(1, 50)
            self._say(life, later, kind="withdrawn", named=held["id"])

    def _exemption(self, life: Dict, start: int) -> None:
        draw = self._random
        on = start + draw.choice([112, 120, 150, 180, 181, 182])
        about: Dict = {"checkpoint": "dialogue_meeting_2", "reason": draw.choice(REASONS)}
        about["org"] = draw.choice([None] * 5 + ORGS[:1])
        until = draw.choice([None, None, None, start + 170, start + 181, start + 196])
        granted = self._say(life, on, kind="granted", until=until, **about)
        what = draw.random()
        if what < 0.12:
            revoked_on = on + draw.choice([0, 1, 30, 60])
            self._say(life, revoked_on, kind="revoked", until=None, **about)
        elif what < 0.2:
            another = about | {"reason": draw.choice(REASONS)}
            self._say(life, on + draw.choice([0, 3, 40]), kind="granted", until=None, **another)
        elif what < 0.25:
            self._say(life, on + 10, kind="withdrawn", named=granted["id"])

    def _noise(self, life: Dict, start: int, number: int) -> None:
        """What must count for nothing."""
        draw = self._random
        on = start + draw.randrange(30, 200)
        for meeting in (1, 3):
            about: Dict = {"meeting": meeting, "meeting_id": f"x-{number}-{meeting}"}
            self._say(life, on, kind="held", date=on, **about)
        checkpoint = draw.choice(["dialogue_meeting_1", "dialogue_meeting_2_assessment"])
        exemption: Dict = {"checkpoint": checkpoint, "reason": "medical", "org": None}
        self._say(life, on, kind="granted", until=None, **exemption)

    def _later(self, life: Dict, start: int, number: int) -> None:
        draw = self._random
        what = draw.random()
        on = start + draw.choice([40, 120, 170, 180, 181, 182, 190])
        if what < 0.04:
            died = self._say(
                life, on + draw.choice([0, 3]), kind="died", on=draw.choice([None, on])
            )
            if draw.random() < 0.3:
                self._say(life, died["published"][0] + 2, kind="annulled")
        elif what < 0.09:
            org = draw.choice([None, None, *ORGS[:2]])
            self._say(life, on + draw.choice([-2, 0, 4]), kind="resumed", from_=on, org=org)
        elif what < 0.12:
            new = f"{number % 28 + 1:02}{81 + number % 12}9{number:06}"
            self._say(life, on, kind="renumbered", new=new)


def lives(count: int, seed: int) -> list[Dict]:
    drawing = Lives(seed)
    return [drawing.life(number) for number in range(count)]


def date_of(day: int) -> date:
    return date(2025, 1, 1) + timedelta(days=day)


def instant_of(at: tuple[int, int]) -> datetime:
    """In UTC."""
    day, minute = at
    local = datetime.combine(date_of(day), datetime.min.time(), ZoneInfo("Europe/Oslo"))
    return local.replace(hour=minute // 60, minute=minute % 60).astimezone(UTC)


_FACTS = {
    "summoned": "dialogue_meeting.summoned",
    "held": "dialogue_meeting.held",
    "cancelled": "dialogue_meeting.cancelled",
    "granted": "exemption.granted",
    "revoked": "exemption.revoked",
    "withdrawn": "fact.withdrawn",
    "died": "person.died",
    "annulled": "person.death_annulled",
    "resumed": "work.resumed",
    "renumbered": "person.renumbered",
}


def record_of(life: Dict, entry: Dict) -> Record:
    """The entry as its publisher would write it."""
    at, kind = instant_of(entry["published"]), entry["kind"]
    if kind == "no_note":
        like = event(NOTES, "sick_note.registered", at, entry["note_id"])
        return Record(NOTES, like.key, None, (), like.timestamp_ms, 0, like.offset)
    if kind == "office":
        value = {"person_id": life["person"], "may_be_notified": True, "office": entry["office"]}
        return event(
            CONTACTS, "person_contact.changed", at, "k", protected=False, language="nb", **value
        )
    if kind == "note":
        return event(NOTES, "sick_note.registered", at, entry["note_id"], **_note(life, entry))
    members = {"person_id": life["person"], "occurred_at": at.isoformat()} | _members(life, entry)
    record = event(FACTS, _FACTS[kind], at, "key", **members)
    headers = tuple(
        (name, entry["id"].encode() if name == "ce_id" else value) for name, value in record.headers
    )
    return Record(
        record.topic, record.key, record.value, headers, record.timestamp_ms, 0, record.offset
    )


def _note(life: Dict, entry: Dict) -> Dict:
    return {
        "note_id": entry["note_id"],
        "person_id": life["person"],
        "employer": {"org_number": entry["employer"]} if entry["employer"] else None,
        "form": "digital",
        "issued_on": date_of(entry["issued"]),
        "self_certified_days": [date_of(day) for day in entry["certified"]],
        "periods": [
            {"from": date_of(first), "to": date_of(last), "kind": kind}
            | ({"grade": 50} if kind == "graded" else {})
            for first, last, kind in entry["periods"]
        ],
    }


def _members(life: Dict, entry: Dict) -> Dict:
    day = {key: date_of(entry[key]) for key in ("until", "on") if entry.get(key) is not None}
    match entry["kind"]:
        case "summoned" | "held" | "cancelled":
            takes_place_on = None if entry["date"] is None else date_of(entry["date"])
            named = {key: entry[key] for key in ("meeting", "meeting_id")}
            return named | {"takes_place_on": takes_place_on}
        case "granted" | "revoked":
            named = {key: entry[key] for key in ("checkpoint", "reason")}
            return named | day | {"granted_by": "adviser", "org_number": entry["org"]}
        case "withdrawn":
            return {"fact_id": entry["named"]}
        case "resumed":
            return {"from": date_of(entry["from_"]), "org_number": entry["org"]}
        case "renumbered":
            return {"old_person_id": life["person"], "new_person_id": entry["new"]}
        case _:
            return day
