"""What leaves for people during a generated life: due events through the notifier's own decisions and words.

The scheduler's domain fires, withdraws and updates; the notifier's domain decides, judges and composes at instants
that chance picks from the life of each delivery, so that a message leaves at once, after a closed window, after days
behind other messages, or through a channel that comes last. Contacts are made by chance too. No table, no broker.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.messages import (
    DeadlineDue,
    DeadlineMessage,
    DeadlineUpdated,
    DeadlineWithdrawn,
    Language,
    Message,
)
from services.notifier.domain.decision import (
    Drop,
    DueFor,
    decide,
    next_delivery,
)
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.recipients import Adviser, Contacts, Mailbox, PersonContact
from services.notifier.domain.relevance import Facts, Send, judge
from services.notifier.domain.withdrawal import reason_code, withdrawal_for
from services.notifier.messages import compose
from services.notifier.ports import KnownEvent, Outgoing
from services.notifier.texts_folder import load_texts
from tests.reference.compare import HASH, simulated
from tests.reference.life import ADVISER, BYGG, KAFE
from tests.reference.random_lives import KONTOR, life_by

Dict = dict[str, Any]
WORDS = load_texts()
LANGUAGES: tuple[Language, ...] = ("nb", "nn", "en")
SPECIAL_OFFICE = "2103"
ATTEMPTS = 4
"""At so many instants of each delivery's life it is asked whether it may leave."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A message that leaves at `at` (UTC) about `event` as it is known then."""

    at: datetime
    event: DeadlineDue
    delivery: Delivery
    outgoing: Outgoing

    @property
    def path(self) -> str:
        return f"{self.event.checkpoint}.{self.event.step}"


def life_of(number: int) -> Dict:
    """The generated life of that number, looked at when all of it has happened."""
    life = life_by(number)
    last = max(entry["arrives"][0] for entry in (*life["notes"], *life["facts"]))
    return life | {"now": (max(last, *life["now"]) + 60, 720)}


def leaving(number: int, life: Dict) -> Iterator[Leaving]:
    """Every message that may leave in the life, at the instants that its number picks."""
    chance = random.Random(number)  # noqa: S311 - a life to try, not a secret
    contacts = _contacts(chance)
    sent = _sent(life)
    for at, message in sent:
        if isinstance(message, DeadlineDue):
            form = chance.choice(["digital"] * 4 + ["paper"])
            case = message.case.model_copy(update={"form": form})
            event = message.model_copy(update={"case": case})
            later = [
                (then, other)
                for then, other in sent
                if then >= at
                and isinstance(other, DeadlineMessage)
                and other.event_id == event.event_id
            ]
            yield from _leaving_for(chance, event, at, later, contacts)


def _sent(life: Dict) -> Sequence[tuple[datetime, Message]]:
    return simulated(life)[0].sent


def _leaving_for(
    chance: random.Random,
    event: DeadlineDue,
    at: datetime,
    later: Sequence[tuple[datetime, DeadlineMessage]],
    contacts: Contacts,
) -> Iterator[Leaving]:
    due = DueFor(event, HASH)
    for decision in decide(due, contacts, [], at):
        if isinstance(decision, Drop):
            continue
        delivery: Delivery | None = decision.delivery
        tried: set[str] = set()
        while delivery is not None and delivery.channel not in tried:
            tried.add(delivery.channel)
            for then in _instants(chance, delivery, at):
                message = _attempt(event, delivery, contacts, at, then, later)
                if message is not None:
                    yield message
            delivery = next_delivery(due, delivery, contacts, at)


def _instants(chance: random.Random, delivery: Delivery, at: datetime) -> list[datetime]:
    """At once, and some instants until a day after the delivery's end, most of them at noon, when windows are open."""
    span = (delivery.not_after - at) + timedelta(days=1)
    then = [at + span * chance.random() for _ in range(ATTEMPTS - 1)]
    return [at, *(when.replace(hour=chance.choice([8, 10, 12]), minute=30) for when in then)]


def _attempt(
    event: DeadlineDue,
    delivery: Delivery,
    contacts: Contacts,
    at: datetime,
    then: datetime,
    later: Sequence[tuple[datetime, DeadlineMessage]],
) -> Leaving | None:
    if then < at:
        return None
    withdrawals = [m for when, m in later if when <= then and isinstance(m, DeadlineWithdrawn)]
    updates = [m for when, m in later if when <= then and isinstance(m, DeadlineUpdated)]
    if updates:
        event = event.model_copy(update={"basis": updates[-1].basis})
    withdrawal = withdrawal_for(delivery, withdrawals)
    facts = Facts(
        event=event,
        contacts=contacts,
        asked_since=at,
        special_office=SPECIAL_OFFICE,
        withdrawal=reason_code(withdrawal) if withdrawal is not None else None,
    )
    verdict = judge(delivery, facts, then)
    if not isinstance(verdict, Send):
        return None
    known = KnownEvent(event, HASH, at, len(updates) + 1)
    outgoing = compose(delivery, known, facts, verdict, words=WORDS, now=then)
    return Leaving(then, event, delivery, outgoing)


def _contacts(chance: random.Random) -> Contacts:
    person = PersonContact(
        may_be_notified=chance.random() < 0.7,
        phone=chance.choice(["+4799999907", None]),
        email=chance.choice(["employee@example.invalid", None]),
        language=chance.choice(LANGUAGES),
        protected=chance.random() < 0.1,
        office=chance.choice(["0219", None]),
        birth_date=None,
    )
    managers = {
        org: Mailbox(f"manager{org}@example.invalid", chance.choice(LANGUAGES))
        for org in (KAFE, BYGG, KONTOR)
        if chance.random() < 0.7
    }
    organisations = {
        org: Mailbox("post@example.invalid", None) for org in (KAFE, BYGG) if chance.random() < 0.5
    }
    return Contacts(
        person=person if chance.random() < 0.9 else None,
        managers=managers,
        organisations=organisations,
        advisers=(Adviser(ADVISER, "0219", frozenset(range(1, 32))),),
    )
