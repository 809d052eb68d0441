"""SMS, e-mail, letters and adviser tasks on our own topics (contract 10): a message for whoever delivers it.

A request has the delivery's id as its own. It is taken back by a second message, its twin, whose id follows from the
request's: published again, both are the same messages.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime

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


class CanonicalChannel(ABC):
    """What the four have in common: Kafka being away raises, for that is our own trouble and no receiver's answer."""

    kind: Kind
    closes: frozenset[State] = frozenset({"sent"})

    def __init__(self, publisher: Publish) -> None:
        self._publisher = publisher

    async def send(self, outgoing: Outgoing) -> Outcome:
        return await self._publish(outgoing.message, outgoing.delivery_id, outgoing.at)

    async def close(self, recall: Recall) -> Outcome:
        twin_id = withdrawal_id(recall.delivery_id, None, None)
        return await self._publish(self._twin(recall), twin_id, recall.at)

    @abstractmethod
    def _twin(self, recall: Recall) -> Message:
        """The message that takes the request back."""

    async def _publish(self, message: Message, event_id: str, at: datetime) -> Outcome:
        await self._publisher.publish([encode(message, event_id=event_id, source=SOURCE, at=at)])
        return Sent()


class KafkaSms(CanonicalChannel):
    """Takes back what nobody has confirmed yet: an SMS that has arrived cannot be unread."""

    kind: Kind = "sms"

    def _twin(self, recall: Recall) -> Message:
        return SmsCancelled(delivery_id=recall.delivery_id, reason=recall.reason)


class KafkaEmail(CanonicalChannel):
    """Takes back what nobody has confirmed yet."""

    kind: Kind = "email"

    def _twin(self, recall: Recall) -> Message:
        return EmailCancelled(delivery_id=recall.delivery_id, reason=recall.reason)


class KafkaLetter(CanonicalChannel):
    """Takes back what nobody has confirmed yet: a letter in the post cannot be stopped."""

    kind: Kind = "letter"

    def _twin(self, recall: Recall) -> Message:
        return LetterCancelled(delivery_id=recall.delivery_id, reason=recall.reason)


class KafkaAdviserTask(CanonicalChannel):
    """A task is open until it is closed, whether it has been seen or not."""

    kind: Kind = "adviser_task"
    closes: frozenset[State] = frozenset({"sent", "delivered"})

    def _twin(self, recall: Recall) -> Message:
        return AdviserTaskClosed(task_id=recall.delivery_id, reason=recall.reason)
