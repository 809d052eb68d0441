"""Files of records for the command line's tests: made-up people, written as a publisher would write them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NOTES, FOLLOW_UP, CONTACTS = (
    "stoppunkt.sick-notes.v1",
    "stoppunkt.follow-up.v1",
    "stoppunkt.contacts.v1",
)
# Made-up national numbers: 80 is added to the month.
ANNE, BJORN, CECILIE = "14838511253", "02917920144", "23869033316"
JON_OLD, JON_NEW = "12928610118", "12928618070"
KAFE, SKOLE = "310200107", "310202304"


class Scenario:
    """Records in the order in which they are published; `at` is an instant in UTC, in whole seconds."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def event(
        self, at: str, topic: str, key: str, kind: str, value: object, **members: object
    ) -> Scenario:
        headers = {
            "ce_specversion": "1.0",
            "ce_id": f"test-{len(self.records) + 1}",
            "ce_type": f"no.stoppunkt.{kind}.v1",
            "ce_source": "urn:stoppunkt:test",
            "ce_time": at,
            "content-type": "application/json",
        }
        record = {"at": at, "topic": topic, "key": key, "headers": headers, "value": value}
        self.records.append(record | members)
        return self

    def note(
        self,
        at: str,
        person: str,
        name: str,
        first: str,
        last: str,
        *,
        grade: int | None = None,
        employer: str | None = KAFE,
        **members: object,
    ) -> Scenario:
        kind = {"kind": "full"} if grade is None else {"kind": "graded", "grade": grade}
        value = {
            "note_id": name,
            "person_id": person,
            "employer": {"org_number": employer, "name": "SYNTETISK"} if employer else None,
            "form": "digital",
            "issued_on": at[:10],
            "periods": [{"from": first, "to": last, **kind}],
            "self_certified_days": [],
        }
        return self.event(at, NOTES, name, "sick_note.registered", value, **members)

    def gone(self, at: str, name: str, **members: object) -> Scenario:
        self.records.append({"at": at, "topic": NOTES, "key": name, "value": None} | members)
        return self

    def fact(self, at: str, person: str, kind: str, **value: object) -> Scenario:
        known = {"person_id": person, "occurred_at": at}
        return self.event(at, FOLLOW_UP, f"key-{person[-3:]}", kind, known | value)

    def renumbered(self, at: str, old: str, new: str) -> Scenario:
        value = {"old_person_id": old, "new_person_id": new, "occurred_at": at}
        return self.event(at, FOLLOW_UP, "key-renumbered", "person.renumbered", value)

    def contact(self, at: str, person: str, office: str = "0219") -> Scenario:
        value = {
            "person_id": person,
            "may_be_notified": True,
            "phone": "+4799999901",
            "email": "employee@example.invalid",
            "language": "en",
            "protected": False,
            "office": office,
        }
        return self.event(at, CONTACTS, "person/x", "person_contact.changed", value)

    def manager(self, at: str, person: str, org_number: str = KAFE) -> Scenario:
        value = {
            "person_id": person,
            "org_number": org_number,
            "email": "manager@example.invalid",
            "active": True,
        }
        return self.event(at, CONTACTS, "manager/x", "line_manager.changed", value)

    def dead(self, at: str, person: str) -> Scenario:
        """A note whose period ends before it begins."""
        return self.note(at, person, f"dead-{len(self.records)}", "2026-02-10", "2026-02-01")

    def file(self, folder: Path, name: str = "records.ndjson") -> Path:
        return write(folder / name, self.records)


def write(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def troubled() -> Scenario:
    """Everything at once: late, repeated, withdrawn, moved, renumbered, several of one instant, two employers."""
    scenario = Scenario()
    scenario.contact("2026-01-02T08:00:00Z", ANNE).manager("2026-01-02T08:00:00Z", ANNE)
    scenario.note("2026-01-05T09:00:00Z", ANNE, "a1", "2026-01-05", "2026-02-15")
    # A backdated note, published when its reminder was due long ago.
    scenario.note("2026-02-12T09:00:00Z", BJORN, "b1", "2026-01-12", "2026-03-01", employer=SKOLE)
    # At the very instant of a due timer: the plan is shared and the reminder must not fire.
    scenario.note("2026-01-12T08:00:00Z", CECILIE, "c1", "2026-01-12", "2026-04-30")
    scenario.fact(
        "2026-02-02T08:00:00Z",
        CECILIE,
        "follow_up_plan.shared",
        org_number=KAFE,
        made_on="2026-02-02",
        shared_with="office",
        shared_on="2026-02-02",
    )
    # A note is withdrawn and comes back within the quarter of an hour for which its withdrawal is held; later for good.
    scenario.gone("2026-02-10T10:00:00Z", "a1")
    scenario.note("2026-02-10T10:10:00Z", ANNE, "a1", "2026-01-05", "2026-02-15")
    scenario.note("2026-02-13T10:00:00Z", ANNE, "a2", "2026-02-16", "2026-03-29", employer=SKOLE)
    scenario.note("2026-02-13T10:00:00Z", ANNE, "a3", "2026-02-16", "2026-06-28", grade=60)
    scenario.gone("2026-03-20T10:00:00Z", "b1")
    # A number changes while notes stand by both.
    scenario.note("2026-01-19T10:00:00Z", JON_OLD, "j1", "2026-01-19", "2026-03-01")
    scenario.renumbered("2026-02-20T07:00:00Z", JON_OLD, JON_NEW)
    scenario.note("2026-02-27T07:00:00Z", JON_NEW, "j2", "2026-03-02", "2026-04-26")
    scenario.fact("2026-03-30T06:00:00Z", JON_OLD, "person.died", on="2026-03-29")
    scenario.fact(
        "2026-04-21T12:00:00Z",
        ANNE,
        "meeting_need.answered",
        party="employee",
        wants_meeting=True,
        justified=False,
    )
    scenario.fact("2026-05-04T07:00:00Z", ANNE, "work.resumed", **{"from": "2026-05-11"})
    # A repeat changes nothing, and an older version that comes late does not stand.
    scenario.records.append(scenario.records[2] | {"at": "2026-04-01T09:00:00Z"})
    scenario.note(
        "2026-04-02T09:00:00Z",
        CECILIE,
        "c1",
        "2026-01-12",
        "2026-12-31",
        timestamp_ms=1_700_000_000_000,
    )
    return scenario
