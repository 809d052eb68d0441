"""What a due event means: which deliveries it becomes, and which channel comes next (contract 6.1-6.3, 6.7).

`decide` makes the first delivery of each recipient; `next_delivery` the one after a channel could not reach
somebody. Both walk the same chain of channels (`matrix.CHAINS`) and ask the same question of each: can this
channel reach this recipient, as far as we know now? Whether it really may be used is asked again right before
each send (`relevance`), because contacts change and arrive late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from schemas.ids import delivery_id
from schemas.messages import DeadlineDue, Recipient, Role
from services.notifier.domain.addresses import email_address, phone_number
from services.notifier.domain.delivery import (
    ChannelName,
    Delivery,
    Purpose,
    planned,
    until_manager_known,
)
from services.notifier.domain.matrix import CHAINS
from services.notifier.domain.recipients import Contacts
from services.notifier.domain.window import opening

# Policy: after two weeks a reminder that never got out says nothing useful any more.
LASTS = timedelta(days=14)
PAPER_FORMS = ("paper", "foreign")
EMPLOYMENT_ENDED = "employment_ended"


@dataclass(frozen=True, slots=True)
class Deliver:
    """A delivery to be made."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Drop:
    """A delivery that is recorded, with the reason that it never leaves."""

    delivery: Delivery
    reason: str


Decision = Deliver | Drop


@dataclass(frozen=True, slots=True)
class Party:
    """A recipient as deliveries know one; `org_number` with line managers."""

    role: Role
    org_number: str | None = None


@dataclass(frozen=True, slots=True)
class DueFor:
    """A due event and the person it is about: the keyed hash that every row carries.

    `dates_named` has the date that the words name, for each role that gets words.
    """

    event: DeadlineDue = field(repr=False)
    person: bytes
    dates_named: Mapping[Role, date | None] = field(default_factory=dict)


def decide(
    due: DueFor, contacts: Contacts, withdrawn: Sequence[Iterable[Recipient] | None], now: datetime
) -> tuple[Decision, ...]:
    """The deliveries of a due event. `withdrawn` has the recipients of each withdrawal, None for all."""
    decisions: list[Decision] = []
    for recipient in due.event.recipients:
        party = Party(recipient.role, recipient.org_number)
        if any(names(recipients, party) for recipients in withdrawn):
            continue
        if party.role == "line_manager" and party.org_number in contacts.ended_employments:
            decisions.append(Drop(_delivery(due, party, "email", "step", now), EMPLOYMENT_ENDED))
            continue
        decisions.append(Deliver(_first(due, party, contacts, now)))
    return tuple({_id(decision): decision for decision in decisions}.values())


def next_delivery(
    due: DueFor, after: Delivery, contacts: Contacts, now: datetime
) -> Delivery | None:
    """The delivery through the next channel that can reach the recipient; None after the last.

    After an organisation's address it is the manager's, where that was never tried (see `never_left_out`).
    """
    if after.purpose != "step":
        return None
    party = Party(after.role, after.org_number)
    if after.channel == "organisation_email":
        return until_manager_known(_delivery(due, party, "email", "step", now), now)
    chain = CHAINS[after.role]
    rest = chain[chain.index(after.channel) + 1 :]
    return _along(rest, due, party, contacts, now) if rest else None


def never_left_out(
    delivery: Delivery, earlier: Iterable[Delivery], now: datetime
) -> Delivery | None:
    """What is made of a following delivery whose id another has already; `earlier` has all of the same event.

    A task gets an id of its own, and an e-mail to an employer that was tried before is now a task; anything else is a
    repeat.
    """
    if delivery.channel != "adviser_task" and delivery.role != "line_manager":
        return None
    purpose = "undelivered" if delivery.purpose == "step" else delivery.purpose
    task = planned(
        event_id=delivery.event_id,
        person=delivery.person,
        role=delivery.role,
        org_number=delivery.org_number,
        channel="adviser_task",
        purpose=purpose,
        now=now,
        not_after=max(delivery.not_after, now + LASTS),
    )
    return _numbered(task, earlier)


def stand_in(
    due: DueFor, party: Party, purpose: Purpose, earlier: Iterable[Delivery], now: datetime
) -> Delivery:
    """A task that stands in for an employer's side; `earlier` has the person's tasks that did so before."""
    return _numbered(_delivery(due, party, "adviser_task", purpose, now), earlier)


def to_organisation(due: DueFor, party: Party, now: datetime) -> Delivery:
    """An e-mail to the organisation in place of one to the manager."""
    return _delivery(due, party, "organisation_email", "step", now)


def channel_to_employer(org_number: str | None, contacts: Contacts) -> ChannelName | None:
    """The channel by which somebody at the employer can be written to; None where nobody can."""
    if email_address(contacts.manager(org_number).email):
        return "email"
    return "organisation_email" if email_address(contacts.organisation(org_number).email) else None


def names(recipients: Iterable[Recipient] | None, party: Party) -> bool:
    """Whether a withdrawal names that recipient; None names all."""
    if recipients is None:
        return True
    return any(
        recipient.role == party.role
        and (party.role != "line_manager" or recipient.org_number == party.org_number)
        for recipient in recipients
    )


def shows_at(event: DeadlineDue) -> datetime | None:
    """When an adviser's task may be seen: 09:00 on `show_on`, None for at once."""
    return opening(event.show_on) if event.show_on else None


def lasts_until(event: DeadlineDue) -> datetime:
    """Past this instant a delivery expires: `not_after`, else two weeks after it fired or may be seen.

    Not after `due_at`: what fires late, after an outage or a backdated note, is still to be sent.
    """
    if event.not_after is not None:
        return event.not_after
    begins = max(filter(None, (event.due_at, event.fired_at, shows_at(event))))
    return begins + LASTS


def obstacle(
    channel: ChannelName, party: Party, event: DeadlineDue, contacts: Contacts
) -> str | None:
    """Why the channel cannot reach the recipient by the contacts that are known, as a code; None where it can."""
    match channel:
        case "sms" | "email":
            if party.role == "employee":
                return _obstacle_to_employee(channel, event, contacts)
            known = email_address(contacts.manager(party.org_number).email)
            return None if known else "no_line_manager"
        case "organisation_email":
            known = email_address(contacts.organisation(party.org_number).email)
            return None if known else "no_organisation_email"
        case "letter" | "adviser_task":
            return None


def _obstacle_to_employee(
    channel: ChannelName, event: DeadlineDue, contacts: Contacts
) -> str | None:
    person = contacts.person
    if event.case.form in PAPER_FORMS:
        return event.case.form
    if person is None:
        return "no_record"
    if not person.may_be_notified:
        return "reserved"
    if channel == "sms":
        return None if phone_number(person.phone) else "no_phone"
    return None if email_address(person.email) else "no_email"


def _first(due: DueFor, party: Party, contacts: Contacts, now: datetime) -> Delivery:
    if party.role == "line_manager" and (
        contacts.is_protected or channel_to_employer(party.org_number, contacts) is None
    ):
        return until_manager_known(_delivery(due, party, "email", "step", now), now)
    on_paper = due.event.case.form in PAPER_FORMS
    chain = CHAINS[party.role]
    if party.role == "employee" and contacts.person is None and not on_paper:
        # No contacts have come yet: begin with the first channel, which waits up to a day for them (relevance.py).
        return _delivery(due, party, chain[0], "step", now)
    return _along(chain, due, party, contacts, now)


def _along(
    chain: Sequence[ChannelName], due: DueFor, party: Party, contacts: Contacts, now: datetime
) -> Delivery:
    channel = next(
        channel for channel in chain if obstacle(channel, party, due.event, contacts) is None
    )
    stands_in = channel == "adviser_task" and party.role != "adviser"
    return _delivery(due, party, channel, "undelivered" if stands_in else "step", now)


def _delivery(
    due: DueFor, party: Party, channel: ChannelName, purpose: Purpose, now: datetime
) -> Delivery:
    not_after = lasts_until(due.event)
    if purpose != "step":
        # A task that stands in for somebody has two weeks of its own: a letter may come back long after the event.
        not_after = max(not_after, now + LASTS)
    return planned(
        event_id=due.event.event_id,
        person=due.person,
        role=party.role,
        org_number=party.org_number,
        channel=channel,
        purpose=purpose,
        now=now,
        not_after=not_after,
        date_named=due.dates_named.get(party.role) if channel != "adviser_task" else None,
    )


def _numbered(task: Delivery, earlier: Iterable[Delivery]) -> Delivery:
    """The task under the first id that none of the `earlier` tasks of its event and employer has."""
    event = task.event_id, task.org_number
    ids = {
        one.delivery_id
        for one in earlier
        if one.channel == "adviser_task" and (one.event_id, one.org_number) == event
    }
    if not ids:
        return task
    channel = f"adviser_task/{len(ids) + 1}"
    number = delivery_id(task.event_id, task.role, task.org_number, channel)
    return replace(task, delivery_id=number)


def _id(decision: Decision) -> str:
    return decision.delivery.delivery_id
