"""What the runtime counts. Labels are topics, groups, loops and classes; never a key, an id or a text."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RECORDS_HANDLED = Counter(
    "stoppunkt_kafka_records_handled", "Records handled, repeats included.", ["group", "topic"]
)
BATCHES_FAILED = Counter(
    "stoppunkt_kafka_batches_failed", "Attempts at a batch that failed.", ["group", "error"]
)
BATCH_SECONDS = Histogram(
    "stoppunkt_kafka_batch_seconds", "How long a batch took that was handled.", ["group"]
)
RECORDS_WAITING = Gauge(
    "stoppunkt_kafka_records_waiting", "Records at the broker and not yet handled.", ["group"]
)
RECORDS_PUBLISHED = Counter(
    "stoppunkt_kafka_records_published", "Records acknowledged by the broker.", ["topic"]
)
PUBLISHES_FAILED = Counter(
    "stoppunkt_kafka_publishes_failed", "Calls of publish that failed, by how.", ["outcome"]
)
TURNS = Counter("stoppunkt_turns", "Turns of a loop, by how they went.", ["loop", "outcome"])
