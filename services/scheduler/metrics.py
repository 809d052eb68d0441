"""What operators can watch of the scheduler; no label ever holds anything about a person."""

from __future__ import annotations

from services.runtime.metrics import counter, gauge, histogram

RECORDS = counter("scheduler_records", "Records handled, by what came of them.", "outcome")
FIRED = counter("scheduler_fired", "Timers fired.", "checkpoint", "step")
LATENESS_SECONDS = histogram(
    "scheduler_lateness_seconds",
    "From a timer's due instant to its firing.",
    buckets=(0, 1, 5, 15, 60, 300, 3600, 86_400, 7 * 86_400),
)
PUBLISHED = counter("scheduler_published", "Records of the outbox that Kafka has acknowledged.")
RECONCILED = counter(
    "scheduler_reconciled_people", "People whose timers were compared with their facts."
)
MENDED = counter(
    "scheduler_mended_timers", "Timers that were not what the facts give; each is a bug."
)
REPLAN_UNFINISHED = gauge(
    "scheduler_replan_unfinished", "1 while somebody is not under the rulebook in force yet."
)
RULEBOOK = gauge(
    "scheduler_rulebook",
    "1 for the rulebook in force, and 1 for the one that RULEBOOK names.",
    "which",
    "name",
    "version",
)
FIGURES_PEOPLE = gauge(
    "figures_people",
    "Of the last closed month, those eligible for meeting 2, by what had become of it.",
    "office",
    "outcome",
)
FIGURES_MEETINGS_HELD = gauge(
    "figures_meetings_held", "Of the last closed month, meetings 2 held.", "office"
)
FIGURES_MONTH = gauge(
    "figures_month_timestamp_seconds",
    "When the last closed month began (UTC); 0 where none is closed.",
)
PEOPLE_FORGOTTEN = counter(
    "scheduler_people_forgotten", "People forgotten so long after the end of their last case."
)
RETENTION_RUN_AT = gauge(
    "scheduler_retention_run_timestamp_seconds",
    "When everybody whose time was over had last been forgotten; 0 before the first time.",
)
RETENTION_OVERDUE_DAYS = gauge(
    "scheduler_retention_overdue_days",
    "Of those who are still remembered though their time is over, the days since it was; the longest.",
)
