"""Does a consumer still consume? Read from its private state, since nothing public says so.

The only module that reads what aiokafka and FastStream keep to themselves; the tests of it fail when a
new version has moved something, and then the probe says so too instead of "all is well".
"""

from __future__ import annotations

import asyncio
import time

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError

from services.runtime import metrics
from services.runtime.kafka.consumer import ATTEMPT_SECONDS, Consumer

# With records waiting, and neither a batch handled nor one tried.
STUCK_SECONDS = 10.0
# Twice the session: a member that long outside its group does not come back (aiokafka #1154). Longer
# before a restart, since a broker that is away looks the same.
REJOIN_READY_SECONDS = 20.0
REJOIN_LIVE_SECONDS = 120.0
FAILING_SECONDS = 5.0
POSITIONS_SECONDS = 1.0
DEAF_SECONDS = 10.0


class ConsumerProbe:
    """Liveness and readiness checks of one consumer, to be asked every few seconds."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._waiting_since: float | None = None
        self._rejoining_since: float | None = None
        self._last_seen: tuple[object, ...] = ()
        self._last_answers: dict[TopicPartition, int | None] = {}
        self._heard_at = time.monotonic()

    async def liveness(self) -> str | None:
        """Faults that only a new process cures."""
        client = self._consumer.subscriber.consumer
        if not self._consumer.subscriber.running or client is None:
            return "is not running"
        tasks = self._consumer.subscriber.tasks
        if not tasks or any(task.done() for task in tasks):
            return "its loop has ended"
        if client._coordinator._coordination_task.done():  # noqa: SLF001
            return "its group coordinator has ended"
        if self._rejoining_for(client) > REJOIN_LIVE_SECONDS:
            return f"outside its group for more than {REJOIN_LIVE_SECONDS:.0f} s"
        return self._hanging() or await self._stuck(client)

    async def readiness(self) -> str | None:
        """Faults that may pass: the handler fails, the group is not joined."""
        consumer = self._consumer
        client = consumer.subscriber.consumer
        if client is None:
            return "is not running"
        if consumer.failing_since is not None:
            seconds = time.monotonic() - consumer.failing_since
            if seconds > FAILING_SECONDS:
                return f"retries since {seconds:.0f} s ({consumer.last_error})"
        if self._rejoining_for(client) > REJOIN_READY_SECONDS:
            return "is outside its group"
        return self._deaf(client)

    def _rejoining_for(self, client: AIOKafkaConsumer) -> float:
        if not client._coordinator._rejoin_needed_fut.done():  # noqa: SLF001
            self._rejoining_since = None
            return 0.0
        now = time.monotonic()
        self._rejoining_since = self._rejoining_since or now
        return now - self._rejoining_since

    def _deaf(self, client: AIOKafkaConsumer) -> str | None:
        """The broker answers fetches several times a second, empty ones too, unless it is away.

        The instant of a partition's last answer is one of the wall clock, which may be set back; so it is only
        compared with the one before, and how long they have been equal is measured on the monotonic clock.
        """
        now = time.monotonic()
        answers = {tp: client.last_poll_timestamp(tp) for tp in client.assignment()}
        if not answers or answers != self._last_answers or self._consumer.attempt_started_at:
            self._last_answers, self._heard_at = answers, now
        if now - self._heard_at > DEAF_SECONDS:
            return f"hears nothing from its broker since {now - self._heard_at:.0f} s"
        return None

    def _hanging(self) -> str | None:
        started_at = self._consumer.attempt_started_at
        if started_at is not None and time.monotonic() - started_at > ATTEMPT_SECONDS + 10:
            return "its handler does not end"
        return None

    async def _stuck(self, client: AIOKafkaConsumer) -> str | None:
        """Records that may be read wait at the broker, and since STUCK_SECONDS nothing was even tried.

        Those of an open transaction may not, nor what stands behind it: a new process would get them no sooner.
        """
        try:
            async with asyncio.timeout(POSITIONS_SECONDS):
                positions = {tp: await client.position(tp) for tp in client.assignment()}
        except (TimeoutError, IllegalStateError):
            return None  # being assigned, or the broker is away: nobody can know what waits
        behind = sum(max(0, (client.highwater(tp) or 0) - at) for tp, at in positions.items())
        metrics.RECORDS_WAITING.labels(self._consumer.group_id).set(behind)
        waiting = any(_readable_end(client, tp) > at for tp, at in positions.items())
        seen = (tuple(sorted(positions.items())), self._consumer.attempts)
        now = time.monotonic()
        if not waiting or seen != self._last_seen or self._waiting_since is None:
            self._last_seen = seen
            self._waiting_since = now if waiting else None
            return None
        seconds = now - self._waiting_since
        return f"records wait since {seconds:.0f} s" if seconds > STUCK_SECONDS else None


def _readable_end(client: AIOKafkaConsumer, tp: TopicPartition) -> int:
    """Where the committed records of a partition end; a broker without transactions tells its end alone."""
    stable = client.last_stable_offset(tp)
    if stable is None or stable < 0:
        stable = client.highwater(tp)
    return stable or 0
