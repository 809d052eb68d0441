"""What the runtime counts, and how a service declares what it counts.

Every metric is declared in the `metrics.py` of its service, or here, and explained in docs/operators.md. Labels are
topics, groups, loops, codes and classes; never a key, an id, a name or a text.
"""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram


def counter(name: str, meaning: str, *labels: str) -> Counter:
    """A number that only rises; Prometheus shows it as `stoppunkt_<name>_total`."""
    return Counter(f"stoppunkt_{name}", meaning, labels)


def gauge(name: str, meaning: str, *labels: str) -> Gauge:
    """A number that stands at what it was last set to, shown as `stoppunkt_<name>`."""
    return Gauge(f"stoppunkt_{name}", meaning, labels)


def histogram(
    name: str, meaning: str, *labels: str, buckets: Sequence[float] = Histogram.DEFAULT_BUCKETS
) -> Histogram:
    """How often a figure was at most each of `buckets`, shown as `stoppunkt_<name>_bucket`, `_sum` and `_count`."""
    return Histogram(f"stoppunkt_{name}", meaning, labels, buckets=buckets)


READY = gauge("ready", "1 while every readiness check passes.")
TURNS = counter("turns", "Turns of a loop, by how they went.", "loop", "outcome")
RECORDS_HANDLED = counter(
    "kafka_records_handled", "Records handled, repeats included.", "group", "topic"
)
BATCHES_FAILED = counter(
    "kafka_batches_failed", "Attempts at a batch that failed.", "group", "error"
)
BATCH_SECONDS = histogram("kafka_batch_seconds", "How long a batch took that was handled.", "group")
RECORDS_WAITING = gauge(
    "kafka_records_waiting",
    "Records at the broker and not yet handled, those of open transactions among them.",
    "group",
)
RECORDS_PUBLISHED = counter(
    "kafka_records_published", "Records acknowledged by the broker.", "topic"
)
PUBLISHES_FAILED = counter(
    "kafka_publishes_failed", "Calls of publish that failed, by how.", "outcome"
)
RECORDS_REFUSED = counter(
    "kafka_records_refused",
    "Records of ours that Kafka refused for good and that were set aside, by the refusal's class.",
    "topic",
    "error",
)
REFUSED_RECORDS = gauge(
    "kafka_refused_records",
    "Records that Kafka refused, kept until an operator replays or removes them. Alert on any.",
)
HOUSEKEEPING_RUNS = counter(
    "housekeeping_runs", "Housekeeping jobs run, by name and how.", "job", "outcome"
)
LOG_MASKED = counter(
    "log_masked", "Places in log lines that looked like personal data; each is a bug."
)
LOG_KEYS_DROPPED = counter(
    "log_keys_dropped", "Values left out of log lines, their key not being declared."
)
