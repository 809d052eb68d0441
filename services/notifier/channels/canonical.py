"""SMS, e-mail, letters and adviser tasks on our own topics (contract 10): a message for whoever delivers it.

A request has the delivery's id as its own. It is taken back by a second message, its twin, whose id follows from the
request's: published again, both are the same messages.
"""

from __future__ import annotations

from schemas.ids import withdrawal_id
from schemas.messages import (
    AdviserTaskClosed,
    EmailCancelled,
    LetterCancelled,
    Message,
    SmsCancelled,
)
from schemas.wire import encode
from services.notifier.domain.delivery import Outcome, Sent, State
from services.notifier.messages import SOURCE
from services.notifier.ports import Kind, Outgoing, Recall
from services.records.relay import Publish


class KafkaSms:
    """Takes back what nobody has confirmed yet: an SMS that has arrived cannot be unread."""

    kind: Kind = "sms"
    closes: frozenset[State] = frozenset({"sent"})

    def __init__(self, publisher: Publish) -> None:
        self._publisher = publisher

    async def send(self, outgoing: Outgoing) -> Outcome:
        return await _publish_request(self._publisher, outgoing)

    async def close(self, recall: Recall) -> Outcome:
        twin = SmsCancelled(delivery_id=recall.delivery_id, reason=recall.reason)
        return await _publish_twin(self._publisher, twin, recall)


class KafkaEmail:
    """Takes back what nobody has confirmed yet."""

    kind: Kind = "email"
    closes: frozenset[State] = frozenset({"sent"})

    def __init__(self, publisher: Publish) -> None:
        self._publisher = publisher

    async def send(self, outgoing: Outgoing) -> Outcome:
        return await _publish_request(self._publisher, outgoing)

    async def close(self, recall: Recall) -> Outcome:
        twin = EmailCancelled(delivery_id=recall.delivery_id, reason=recall.reason)
        return await _publish_twin(self._publisher, twin, recall)


class KafkaLetter:
    """Takes back what nobody has confirmed yet: a letter in the post cannot be stopped."""

    kind: Kind = "letter"
    closes: frozenset[State] = frozenset({"sent"})

    def __init__(self, publisher: Publish) -> None:
        self._publisher = publisher

    async def send(self, outgoing: Outgoing) -> Outcome:
        return await _publish_request(self._publisher, outgoing)

    async def close(self, recall: Recall) -> Outcome:
        twin = LetterCancelled(delivery_id=recall.delivery_id, reason=recall.reason)
        return await _publish_twin(self._publisher, twin, recall)


class KafkaAdviserTask:
    """A task is open until it is closed, whether it has been seen or not."""

    kind: Kind = "adviser_task"
    closes: frozenset[State] = frozenset({"sent", "delivered"})

    def __init__(self, publisher: Publish) -> None:
        self._publisher = publisher

    async def send(self, outgoing: Outgoing) -> Outcome:
        return await _publish_request(self._publisher, outgoing)

    async def close(self, recall: Recall) -> Outcome:
        twin = AdviserTaskClosed(task_id=recall.delivery_id, reason=recall.reason)
        return await _publish_twin(self._publisher, twin, recall)


async def _publish_request(publisher: Publish, outgoing: Outgoing) -> Outcome:
    """Kafka being away raises: that is our own trouble, and no receiver's answer."""
    record = encode(outgoing.message, event_id=outgoing.delivery_id, source=SOURCE, at=outgoing.at)
    await publisher.publish([record])
    return Sent()


async def _publish_twin(publisher: Publish, twin: Message, recall: Recall) -> Outcome:
    event_id = withdrawal_id(recall.delivery_id, None, None)
    await publisher.publish([encode(twin, event_id=event_id, source=SOURCE, at=recall.at)])
    return Sent()
