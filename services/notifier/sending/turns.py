"""Messages out: claim what is ready, ask once more whether it is relevant, send it, write down what happened.

Nothing here loops: a turn is called. It has two transactions with the sending between them: the first
claims under a lease, judges, and settles whatever does not leave now; the second writes what became of the rest.
Killed anywhere, the lease runs out and the same delivery is sent again with the same id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, assert_never

import structlog

from services.notifier.domain.decision import next_delivery, protected_task
from services.notifier.domain.delivery import (
    TRANSITIONS,
    Delivery,
    Failed,
    Sent,
    after_attempt,
    cancelled,
    close_put_off,
    closed,
    closing,
    deferred,
    expired,
    released,
)
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
from services.notifier.metrics import count_endings, count_uncertain
from services.notifier.ports import ContactBook, KnownEvent, Outgoing, Recall, Store, Tables, Words
from services.notifier.sending.limits import Limits, hold_back
from services.notifier.sending.senders import NotBegun, Result, Senders, Trouble
from services.notifier.settling import log_lost, update_tasks
from services.runtime.logs import declare_log_keys
from services.runtime.postgres import retrying

BATCH = 100
# Longer than a turn may take (25 s, runtime/turning.py), with room for a slow database.
LEASE = timedelta(minutes=2)
# After our own trouble, such as Kafka being away; not at once, for others are ready too.
AFTER_TROUBLE = timedelta(seconds=30)
AFTER_FAILED_CLOSE = timedelta(minutes=10)

_log = structlog.stdlib.get_logger(__name__)
declare_log_keys("delivery_id", "channel", "role", *TRANSITIONS)


@dataclass(frozen=True, slots=True)
class _Job:
    """A claimed delivery that is to be sent or taken back, and what was known when that was decided."""

    delivery: Delivery
    known: KnownEvent
    outgoing: Outgoing | Recall


@dataclass(frozen=True, slots=True)
class _Looked:
    """A claimed delivery and what is to be done with it: a message, a recall, or what it is once settled."""

    delivery: Delivery
    known: KnownEvent
    verdict: Verdict | None
    step: Delivery | Outgoing | Recall


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a turn would do with one delivery; `why` is a code, `until` is set where it would wait."""

    channel: str
    role: str
    checkpoint: str
    step: str
    would: Literal["send", "take_back", "wait", "cancel", "expire", "fail"]
    why: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of a job."""

    job: _Job
    result: Result


@dataclass(frozen=True, slots=True)
class _Batch:
    """What a claim gave: what is to be done, and the contacts it was decided on."""

    jobs: Sequence[_Job]
    book: ContactBook


class Turns:
    """Sends what is ready, one batch a turn."""

    def __init__(
        self,
        *,
        store: Store,
        senders: Senders,
        words: Words,
        special_office: str,
        limits: Limits,
    ) -> None:
        self._store = store
        self._senders = senders
        self._words = words
        self._special_office = special_office
        self._limits = limits

    async def turn(self, now: datetime) -> bool:
        """Handle what is ready at `now`; False where nothing was.

        Raises what PostgreSQL raises, and our own trouble on the way out (Kafka away) after everything
        else of the batch was written down; both may be tried again.
        """
        lease_until = now + LEASE
        async with self._store.transaction() as tables:
            batch = await self._take(tables, now, lease_until)
        if batch is None:
            return False
        work = [(job.delivery.channel, job.outgoing) for job in batch.jobs]
        results = await self._senders.run(work, now)
        done = {
            job.delivery.delivery_id: _Done(job, result)
            for job, result in zip(batch.jobs, results, strict=True)
        }
        await retrying(lambda: self._record(done, batch.book, now, lease_until), retries=2)
        for result in results:
            if isinstance(result, Trouble):
                raise result.error
        return True

    async def rehearse(self, tables: Tables, now: datetime, limit: int) -> list[Rehearsed]:
        """What a turn at `now` would do with the oldest `limit` that are ready, and send nothing.

        It claims as a turn does: the caller rolls the transaction back.
        """
        claimed = await tables.deliveries.claim(now, now + LEASE, limit)
        looked, _ = await self._look(tables, claimed, now) if claimed else ([], None)
        return [_rehearsed(each) for each in looked]

    # --- before the sending ---------------------------------------------------------------------------------

    async def _take(self, tables: Tables, now: datetime, lease_until: datetime) -> _Batch | None:
        claimed = await tables.deliveries.claim(now, lease_until, BATCH)
        if not claimed:
            return None
        count_uncertain(claimed)
        looked, book = await self._look(tables, claimed, now)
        settled: list[Delivery] = []
        following: list[Delivery | None] = []
        jobs: list[_Job] = []
        for each in looked:
            if isinstance(each.step, Delivery):
                settled.append(each.step)
                following.append(_following(each.step, each.verdict, each.known, book))
            else:
                jobs.append(_Job(each.delivery, each.known, each.step))
        await _settle_all(tables, settled, following)
        return _Batch(jobs, book)

    async def _look(
        self, tables: Tables, claimed: Sequence[Delivery], now: datetime
    ) -> tuple[list[_Looked], ContactBook]:
        """What is to be done with each, in the order of the claim, and the contacts that it was decided on."""
        events = await tables.events.read({each.event_id for each in claimed})
        book = await read_contacts(tables, events.values(), self._special_office)
        facts = await self._facts(tables, claimed, events, book)
        going = [each for each in claimed if each.state == "sending"]
        verdicts = {
            each.delivery_id: self._judge(each, facts[each.delivery_id], now) for each in going
        }
        leaving = [each for each in going if isinstance(verdicts[each.delivery_id], Send)]
        # Of several to one recipient the first leaves and the others wait: what was due first is the first.
        leaving.sort(key=lambda each: events[each.event_id].event.due_at)
        verdicts |= await hold_back(tables.safety, leaving, self._limits, now)
        looked = []
        for delivery in claimed:
            verdict = verdicts.get(delivery.delivery_id)
            known = events[delivery.event_id]
            step = self._step(delivery, known, verdict, facts[delivery.delivery_id], now)
            looked.append(_Looked(delivery, known, verdict, step))
        return looked, book

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
            named = withdrawal_for(event, delivery, withdrawals.get(delivery.event_id, ()))
            died_at = deaths.get(known.person)
            facts[delivery.delivery_id] = Facts(
                event=event,
                contacts=book.of(known.person),
                asked_since=known.received_at,
                special_office=self._special_office,
                withdrawal=reason_code(named) if named else None,
                died=died_at is not None and died_at >= event.fired_at,
                paused=delivery.channel in paused,
            )
        return facts

    def _judge(self, delivery: Delivery, facts: Facts, now: datetime) -> Verdict:
        verdict = judge(delivery, facts, now)
        rests_until = self._senders.rests_until(delivery.channel, now)
        if isinstance(verdict, Send) and rests_until is not None:
            return Defer(rests_until, "retry")
        return verdict

    def _step(
        self,
        delivery: Delivery,
        known: KnownEvent,
        verdict: Verdict | None,
        facts: Facts,
        now: datetime,
    ) -> Delivery | Outgoing | Recall:
        """What is to be done with a claimed delivery now, or what it is after it was settled."""
        if verdict is None:
            return Recall(delivery, delivery.reason or "withdrawn", now)
        if not isinstance(verdict, Send):
            return self._settle(delivery, verdict, now)
        try:
            return compose(delivery, known, facts, verdict, words=self._words, now=now)
        except ValueError:
            # One message that cannot be written holds up no other; it is counted as failed.
            return self._attempted(delivery, Failed(permanent=True, reason="not_writable"), now)

    def _settle(
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

    # --- after the sending ----------------------------------------------------------------------------------

    async def _record(
        self, done: Mapping[str, _Done], book: ContactBook, now: datetime, lease_until: datetime
    ) -> None:
        """Write down what is still held: a lease that has run out belongs to somebody else.

        May be done twice: what was written the first time is no longer held.
        """
        if not done:
            return
        async with self._store.transaction() as tables:
            held = await tables.deliveries.lock_claimed(done.keys(), lease_until)
            await self._write(tables, held, done, book, now)

    async def _write(
        self,
        tables: Tables,
        held: Sequence[Delivery],
        done: Mapping[str, _Done],
        book: ContactBook,
        now: datetime,
    ) -> None:
        settled: list[Delivery] = []
        following: list[Delivery | None] = []
        for delivery in held:
            job = done[delivery.delivery_id].job
            after = self._after(delivery, job, done[delivery.delivery_id].result, now)
            settled.append(after)
            if after.state == "failed":
                due = due_for(job.known)
                following.append(next_delivery(due, after, book.of(delivery.person), now))
        await _settle_all(tables, settled, following)
        tasks = [
            each for each in settled if each.channel == "adviser_task" and each.state == "sent"
        ]
        await update_tasks(tables, {each.event_id for each in tasks}, now)

    def _after(self, held: Delivery, job: _Job, result: Result, now: datetime) -> Delivery:
        if isinstance(job.outgoing, Recall):
            return (
                closed(held, now)
                if isinstance(result, Sent)
                else close_put_off(held, now + AFTER_FAILED_CLOSE)
            )
        match result:
            case Sent():
                if held.channel == "adviser_task":
                    held = replace(held, basis_revision=job.known.basis_revision)
                return self._attempted(held, result, now)
            case Failed():
                return self._attempted(held, result, now)
            case Trouble():
                return released(held, now + AFTER_TROUBLE)
            case NotBegun():
                return deferred(held, now, "retry")
            case _:
                assert_never(result)

    def _attempted(self, held: Delivery, outcome: Sent | Failed, now: datetime) -> Delivery:
        can_close = self._senders.can_close(held, now)
        return after_attempt(held, outcome, can_close=can_close, now=now)


async def _settle_all(
    tables: Tables, settled: Sequence[Delivery], following: Sequence[Delivery | None]
) -> None:
    await tables.deliveries.write(settled)
    await tables.deliveries.add([each for each in following if each is not None])
    ended = [each for each in settled if each.state in ("cancelled", "expired", "failed")]
    await tables.safety.give_back_slots([each.delivery_id for each in ended])
    count_endings(settled)
    _tell(settled)


def _tell(settled: Sequence[Delivery]) -> None:
    """One line a batch, and one for each that reached nobody."""
    if settled:
        states = Counter[str](each.state for each in settled)
        _log.info("deliveries.settled", count=len(settled), **states)
    log_lost(settled)


def _rehearsed(looked: _Looked) -> Rehearsed:
    delivery, event, step = looked.delivery, looked.known.event, looked.step
    would: Literal["send", "take_back", "wait", "cancel", "expire", "fail"] = "send"
    why = until = None
    if isinstance(step, Recall):
        would, why = "take_back", step.reason
    elif isinstance(step, Delivery):
        why = step.wait_reason if step.state == "waiting" else step.reason
        until = step.ready_at if step.state == "waiting" else None
        would = _WOULD[step.state]
    return Rehearsed(
        delivery.channel, delivery.role, event.checkpoint, event.step, would, why, until
    )


_WOULD: dict[str, Literal["take_back", "wait", "cancel", "expire", "fail"]] = {
    "waiting": "wait",
    "closing": "take_back",
    "cancelled": "cancel",
    "expired": "expire",
    "failed": "fail",
}


def _following(
    after: Delivery, verdict: Verdict | None, known: KnownEvent, book: ContactBook
) -> Delivery | None:
    """The delivery that takes the place of one that has ended, through the next channel or as a task."""
    if after.ended_at is None:
        return None
    match verdict:
        case Cancel(instead="protected_task"):
            return protected_task(due_for(known), after.ended_at)
        case Cancel(instead="next_channel") | Send():
            return next_delivery(due_for(known), after, book.of(known.person), after.ended_at)
        case _:
            return None
