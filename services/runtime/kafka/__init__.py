"""Kafka as every service uses it: raw records in, records out, topics. It knows no topic by name."""

from __future__ import annotations

from services.runtime.kafka.codecs import missing_codecs
from services.runtime.kafka.connection import make_broker
from services.runtime.kafka.consumer import Consumer, Handle, HandlerFailed, StrayCancel
from services.runtime.kafka.probe import ConsumerProbe
from services.runtime.kafka.publisher import (
    Publisher,
    PublishOutcomeUnknown,
    PublishRefused,
)
from services.runtime.kafka.reading import read_record, read_topics
from services.runtime.kafka.topics import (
    TopicSpec,
    TopicsUnavailable,
    ensure_topics,
    missing_topics,
)

__all__ = [
    "Consumer",
    "ConsumerProbe",
    "Handle",
    "HandlerFailed",
    "PublishOutcomeUnknown",
    "PublishRefused",
    "Publisher",
    "StrayCancel",
    "TopicSpec",
    "TopicsUnavailable",
    "ensure_topics",
    "make_broker",
    "missing_codecs",
    "missing_topics",
    "read_record",
    "read_topics",
]
