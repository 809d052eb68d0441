"""Messages out: claim what is ready, ask once more whether it is relevant, send it, write down what happened.

Nothing here loops: a turn is called. It has two transactions with the sending between them: the first
claims under a lease, judges, and settles whatever does not leave now; the second writes what became of the rest.
Killed anywhere, the lease runs out and the same delivery is sent again with the same id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from services.notifier import metrics
from services.notifier.domain.decision import next_delivery
from services.notifier.domain.delivery import (
    Delivery,
    Failed,
    Sent,
    TooLate,
    after_attempt,
    close_put_off,
    closed,
    deferred,
    not_closed,
    released,
)
from services.notifier.domain.recipients import ContactBook
from services.notifier.lookups import due_for
from services.notifier.ports import Begin, Outgoing, Recall, Tables, Words
from services.notifier.sending.employers_side import EmployersSide
from services.notifier.sending.judging import Judging
from services.notifier.sending.rehearsal import Rehearsed, rehearsed
from services.notifier.sending.senders import Job, NotBegun, Result, Senders, Trouble
from services.notifier.settling import settle, update_tasks
from services.runtime.postgres import retrying

BATCH = 100
# Longer than a turn may take (25 s, runtime/turning.py), with room for a slow database.
LEASE = timedelta(minutes=2)
# After our own trouble, such as Kafka being away; not at once, so that the rest of what is ready comes first.
AFTER_TROUBLE = timedelta(seconds=30)
AFTER_FAILED_CLOSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What a claim gave: what is to be done, and the contacts it was decided on."""

    jobs: Sequence[Job]
    book: ContactBook


@dataclass(frozen=True, slots=True)
class _Done:
    """A job and its result."""

    job: Job
    result: Result


class Turns:
    """Sends what is ready, one batch a turn."""

    def __init__(
        self,
        *,
        begin: Begin,
        senders: Senders,
        judging: Judging,
        special_office: str,
        words: Words,
    ) -> None:
        self._begin = begin
        self._senders = senders
        self._judging = judging
        self._employers_side = EmployersSide(begin, senders.can_close, special_office, words)
        self._words = words

    async def turn(self, now: datetime) -> bool:
        """Handle what is ready at `now`; False where nothing was.

        Raises what PostgreSQL raises, and our own trouble on the way out (Kafka away) after everything
        else of the batch was written down; both may be tried again.
        """
        settled = await self._employers_side.settle(now)
        lease_until = now + LEASE
        async with self._begin() as tables:
            batch = await self._claim(tables, now, lease_until)
        if batch is None:
            return settled
        results = await self._senders.run(batch.jobs, now)
        done = {
            job.delivery_id: _Done(job, result)
            for job, result in zip(batch.jobs, results, strict=True)
        }
        await retrying(lambda: self._record(done, batch.book, now, lease_until), retries=2)
        for result in results:
            if isinstance(result, Trouble):
                raise result.error
        return True

    async def next_due_at(self) -> datetime | None:
        """When the next delivery is to be looked at; None while nothing waits."""
        async with self._begin() as tables:
            return await tables.deliveries.next_ready_at()

    async def rehearse(self, tables: Tables, now: datetime, limit: int) -> list[Rehearsed]:
        """What a turn at `now` would do with the oldest `limit` that are ready, and send nothing.

        It claims as a turn does: the caller rolls the transaction back.
        """
        claimed = await tables.deliveries.claim(now, now + LEASE, limit)
        if not claimed:
            return []
        judged, _ = await self._judging.judge(tables, claimed, now)
        return [rehearsed(one) for one in judged]

    async def _claim(self, tables: Tables, now: datetime, lease_until: datetime) -> _Batch | None:
        """Claim and judge; what does not leave now is settled in the same transaction."""
        claimed = await tables.deliveries.claim(now, lease_until, BATCH)
        if not claimed:
            return None
        for delivery in claimed:
            if delivery.uncertain:
                metrics.UNCERTAIN.labels(delivery.channel).inc()
        judged, book = await self._judging.judge(tables, claimed, now)
        settled = [one.step for one in judged if isinstance(one.step, Delivery)]
        following = [one.following for one in judged if one.following is not None]
        await settle(tables, settled, following, now)
        jobs = [one.step for one in judged if not isinstance(one.step, Delivery)]
        # Before they leave: the next desk is chosen by these, in this process and in others.
        tasks = [job.delivery for job in jobs if isinstance(job, Outgoing) and job.is_task]
        await tables.deliveries.write(tasks)
        return _Batch(jobs, book)

    async def _record(
        self, done: Mapping[str, _Done], book: ContactBook, now: datetime, lease_until: datetime
    ) -> None:
        """Write down what is still held: a lease that has run out belongs to somebody else.

        May be called twice: what was written the first time is no longer held.
        """
        if not done:
            return
        async with self._begin() as tables:
            held = await tables.deliveries.lock_claimed(done.keys(), lease_until)
            settled: list[Delivery] = []
            following: list[Delivery] = []
            for delivery in held:
                job, result = done[delivery.delivery_id].job, done[delivery.delivery_id].result
                after = self._after(delivery, job, result, now)
                settled.append(after)
                following += self._through_the_next_channel(after, job, book, now)
            await settle(tables, settled, following, now)
            tasks = (
                one for one in settled if one.channel == "adviser_task" and one.state == "sent"
            )
            await update_tasks(tables, {task.event_id for task in tasks}, now)

    def _after(self, held: Delivery, job: Job, result: Result, now: datetime) -> Delivery:
        if isinstance(result, TooLate):
            return not_closed(held)
        if isinstance(job, Recall):
            if isinstance(result, Sent):
                return closed(held, now)
            return close_put_off(held, now + AFTER_FAILED_CLOSE)
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

    def _through_the_next_channel(
        self, after: Delivery, job: Job, book: ContactBook, now: datetime
    ) -> list[Delivery]:
        """The delivery that takes the place of one that failed for good; none after the last channel."""
        if after.state != "failed" or isinstance(job, Recall):
            return []
        following = next_delivery(
            due_for(job.known, self._words, now), after, book.of(after.person), now
        )
        return [following] if following is not None else []
