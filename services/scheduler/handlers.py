"""What the scheduler does with records and with time: order and transaction, no rule.

`handle` stores facts and replans their people; `turn` replans whom time has changed and fires what is due. Both leave
their messages in the outbox. Each can be called by hand, and by several processes at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from schemas.ids import update_id
from schemas.inbound import decode_inbound
from schemas.messages import DeadlineDue, DeadlineUpdated, DeadlineWithdrawn, Message
from schemas.wire import CONTACTS_TOPIC, Envelope, IgnoredRecord, InvalidRecord, Record, encode
from services.records.dead_letters import Dead, digest
from services.runtime.clock import Clock
from services.scheduler import metrics
from services.scheduler.domain.facts.intake import Observation, observations_of
from services.scheduler.domain.people.known_people import Refusal, messages_of
from services.scheduler.ports import Begin, PeopleMoved, Schemas, Tables

SOURCE = "urn:stoppunkt:scheduler"

# A person is replanned in about a millisecond; a batch stays far below every time-out.
REPLAN_BATCH = 200
FIRE_BATCH = 1_000
LOOKS_MAX = 5

_log = structlog.stdlib.get_logger(__name__)


class Scheduler:
    """The scheduler without its loops: everything that happens, as calls."""

    def __init__(
        self,
        begin: Begin,
        clock: Clock,
        schemas: Schemas | None = None,
    ) -> None:
        """`schemas` are those of a registry; without one, Avro records are read by the schemas shipped."""
        self._begin = begin
        self._clock = clock
        self._schemas = schemas

    async def handle(self, records: Sequence[Record]) -> None:
        """Store a batch of records in one transaction, replan its people, set dead ones aside.

        Raises TooManyDeadLetters while the ceiling holds everything back, and what PostgreSQL raises; nothing is
        stored then, and the batch may be handled again, in any other composition.
        """
        if self._schemas is not None:
            await self._schemas.prepare(records)
        observations, dead = _decoded(records, self._schemas)
        now = await self._clock.now()
        stored = _Stored()
        for look in range(LOOKS_MAX):
            try:
                async with self._begin() as tables:
                    stored = await _store(tables, observations, dead, now)
            except PeopleMoved:
                if look == LOOKS_MAX - 1:
                    raise
            else:
                break
        refused = len(stored.over_bounds)
        metrics.RECORDS.labels("taken").inc(len(observations) - stored.ignored - refused)
        metrics.RECORDS.labels("ignored").inc(stored.ignored)
        metrics.RECORDS.labels("dead").inc(len(dead) + refused)
        for dead_record in dead:
            _log.warning(
                "record.dead",
                topic=dead_record.record.topic,
                partition=dead_record.record.partition,
                offset=dead_record.record.offset,
                reason=dead_record.reason,
            )
        # One line for all of a kind: a publisher in a loop must not fill the log.
        kinds = Counter((letter.record.topic, letter.reason) for letter in stored.over_bounds)
        for (topic, reason), count in kinds.items():
            _log.warning("records.over_bound", topic=topic, reason=reason, count=count)

    async def turn(self, now: datetime) -> bool:
        """Replan whom time has changed, then fire what is due by `now` (UTC); whether there was anything."""
        replanned = await self._replan(now)
        fired = await self._fire(now)
        return replanned or fired

    async def next_due_at(self) -> datetime | None:
        """When the next turn has something to do."""
        async with self._begin() as tables:
            return await tables.people.next_due_at()

    async def _replan(self, now: datetime) -> bool:
        async with self._begin() as tables:
            loaded = await tables.people.claim_for_replan(now, REPLAN_BATCH)
            if not loaded.before.people:
                return False
            outcomes = loaded.known_people.replan(loaded.before.people, now)
            await tables.people.save(loaded.changes, now)
            await tables.records.put(encoded(messages_of(outcomes.values()), now))
        return True

    async def _fire(self, now: datetime) -> bool:
        async with self._begin() as tables:
            fired = await tables.people.fire_due(now, FIRE_BATCH)
            await tables.records.put(encoded([due_event.event for due_event in fired], now))
        for due_event in fired:
            event = due_event.event
            metrics.FIRED.labels(event.checkpoint, event.step).inc()
            metrics.LATENESS_SECONDS.observe(event.late_seconds)
        if fired:
            _log.info("timers.fired", count=len(fired))
        return bool(fired)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What was not stored of a batch.

    `ignored` counts what is about people who were erased since. `over_bounds` are dead, because so much is stored about
    their person already.
    """

    ignored: int = 0
    over_bounds: tuple[Dead, ...] = ()


async def _store(
    tables: Tables, observations: Sequence[Observation], dead: Sequence[Dead], now: datetime
) -> _Stored:
    """Store them and replan their people."""
    await tables.records.refuse_when_stopped()
    count, observations = len(observations), await tables.people.without_erased(observations)
    digests = {
        digest(*observation.event) for observation in observations if observation.event is not None
    }
    new = await tables.records.add_seen(digests, now)
    batch = [
        observation
        for observation in observations
        if observation.event is None or digest(*observation.event) in new
    ]
    over_bounds: tuple[Dead, ...] = ()
    if batch:
        loaded = await tables.people.load_for(batch)
        intake = loaded.known_people.take(batch)
        outcomes = loaded.known_people.replan(intake.touched, now)
        await tables.people.save(loaded.changes, now)
        await tables.records.put(encoded(messages_of(outcomes.values()), now))
        over_bounds = await _set_aside_over_bounds(tables, intake.refusals, now)
    await tables.records.set_aside(dead, now)
    return _Stored(count - len(observations), over_bounds)


async def _set_aside_over_bounds(
    tables: Tables, refusals: Sequence[Refusal], now: datetime
) -> tuple[Dead, ...]:
    """Set aside what goes beyond a person's bounds; replayed when there is room, it is new."""
    events = [refusal.observation.event for refusal in refusals]
    await tables.records.forget_seen({digest(*event) for event in events if event is not None})
    letters = {refusal.observation.record: refusal.reason for refusal in refusals}
    over_bounds = tuple(Dead(record, reason) for record, reason in letters.items())
    await tables.records.set_aside(over_bounds, now, is_counted=False)
    return over_bounds


def _decoded(
    records: Sequence[Record], schemas: Schemas | None
) -> tuple[list[Observation], list[Dead]]:
    """The observations of a batch, and its dead letters; the other records change no timer."""
    observations: list[Observation] = []
    dead: list[Dead] = []
    for record in records:
        match decode_inbound(record, schemas.of if schemas is not None else None):
            case Envelope() as envelope:
                observations += observations_of(envelope, record)
            case InvalidRecord(reason=reason):
                # Both services read this topic; exactly one may dead-letter a bad contact: the notifier, which
                # reads all of it.
                if record.topic != CONTACTS_TOPIC:
                    dead.append(Dead(record, reason))
            case IgnoredRecord():
                metrics.RECORDS.labels("ignored").inc()
    return observations, dead


def encoded(messages: Iterable[Message], now: datetime) -> list[Record]:
    """The messages of the scheduler as records; `now` (UTC) is their `ce_time`."""
    return [
        encode(message, event_id=_event_id(message), source=SOURCE, at=now) for message in messages
    ]


def _event_id(message: Message) -> str:
    match message:
        case DeadlineDue():
            return message.event_id
        case DeadlineWithdrawn():
            return message.withdrawal_id
        case DeadlineUpdated():
            return update_id(message.event_id, message.revision)
        case _:
            raise TypeError(f"the scheduler does not send {message.kind}")
