"""What operators see of the notifier: counts by channel and code, never by person (NAV_CHANNELS 7)."""

from collections.abc import Iterable

from prometheus_client import Counter

from services.notifier.domain.delivery import Delivery

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
