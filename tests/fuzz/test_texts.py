"""Lives of records through the pure domains: no seeded text comes out in an event, a plan, a page or a message."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console

from schemas.messages import DeadlineDue
from schemas.wire import encode
from services.cli.fold import DeadRecord, FoldResult, fold
from services.cli.output.explain_page import page_of
from services.cli.output.plan_json import explanations_of, persons_of
from services.cli.record_files.read import FiledRecord
from services.notifier.domain.decision import Deliver, DueFor, decide, next_delivery
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.recipients import Contacts, Desk, Mailbox, PersonContact
from services.notifier.domain.relevance import Facts, Send
from services.notifier.domain.words.dates import MessageDates
from services.notifier.messages import compose
from services.notifier.ports import KnownEvent
from services.notifier.texts_folder import load_texts
from services.scheduler.explain.as_json import explanation_form
from services.scheduler.rulebook_file import read_rulebook, shipped_names
from tests.fuzz.generator import ORGANISATION, life
from tests.fuzz.marks import marks_in, marks_that_leave
from tests.fuzz.run import RECORDS, SEED, Report

RECORDS_A_LIFE = 20
END = datetime(2026, 12, 31, 12, tzinfo=UTC)
PERSON = b"p" * 32
WORDS = load_texts()
RULEBOOKS = [read_rulebook(name) for name in shipped_names()]
CONTACTS = Contacts(
    person=PersonContact(
        may_be_notified=True,
        phone="+4799999907",
        email="employee@example.invalid",
        language="nn",
        protected=False,
        office="0219",
        birth_date=None,
    ),
    managers={ORGANISATION: Mailbox("manager@example.invalid")},
)


def folded(number: int, dead: list[DeadRecord]) -> FoldResult:
    arrivals = [
        FiledRecord(line, at, record)
        for line, (at, record) in enumerate(life(SEED, number, RECORDS_A_LIFE), start=1)
    ]
    return fold(arrivals, RULEBOOKS[number % len(RULEBOOKS)], END, dead.append)


def deliveries_of(event: DeadlineDue, at: datetime) -> list[Delivery]:
    """To each recipient through every channel, one after the other, as if each had failed."""
    due = DueFor(event, PERSON)
    deliveries: list[Delivery] = []
    for decision in decide(due, CONTACTS, [], at):
        following = decision.delivery if isinstance(decision, Deliver) else None
        while following is not None:
            deliveries.append(following)
            following = next_delivery(due, following, CONTACTS, at)
    return deliveries


def written(event: DeadlineDue, delivery: Delivery, at: datetime) -> list[str]:
    """Seeded texts in the message of one delivery; a letter has its words besides, for whoever prints it."""
    known = KnownEvent(event, PERSON, at, 1)
    facts = Facts(event, CONTACTS, at, "2103")
    send = Send(to="somebody", desks=(Desk("0219", None),))
    outgoing = compose(delivery, known, facts, send, words=WORDS, now=at)
    record = encode(outgoing.message, event_id=delivery.delivery_id, source="urn:test", at=at)
    found = marks_that_leave(record)
    if delivery.channel == "letter":
        letter = WORDS.letter(event.checkpoint, event.step, "nb", MessageDates.of(event, at))
        found += marks_in(f"{letter} {outgoing.notice}")
    return found


def test_no_text_comes_out_of_the_domains() -> None:
    report = Report("plans and words")
    for number in report.numbers(max(RECORDS // RECORDS_A_LIFE, 40)):
        dead: list[DeadRecord] = []
        result = folded(number, dead)
        report.counts["records"] += RECORDS_A_LIFE
        assert not [fault for fault in dead if marks_in(fault.reason)], number
        for at, message in result.simulation.sent:
            record = encode(message, event_id="e", source="urn:test", at=at)
            assert not marks_that_leave(record), (number, message)
            if isinstance(message, DeadlineDue):
                for delivery in deliveries_of(message, at):
                    assert not written(message, delivery, at), (number, message)
                    report.counts["messages"] += 1
            report.counts["events"] += 1
        text = json.dumps(list(persons_of(result)))
        page = io.StringIO()
        console = Console(file=page, width=200)
        for explanation in explanations_of(result, END):
            text += json.dumps(explanation_form(explanation))
            console.print(page_of(explanation))
        assert not marks_in(text + page.getvalue()), number
    report.end(report.counts["records"])
    assert report.counts["events"] > report.counts["records"] // 10


def test_a_text_in_a_field_that_leaves_would_be_found() -> None:
    """The search sees a seeded text in every field but a name of an employer."""
    dead: list[DeadRecord] = []
    sent = [m for number in range(3) for _, m in folded(number, dead).simulation.sent]
    event = next(m for m in sent if isinstance(m, DeadlineDue) and m.case.employers)
    assert marks_in(event.model_dump_json())
    record = encode(event, event_id="e", source="urn:test", at=END)
    assert not marks_that_leave(record)
    assert marks_that_leave(replace(record, key=b"Zqx1"))
    for field in ("checkpoint", "step", "person_id"):
        other = event.model_copy(update={field: "Zqx1 er syk"})
        assert marks_that_leave(encode(other, event_id="e", source="urn:test", at=END))
