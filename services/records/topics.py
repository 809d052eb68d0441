"""The topics of ours: how each is made, and those that a service needs (contract 10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType

from schemas.messages import (
    AdviserTaskMessage,
    DeadlineMessage,
    DeliveryReceipt,
    EmailRequested,
    FollowUpFact,
    LetterRequested,
    PersonContactChanged,
    SickNoteRegistered,
    SmsRequested,
)
from services.records.dead_letters import dead_topic
from services.runtime.kafka import TopicSpec
from services.runtime.kafka.publisher import MAX_REQUEST_BYTES

# As many members of one consumer group as this may share a topic; a person's records stay on one partition.
PARTITIONS = 6


def _kept_for(time: timedelta) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(time // timedelta(milliseconds=1))}


_THIRTY_DAYS = _kept_for(timedelta(days=30))
_FOR_EVER = {"cleanup.policy": "delete", "retention.ms": "-1"}
# The newest record of each key stays.
_COMPACTED = {"cleanup.policy": "compact"}

OWN_TOPICS: Mapping[str, TopicSpec] = MappingProxyType(
    {
        SickNoteRegistered.topic: TopicSpec(PARTITIONS, _COMPACTED),
        FollowUpFact.topic: TopicSpec(PARTITIONS, _FOR_EVER),
        PersonContactChanged.topic: TopicSpec(PARTITIONS, _COMPACTED),
        DeadlineMessage.topic: TopicSpec(PARTITIONS, _THIRTY_DAYS),
        DeliveryReceipt.topic: TopicSpec(PARTITIONS, _THIRTY_DAYS),
        SmsRequested.topic: TopicSpec(PARTITIONS, _THIRTY_DAYS),
        EmailRequested.topic: TopicSpec(PARTITIONS, _THIRTY_DAYS),
        LetterRequested.topic: TopicSpec(PARTITIONS, _THIRTY_DAYS),
        AdviserTaskMessage.topic: TopicSpec(PARTITIONS, _THIRTY_DAYS),
    }
)

# A dead letter is its record and some headers more, and must always fit: as much as our producer sends at most.
_DEAD = TopicSpec(1, _THIRTY_DAYS | {"max.message.bytes": str(MAX_REQUEST_BYTES)})


def own_topics(*, read: Iterable[str], written: Iterable[str]) -> dict[str, TopicSpec]:
    """The topics of ours for a service that reads and writes these: ours among them, and a dead topic for each that
    it reads. Other teams make their own.
    """
    read = list(read)
    return {
        **{topic: OWN_TOPICS[topic] for topic in (*read, *written) if topic in OWN_TOPICS},
        **{dead_topic(topic): _DEAD for topic in read},
    }
