"""What is sent: a delivery that may leave, written as the message of its kind. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import assert_never

from schemas.ids import update_id
from schemas.messages import (
    AdviserTaskOpened,
    AdviserTaskUpdated,
    DeadlineDue,
    EmailRequested,
    Language,
    LetterRequested,
    SmsRequested,
    TaskCase,
)
from schemas.norway import oslo_date
from schemas.wire import Record, encode
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.matrix import priority, task_due_on, task_rule
from services.notifier.domain.recipients import Desk
from services.notifier.domain.relevance import Facts, Send
from services.notifier.domain.words.dates import MessageDates
from services.notifier.ports import KnownEvent, Outgoing, Words

SOURCE = "urn:stoppunkt:notifier"
# Where nobody says which language somebody reads. The employee's choice says nothing about the employer's side.
DEFAULT_LANGUAGE: Language = "nb"


def compose(
    delivery: Delivery, known: KnownEvent, facts: Facts, send: Send, *, words: Words, now: datetime
) -> Outgoing:
    """The message of a delivery that was found relevant; its id is the delivery's.

    Raises ValueError where there are no words for it.
    """
    event = known.event
    language = _language(delivery, facts)
    about, dates = (event.checkpoint, event.step), MessageDates.of(event, now)
    message: SmsRequested | EmailRequested | LetterRequested | AdviserTaskOpened
    notice = None
    match delivery.channel:
        case "sms":
            message = SmsRequested(
                delivery_id=delivery.delivery_id,
                to=send.to or "",
                text=words.sms(*about, delivery.role, language, dates),
                not_after=delivery.not_after,
            )
        case "email" | "organisation_email":
            email = words.email(*about, delivery.role, language, dates)
            message = EmailRequested(
                delivery_id=delivery.delivery_id,
                to=send.to or "",
                subject=email.subject,
                text=email.text,
                not_after=delivery.not_after,
            )
            notice = email.notice
        case "letter":
            letter = words.letter(*about, language, dates)
            message = LetterRequested(
                delivery_id=delivery.delivery_id,
                person_id=event.person_id,
                template=words.letter_template(*about),
                language=language,
                title=letter.title,
                body=letter.body,
                due_on=letter.due_on,
            )
        case "adviser_task":
            message = _task(delivery, event, send.desks[0], oslo_date(now))
            delivery = _at_desk(delivery, message)
        case _:
            assert_never(delivery.channel)
    named_on = words.date_named(*about, delivery.role, dates)
    return Outgoing(delivery, known, message, language, now, notice, named_on)


def _task(delivery: Delivery, event: DeadlineDue, desk: Desk, opened_on: date) -> AdviserTaskOpened:
    """A task that stands in for somebody who was not reached has that as its step."""
    rule = task_rule(event.checkpoint, event.step, delivery.purpose)
    return AdviserTaskOpened(
        task_id=delivery.delivery_id,
        person_id=event.person_id,
        case_id=event.case_id,
        checkpoint=event.checkpoint,
        step=event.step if delivery.purpose == "step" else delivery.purpose,
        office=desk.office,
        adviser_id=desk.adviser_id,
        org_number=delivery.org_number or _employer_of_subject(event),
        due_on=task_due_on(rule, opened_on, event.legal_on),
        legal_on=event.legal_on,
        case=_case_on(opened_on, event),
        priority=priority(rule, event),
        basis=event.basis,
    )


def _at_desk(delivery: Delivery, task: AdviserTaskOpened) -> Delivery:
    return replace(delivery, office=task.office, adviser_id=task.adviser_id, due_on=task.due_on)


def _employer_of_subject(event: DeadlineDue) -> str | None:
    org_numbers = (employer.org_number for employer in event.case.employers)
    return next((org_number for org_number in org_numbers if org_number == event.subject), None)


def _case_on(day: date, event: DeadlineDue) -> TaskCase:
    """The case as it is known on that day: notes that came after the event show in its newest basis."""
    start, number = event.case.start, (day - event.case.start).days + 1
    notes_until = event.basis.notes_until if event.basis is not None else None
    return TaskCase(
        start=start, end=notes_until or event.case.end, day=number, week=(number - 1) // 7 + 1
    )


def _language(delivery: Delivery, facts: Facts) -> Language:
    contacts = facts.contacts
    if delivery.role == "employee":
        return contacts.person.language if contacts.person else DEFAULT_LANGUAGE
    of_organisation = delivery.channel == "organisation_email"
    mailbox = (contacts.organisation if of_organisation else contacts.manager)(delivery.org_number)
    return mailbox.language or DEFAULT_LANGUAGE


def updates_of(
    tasks: Iterable[Delivery], events: dict[str, KnownEvent], now: datetime
) -> tuple[list[Record], list[Delivery]]:
    """`adviser_task.updated` for each open task whose basis is old, and the tasks as they are then."""
    records: list[Record] = []
    changed: list[Delivery] = []
    for task in tasks:
        known = events[task.event_id]
        if known.event.basis is None:
            continue
        message = AdviserTaskUpdated(
            task_id=task.delivery_id, revision=known.basis_revision, basis=known.event.basis
        )
        event_id = update_id(task.delivery_id, known.basis_revision)
        records.append(encode(message, event_id=event_id, source=SOURCE, at=now))
        changed.append(replace(task, basis_revision=known.basis_revision))
    return records, changed
