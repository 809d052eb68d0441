"""Adviser tasks on the canonical topic `stoppunkt.adviser-tasks.v1` (contract 10)."""

from __future__ import annotations

from schemas.messages import AdviserTaskClosed
from services.notifier.channels.canonical import publish_request, publish_twin
from services.notifier.domain.delivery import Outcome, State
from services.notifier.ports import Kind, Outgoing, Publish, Recall


class KafkaAdviserTask:
    """A task is open until it is closed, whether it has been seen or not."""

    kind: Kind = "adviser_task"
    closes: frozenset[State] = frozenset({"sent", "delivered"})

    def __init__(self, publisher: Publish) -> None:
        self._publisher = publisher

    async def send(self, outgoing: Outgoing) -> Outcome:
        return await publish_request(self._publisher, outgoing)

    async def close(self, recall: Recall) -> Outcome:
        twin = AdviserTaskClosed(task_id=recall.delivery_id, reason=recall.reason)
        return await publish_twin(
            self._publisher, twin, delivery_id=recall.delivery_id, at=recall.at
        )
