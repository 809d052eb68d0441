"""What operators can watch of the scheduler; no label ever holds anything about a person."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

RECORDS = Counter(
    "stoppunkt_scheduler_records", "Records handled, by what came of them", ["outcome"]
)
FIRED = Counter("stoppunkt_scheduler_fired", "Timers fired", ["checkpoint", "step"])
PUBLISHED = Counter(
    "stoppunkt_scheduler_published", "Records of the outbox that Kafka has acknowledged"
)
LATENESS_SECONDS = Histogram(
    "stoppunkt_scheduler_lateness_seconds",
    "From a timer's due instant to its firing",
    buckets=(0, 1, 5, 15, 60, 300, 3600, 86_400, 7 * 86_400),
)
RECONCILED = Counter(
    "stoppunkt_scheduler_reconciled_people", "People whose timers were compared with their facts"
)
MENDED = Counter(
    "stoppunkt_scheduler_mended_timers", "Timers that were not what the facts give; each is a bug"
)
