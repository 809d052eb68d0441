"""Letters on the canonical topic `stoppunkt.letters.v1` (contract 10)."""

from __future__ import annotations

from schemas.messages import LetterCancelled
from services.notifier.channels.canonical import publish_request, publish_twin
from services.notifier.domain.delivery import Outcome, State
from services.notifier.ports import Kind, Outgoing, Publish, Recall


class KafkaLetter:
    """Takes back what nobody has confirmed yet: a letter in the post cannot be stopped."""

    kind: Kind = "letter"
    closes: frozenset[State] = frozenset({"sent"})

    def __init__(self, publisher: Publish) -> None:
        self._publisher = publisher

    async def send(self, outgoing: Outgoing) -> Outcome:
        return await publish_request(self._publisher, outgoing)

    async def close(self, recall: Recall) -> Outcome:
        twin = LetterCancelled(delivery_id=recall.delivery_id, reason=recall.reason)
        return await publish_twin(
            self._publisher, twin, delivery_id=recall.delivery_id, at=recall.at
        )
