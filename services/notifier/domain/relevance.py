"""Still relevant? Asked right before each send (contract 6.3, 6.4, 6.6).

A pure answer from what is stored at that moment: the due event, its withdrawals, the contacts, the brakes. What ends
a delivery is asked before what makes it wait, and the first rule that applies decides. Waiting spends no attempt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.messages import DeadlineDue
from services.notifier.domain.addresses import email_address, phone_number
from services.notifier.domain.decision import (
    EMPLOYMENT_ENDED,
    PAPER_FORMS,
    Party,
    channel_to_employer,
    obstacle,
    shows_at,
)
from services.notifier.domain.delivery import ChannelName, Delivery, WaitReason
from services.notifier.domain.recipients import Contacts, Desk, desks_for
from services.notifier.domain.window import is_open, next_open

WINDOWED: frozenset[ChannelName] = frozenset({"sms", "email", "organisation_email"})
EXTERNAL: frozenset[ChannelName] = frozenset({"sms", "email", "organisation_email", "letter"})
"""What reaches people outside the office: interval, ceiling and brake are about these (contract 6.9)."""

# A new person may take a day to appear in the register; after that a letter is sent (contract 6.3, policy).
REGISTER_PATIENCE = timedelta(hours=24)
ASK_REGISTER_AGAIN = timedelta(hours=1)
# Fallback poll: `resume` wakes waiting deliveries at once; this catches one that was missed.
ASK_BRAKE_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known right before a send. `asked_since` is when the event was first seen here.

    `withdrawal` is the reason of one that names this recipient, `died` is whether a death was made
    known after the event fired, `paused` whether the channel is held back by hand.
    """

    event: DeadlineDue = field(repr=False)
    contacts: Contacts
    asked_since: datetime
    special_office: str
    withdrawal: str | None = None
    died: bool = False
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """Send it: `to` is a phone number or an e-mail address; a letter has none.

    `desks` are those that an adviser's task may land on; where there are several, one is chosen right before it leaves.
    """

    to: str | None = field(default=None, repr=False)
    desks: tuple[Desk, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancel:
    """Never send it; `to_next_channel`: but through the next channel."""

    reason: str
    to_next_channel: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """Withdrawn, but it may be out already: take it back."""

    reason: str


@dataclass(frozen=True, slots=True)
class Expire:
    """Its time has passed."""


@dataclass(frozen=True, slots=True)
class Defer:
    """Ask again at `until`."""

    until: datetime
    why: WaitReason


Verdict = Send | Cancel | Close | Expire | Defer


def judge(delivery: Delivery, facts: Facts, now: datetime) -> Verdict:
    """Whether this delivery may leave at `now`, and where to."""
    ended = next(_endings(delivery, facts, now), None)
    if ended is not None:
        return ended
    waits = next(_waits(delivery, facts, now), None)
    return waits if waits is not None else _address(delivery, facts)


def _endings(delivery: Delivery, facts: Facts, now: datetime) -> Iterator[Verdict]:
    reason = delivery.withdrawn or facts.withdrawal or _employment_ended(delivery, facts)
    if reason is not None:
        yield Close(reason) if delivery.uncertain else Cancel(reason)
    if facts.died:
        yield Close("died") if delivery.uncertain else Cancel("died")
    if now >= delivery.not_after:
        yield Expire()
    if _to_employer(delivery) and _is_for_nobody(delivery, facts.contacts):
        # Cancelled, or put off, together with the task that says so (employers_side.py).
        yield Defer(now, "no_line_manager")
    if delivery.purpose == "step" and not _is_asked_for(delivery, facts, now):
        party = Party(delivery.role, delivery.org_number)
        why = obstacle(delivery.channel, party, facts.event, facts.contacts)
        if why is not None:
            yield Cancel(why, to_next_channel=True)


def _is_for_nobody(delivery: Delivery, contacts: Contacts) -> bool:
    """Whether nobody at the employer may have it, or nobody can; what may be out already does not wait for anybody."""
    if contacts.is_protected:
        return True
    waits = delivery.channel == "email" and not delivery.uncertain
    return waits and channel_to_employer(delivery.org_number, contacts) is None


def _employment_ended(delivery: Delivery, facts: Facts) -> str | None:
    ended = delivery.org_number in facts.contacts.ended_employments
    return EMPLOYMENT_ENDED if delivery.role == "line_manager" and ended else None


def _waits(delivery: Delivery, facts: Facts, now: datetime) -> Iterator[Defer]:
    shown = shows_at(facts.event)
    if delivery.role == "adviser" and shown is not None and now < shown:
        yield Defer(shown, "show_on")
    if _is_asked_for(delivery, facts, now):
        patience_ends = facts.asked_since + REGISTER_PATIENCE
        yield Defer(min(now + ASK_REGISTER_AGAIN, patience_ends), "register")
    if facts.paused:
        yield Defer(now + ASK_BRAKE_AGAIN, "brake")
    if delivery.channel in WINDOWED and not is_open(now):
        yield Defer(next_open(now), "window")


def _address(delivery: Delivery, facts: Facts) -> Send:
    contacts, org_number = facts.contacts, delivery.org_number
    match delivery.channel:
        case "sms":
            return Send(to=phone_number(contacts.person.phone) if contacts.person else None)
        case "email" if delivery.role == "employee":
            return Send(to=email_address(contacts.person.email) if contacts.person else None)
        case "email":
            return Send(to=email_address(contacts.manager(org_number).email))
        case "organisation_email":
            return Send(to=email_address(contacts.organisation(org_number).email))
        case "letter":
            return Send()
        case "adviser_task":
            return Send(desks=_desks(delivery, facts))


def _desks(delivery: Delivery, facts: Facts) -> tuple[Desk, ...]:
    own = delivery.role == "adviser"
    named = (r.adviser_id for r in facts.event.recipients if own and r.role == "adviser")
    employers = [employer.org_number for employer in facts.event.case.employers]
    return desks_for(
        facts.contacts,
        named=next(named, None),
        org_numbers=[delivery.org_number] if delivery.org_number else employers,
        special_office=facts.special_office,
    )


def _is_asked_for(delivery: Delivery, facts: Facts, now: datetime) -> bool:
    """Whether the register has no record of the person yet, and is still asked.

    The employee's side alone waits for it (ADR 31). A letter on paper grounds needs no register.
    """
    if facts.contacts.person is not None or now >= facts.asked_since + REGISTER_PATIENCE:
        return False
    on_screen = delivery.role == "employee" and delivery.channel in WINDOWED
    return on_screen and facts.event.case.form not in PAPER_FORMS


def _to_employer(delivery: Delivery) -> bool:
    return delivery.role == "line_manager" and delivery.channel in EXTERNAL
