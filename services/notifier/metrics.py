"""What operators see of the notifier: counts by channel and code, never by person."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Gauge

from services.notifier.domain.delivery import Delivery
from services.notifier.ports import Backlog

_endings = Counter(
    "stoppunkt_deliveries",
    "Deliveries that came to a state, by channel.",
    ["channel", "state"],
)
_failures = Counter(
    "stoppunkt_deliveries_failed",
    "Deliveries that failed for good, by channel and role; alert on any.",
    ["channel", "role"],
)
_uncertain = Counter(
    "stoppunkt_deliveries_uncertain",
    "Deliveries tried again without knowing how the last attempt ended: at most one extra send each.",
    ["channel"],
)
_refused = Counter(
    "stoppunkt_notifier_records_refused",
    "Records about people who were erased after these were published.",
)
PUBLISHED = Counter(
    "stoppunkt_notifier_published", "Records of the outbox that Kafka has acknowledged."
)
_ready = Gauge(
    "stoppunkt_deliveries_ready", "Deliveries whose time has come; 1000 means as many or more."
)
_oldest = Gauge(
    "stoppunkt_deliveries_oldest_ready_timestamp_seconds",
    "When the oldest delivery that is ready became so; 0 where none is. Alert when it stands still.",
)
_unanswered = Gauge(
    "stoppunkt_deliveries_unanswered",
    "Sent more than 24 hours ago and never confirmed, by channel.",
    ["channel"],
)


def show_backlog(backlog: Backlog) -> None:
    """Show what was counted."""
    _ready.set(backlog.ready)
    _oldest.set(backlog.oldest_ready_at.timestamp() if backlog.oldest_ready_at else 0)
    _unanswered.clear()
    for channel, count in backlog.unanswered.items():
        _unanswered.labels(channel).set(count)


def count_endings(settled: Iterable[Delivery]) -> None:
    """Count each delivery by the state it came to."""
    for each in settled:
        _endings.labels(each.channel, each.state).inc()
        if each.state == "failed":
            _failures.labels(each.channel, each.role).inc()


def count_uncertain(claimed: Iterable[Delivery]) -> None:
    for each in claimed:
        if each.uncertain:
            _uncertain.labels(each.channel).inc()


def count_refused(records: int) -> None:
    """Count records that were refused."""
    _refused.inc(records)
