"""What operators can watch of the notifier: counts by channel and code, never by person."""

from __future__ import annotations

from services.runtime.metrics import counter, gauge

SETTLED = counter("deliveries", "Deliveries that came to a state, by channel.", "channel", "state")
FAILED = counter(
    "deliveries_failed",
    "Deliveries that failed for good, by channel and role; alert on any.",
    "channel",
    "role",
)
UNCERTAIN = counter(
    "deliveries_uncertain",
    "Deliveries tried again without knowing how the last attempt ended: at most one extra send each.",
    "channel",
)
REFUSED = counter(
    "notifier_records_refused",
    "Records about people who were erased since, and due events older than people are remembered.",
)
PUBLISHED = counter("notifier_published", "Records of the outbox that Kafka has acknowledged.")
READY = gauge("deliveries_ready", "Deliveries whose time has come; 1000 means as many or more.")
OLDEST_READY = gauge(
    "deliveries_oldest_ready_timestamp_seconds",
    "When the oldest delivery that is ready became so; 0 where none is. Alert when it stands still.",
)
UNANSWERED = gauge(
    "deliveries_unanswered",
    "Sent more than 24 hours ago and never confirmed, by channel.",
    "channel",
)
PEOPLE_FORGOTTEN = counter(
    "notifier_people_forgotten",
    "People whose due events went so long after the end of their last case.",
)
RETENTION_RUN_AT = gauge(
    "notifier_retention_run_timestamp_seconds",
    "When everybody had last been looked at to be forgotten; 0 before the first time.",
)
