"""SMS on the canonical topic `stoppunkt.sms.v1` (contract 10)."""

from __future__ import annotations

from schemas.messages import SmsCancelled
from services.notifier.channels.canonical import publish_request, publish_twin
from services.notifier.domain.delivery import Outcome, State
from services.notifier.ports import Kind, Outgoing, Publish, Recall


class KafkaSms:
    """Takes back what nobody has confirmed yet: an SMS that has arrived cannot be unread."""

    kind: Kind = "sms"
    closes: frozenset[State] = frozenset({"sent"})

    def __init__(self, publisher: Publish) -> None:
        self._publisher = publisher

    async def send(self, outgoing: Outgoing) -> Outcome:
        return await publish_request(self._publisher, outgoing)

    async def close(self, recall: Recall) -> Outcome:
        twin = SmsCancelled(delivery_id=recall.delivery_id, reason=recall.reason)
        return await publish_twin(
            self._publisher, twin, delivery_id=recall.delivery_id, at=recall.at
        )
