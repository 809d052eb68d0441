"""What the canonical topics share: a message out, under the delivery's id, and its twin that takes it back."""

from __future__ import annotations

from datetime import datetime

from schemas.ids import withdrawal_id
from schemas.messages import Message
from schemas.wire import encode
from services.notifier.domain.delivery import Outcome, Sent
from services.notifier.messages import SOURCE
from services.notifier.ports import Outgoing, Publish


async def publish_request(publisher: Publish, outgoing: Outgoing) -> Outcome:
    """The request itself. Kafka being away is our own trouble and raises: it is no receiver's answer."""
    record = encode(outgoing.message, event_id=outgoing.delivery_id, source=SOURCE, at=outgoing.at)
    await publisher.publish([record])
    return Sent()


async def publish_twin(
    publisher: Publish, twin: Message, *, delivery_id: str, at: datetime
) -> Outcome:
    """The message that takes the request back; published again it has the same id."""
    event_id = withdrawal_id(delivery_id, None, None)
    await publisher.publish([encode(twin, event_id=event_id, source=SOURCE, at=at)])
    return Sent()
