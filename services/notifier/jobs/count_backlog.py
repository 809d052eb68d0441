"""How much is ready and how much has no receipt, counted each minute and shown as metrics."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.notifier import metrics
from services.notifier.ports import Backlog
from services.notifier.store import Begin

# A channel that has said nothing for so long is counted, and nothing more is done about it (contract 6.7).
RECEIPT_PATIENCE = timedelta(hours=24)


async def count_backlog(begin: Begin, now: datetime) -> Backlog:
    """Count what operators should see as of `now` (aware), and show it as metrics; changes nothing."""
    async with begin() as tables:
        backlog = await tables.deliveries.backlog(now, now - RECEIPT_PATIENCE)
    oldest = backlog.oldest_ready_at
    metrics.READY.set(backlog.ready)
    metrics.OLDEST_READY.set(oldest.timestamp() if oldest is not None else 0)
    metrics.UNANSWERED.clear()
    for channel, count in backlog.unanswered.items():
        metrics.UNANSWERED.labels(channel).set(count)
    return backlog
