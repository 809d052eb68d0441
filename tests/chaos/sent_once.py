"""Compares what stands on Kafka with what is owed: nothing lost, twice, early, or sent to somebody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from schemas.messages import DeadlineDue
from schemas.wire import Envelope, Record, decode
from tests.chaos.people_owed import Person, deliveries_owed, essence
from tests.support.service_processes import Sent, data, header

MESSAGE_TOPICS = (
    "stoppunkt.sms.v1",
    "stoppunkt.email.v1",
    "stoppunkt.letters.v1",
    "stoppunkt.adviser-tasks.v1",
)


def assert_due_once(sent: Sent, due: Sequence[DeadlineDue]) -> None:
    """Each due event under its one id, with what the pure plan says, not before its instant, and no other."""
    left = [_due(record) for record in _first_of_each(sent.on("stoppunkt.deadlines.v1"))]
    assert Counter(map(essence, left)) == Counter(map(essence, due))
    assert all(event.fired_at >= event.due_at for event in left)


def assert_delivered_once(
    sent: Sent, due: Sequence[DeadlineDue], everybody: Iterable[Person]
) -> None:
    """Each delivery under its one id, to the one it is for, and no other."""
    left = _first_of_each(sent.on(*MESSAGE_TOPICS))
    assert {header(record, "ce_id") for record in left} == deliveries_owed(due)
    by_number = {person.number: person for person in everybody}
    addresses: Counter[str] = Counter()
    for event in due:
        person = by_number[event.person_id]
        for recipient in event.recipients:
            addresses[person.phone if recipient.role == "employee" else person.manager_email] += 1
    assert Counter(data(record)["to"] for record in left) == addresses


def _first_of_each(records: Iterable[Record]) -> list[Record]:
    """One record for each id; a repeat is equal to it, byte for byte."""
    by_id: dict[str | None, Record] = {}
    for record in records:
        first = by_id.setdefault(header(record, "ce_id"), record)
        assert (first.key, first.value) == (record.key, record.value), (
            "a repeat differs from the first"
        )
    assert None not in by_id
    return list(by_id.values())


def _due(record: Record) -> DeadlineDue:
    decoded = decode(record)
    assert isinstance(decoded, Envelope) and isinstance(decoded.message, DeadlineDue)
    return decoded.message
