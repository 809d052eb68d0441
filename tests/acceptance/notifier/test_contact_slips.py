"""Contacts that are wrong or end ahead, in both services: who is written to, and who never is (contract 6, 14.8)."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.messages import EmailRequested, SmsRequested
from schemas.wire import Envelope, decode
from services.cli.pipeline.departures import Departure
from services.cli.pipeline.pipeline import pipeline
from services.cli.pipeline.settings import settings_for
from services.cli.record_files.read import read_records
from services.scheduler.rulebook_file import read_rulebook
from tests.support.cli_records import KAFE, Scenario
from tests.support.postgres_and_kafka import Parts

RELATIONS = "teamsykmelding.syfo-narmesteleder-leesah"
UNTIL = datetime(2026, 2, 20, tzinfo=UTC)
ORGANISATION = "post@skole.example.invalid"

# Each person has one trouble; made-up national numbers with 80 added to the month.
PEOPLE = {
    "two addresses in one field": "01838012377",
    "a display name": "02838012361",
    "letters beyond ASCII": "03838012356",
    "a phone with 0047": "04838012340",
    "a relation that ends ahead": "05838012335",
    "an employment that ends ahead": "06838012320",
    "an employment that has ended": "07838012314",
    "a free text for a reason": "08838012309",
}


def scenario() -> Scenario:
    troubles = Scenario()
    at = "2026-01-02T08:00:00Z"
    emails = {
        "two addresses in one field": "first@example.invalid, second@example.invalid",
        "a display name": "The Boss <boss@example.invalid>",
        "letters beyond ASCII": "leder@grønnsåpe.example",
        "a phone with 0047": "phone@example.invalid",
        "a free text for a reason": "reason@example.invalid",
    }
    contact = {"org_number": KAFE, "email": ORGANISATION}
    troubles.event(
        at, "stoppunkt.contacts.v1", f"org/{KAFE}", "organisation_contact.changed", contact
    )
    for name, number in PEOPLE.items():
        phone = "0047 999 99 902" if name == "a phone with 0047" else "+4799999901"
        person = {"person_id": number, "may_be_notified": True, "phone": phone, "office": "0219"}
        troubles.event(
            at, "stoppunkt.contacts.v1", f"person/{name}", "person_contact.changed", person
        )
        if name in emails:
            manager = {"person_id": number, "org_number": KAFE, "active": True}
            manager["email"] = emails[name]
            key = f"manager/{name}"
            troubles.event(at, "stoppunkt.contacts.v1", key, "line_manager.changed", manager)
        troubles.note(
            "2026-01-05T09:00:00Z", number, f"note-{number[:2]}", "2026-01-05", "2026-02-28"
        )
    for name, change in {
        "a relation that ends ahead": {"aktivTom": "2026-02-01"},
        "an employment that ends ahead": {
            "aktivTom": "2026-01-30",
            "status": "DEAKTIVERT_ARBEIDSFORHOLD",
        },
        "an employment that has ended": {
            "aktivTom": "2026-01-20",
            "status": "DEAKTIVERT_ARBEIDSFORHOLD",
        },
    }.items():
        troubles.records.append(_relation(name, change))
    exemption = {"checkpoint": "follow_up_plan", "granted_by": "employer"}
    exemption["reason"] = "a bad knee, call 99999901"
    number = PEOPLE["a free text for a reason"]
    troubles.fact("2026-01-20T08:00:00Z", number, "exemption.granted", **exemption)
    troubles.records.sort(key=lambda record: record["at"])
    return troubles


def _relation(name: str, change: dict[str, Any]) -> dict[str, Any]:
    value = {
        "narmesteLederId": f"relation-{PEOPLE[name][:2]}",
        "fnr": PEOPLE[name],
        "orgnummer": KAFE,
        "narmesteLederEpost": f"nl{PEOPLE[name][:2]}@example.invalid",
        "aktivFom": "2024-08-01",
        "timestamp": "2026-01-21T08:00:00Z",
        "status": "NY_LEDER",
    }
    key = value["narmesteLederId"]
    at = "2026-01-21T08:00:00Z"
    return {"at": at, "topic": RELATIONS, "key": key, "headers": {}, "value": value | change}


async def test_who_is_written_to_and_who_never_is(
    tmp_path: Path, database_url: str, parts: Parts, topic_prefix: str
) -> None:
    filed = list(read_records(scenario().file(tmp_path)))
    settings = settings_for(database_url, parts.kafka_bootstrap_servers, topic_prefix=topic_prefix)
    departures: list[Departure] = []
    async with (
        pipeline(settings, read_rulebook("standard"), start=filed[0].at) as driver,
        aclosing(driver.run(filed, until=UNTIL)) as moments,
    ):
        async for moment in moments:
            departures += moment.departures

    emails: dict[str, list[str]] = {}
    phones: set[str] = set()
    for departure in departures:
        decoded = decode(departure.record)
        message = decoded.message if isinstance(decoded, Envelope) else None
        if isinstance(message, EmailRequested):
            emails.setdefault(message.to, []).append(f"{departure.at:%m-%d}")
        if isinstance(message, SmsRequested):
            phones.add(message.to)
    every_step = ["01-26", "01-30", "02-09", "02-16"]
    assert emails == {
        "leder@xn--grnnspe-ixa1o.example": every_step,
        "phone@example.invalid": every_step,
        # The exemption is dead: its reason is a text, and nobody is exempted.
        "reason@example.invalid": every_step,
        "nl05@example.invalid": every_step[:2],
        "nl06@example.invalid": every_step[:2],
        # Two addresses, a display name, and no line manager any more.
        ORGANISATION: sorted(every_step * 2 + every_step[2:]),
    }
    assert phones == {"+4799999901", "+4799999902"}
    (dead,) = (d.record for d in departures if d.record.topic.endswith(".dead"))
    reason = dict(dead.headers)["dead_reason"].decode()
    assert reason.startswith("reason is not a code")
    left = b"".join(
        (departure.record.value or b"") + repr(departure.record.headers).encode()
        for departure in departures
        if departure.record is not dead
    )
    for text in (b"second@", b"boss@", b"The Boss", b"knee"):
        assert text not in left
