"""Before the sending: what is to be done with each claimed delivery, by all that is known at that moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import assert_never

from schemas.messages import DeadlineDue
from services.notifier.domain.decision import next_delivery
from services.notifier.domain.delivery import (
    Delivery,
    Failed,
    after_attempt,
    cancelled,
    closing,
    deferred,
    expired,
)
from services.notifier.domain.recipients import ContactBook, OpenTasks, allot
from services.notifier.domain.relevance import (
    Cancel,
    Close,
    Defer,
    Expire,
    Facts,
    Send,
    Verdict,
    judge,
)
from services.notifier.domain.withdrawal import reason_code, withdrawal_for
from services.notifier.lookups import due_for, read_contacts
from services.notifier.messages import compose
from services.notifier.ports import KnownEvent, Outgoing, Recall, Tables, Words
from services.notifier.sending.limits import Limits, hold_back
from services.notifier.sending.senders import Job, Senders


@dataclass(frozen=True, slots=True)
class Judged:
    """A claimed delivery and what is to be done with it.

    `step` is a job for its channel, or the delivery as it is once settled; `following` is the delivery that takes
    the place of one that ended without being sent, through the next channel or as a task.
    """

    delivery: Delivery
    known: KnownEvent
    step: Job | Delivery
    following: Delivery | None


class Judging:
    """Asks the domain whether each delivery is still relevant, then the limits, and writes the message."""

    def __init__(
        self, *, senders: Senders, words: Words, special_office: str, limits: Limits
    ) -> None:
        self._senders = senders
        self._words = words
        self._special_office = special_office
        self._limits = limits

    async def judge(
        self, tables: Tables, claimed: Sequence[Delivery], now: datetime
    ) -> tuple[list[Judged], ContactBook]:
        """In the order of the claim, and the contacts that it was decided on.

        Those that are to be sent have taken their place in the limits, and tasks their desk, in the caller's
        transaction.
        """
        events = await tables.events.read({delivery.event_id for delivery in claimed})
        book = await read_contacts(tables, events.values(), self._special_office, now)
        facts = await self._facts(tables, claimed, events, book)
        to_send = [delivery for delivery in claimed if delivery.state == "sending"]
        verdicts: dict[str, Verdict] = {
            delivery.delivery_id: self._verdict(delivery, facts[delivery.delivery_id], now)
            for delivery in to_send
        }
        relevant = [
            delivery for delivery in to_send if isinstance(verdicts[delivery.delivery_id], Send)
        ]
        # Nearest date first: the interval lets one message per recipient through, so the order decides which.
        relevant.sort(key=lambda delivery: _nearest(delivery, events[delivery.event_id].event))
        verdicts |= await hold_back(tables.safety, relevant, self._limits, now)
        verdicts |= await _at_one_desk(tables, relevant, verdicts)
        judged = []
        for delivery in claimed:
            known = events[delivery.event_id]
            verdict = verdicts.get(delivery.delivery_id)
            step = self._step(delivery, known, facts[delivery.delivery_id], verdict, now)
            following = self._following(step, verdict, known, book)
            judged.append(Judged(delivery, known, step, following))
        return judged, book

    async def _facts(
        self,
        tables: Tables,
        claimed: Sequence[Delivery],
        events: Mapping[str, KnownEvent],
        book: ContactBook,
    ) -> dict[str, Facts]:
        withdrawals = await tables.events.withdrawals(events.keys())
        deaths = await tables.events.deaths({known.person for known in events.values()})
        paused = {brake.channel for brake in await tables.safety.brakes()}
        facts: dict[str, Facts] = {}
        for delivery in claimed:
            known = events[delivery.event_id]
            event = known.event
            withdrawal = withdrawal_for(delivery, withdrawals.get(delivery.event_id, ()))
            died_at = deaths.get(known.person)
            facts[delivery.delivery_id] = Facts(
                event=event,
                contacts=book.of(known.person),
                asked_since=known.received_at,
                special_office=self._special_office,
                withdrawal=reason_code(withdrawal) if withdrawal else None,
                died=died_at is not None and died_at >= event.fired_at,
                paused=delivery.channel in paused,
            )
        return facts

    def _verdict(self, delivery: Delivery, facts: Facts, now: datetime) -> Verdict:
        verdict = judge(delivery, facts, now)
        rests_until = self._senders.rests_until(delivery.channel, now)
        if isinstance(verdict, Send) and rests_until is not None:
            return Defer(rests_until, "retry")
        return verdict

    def _step(
        self,
        delivery: Delivery,
        known: KnownEvent,
        facts: Facts,
        verdict: Verdict | None,
        now: datetime,
    ) -> Job | Delivery:
        if verdict is None:
            return Recall(delivery, delivery.reason or "withdrawn", now)
        if not isinstance(verdict, Send):
            return self._settled(delivery, verdict, now)
        try:
            return compose(delivery, known, facts, verdict, words=self._words, now=now)
        except ValueError:
            # No words for it: this one fails and is counted, and the rest of the batch goes on.
            failed = Failed(permanent=True, reason="not_writable")
            can_close = self._senders.can_close(delivery, now)
            return after_attempt(delivery, failed, can_close=can_close, now=now)

    def _settled(
        self, delivery: Delivery, verdict: Cancel | Close | Expire | Defer, now: datetime
    ) -> Delivery:
        match verdict:
            case Cancel(reason):
                return cancelled(delivery, reason, now)
            case Close(reason) if self._senders.can_close(delivery, now):
                return closing(delivery, reason, now)
            case Close(reason):
                return cancelled(delivery, reason, now)
            case Expire():
                return expired(delivery, now)
            case Defer(until, why):
                return deferred(delivery, until, why)
            case _:
                assert_never(verdict)

    def _following(
        self,
        step: Outgoing | Recall | Delivery,
        verdict: Verdict | None,
        known: KnownEvent,
        book: ContactBook,
    ) -> Delivery | None:
        if not isinstance(step, Delivery) or step.ended_at is None:
            return None
        match verdict:
            case Cancel(to_next_channel=True) | Send():
                return next_delivery(
                    due_for(known, self._words, step.ended_at),
                    step,
                    book.of(known.person),
                    step.ended_at,
                )
            case _:
                return None


def _nearest(delivery: Delivery, event: DeadlineDue) -> tuple[date, datetime]:
    """Its place in the queue: by the date that it names, else by that of its step; of equals what was due first."""
    return delivery.date_named or event.due_on, event.due_at


async def _at_one_desk(
    tables: Tables, in_order: Sequence[Delivery], verdicts: Mapping[str, Verdict]
) -> dict[str, Send]:
    """The tasks that leave, each with the one desk that it lands on."""
    tasks = [
        (delivery, verdict)
        for delivery in in_order
        if isinstance(verdict := verdicts[delivery.delivery_id], Send) and verdict.desks
    ]
    several = {desk.adviser_id for _, send in tasks if len(send.desks) > 1 for desk in send.desks}
    open_tasks = OpenTasks()
    if several:
        persons = {delivery.person for delivery, _ in tasks}
        advisers = {adviser_id for adviser_id in several if adviser_id is not None}
        open_tasks = await tables.deliveries.open_tasks(advisers, persons)
    desks = allot([(delivery.person, send.desks) for delivery, send in tasks], open_tasks)
    return {
        delivery.delivery_id: replace(send, desks=(desk,))
        for (delivery, send), desk in zip(tasks, desks, strict=True)
    }
