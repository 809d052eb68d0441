"""Retention: due events with their deliveries and withdrawals go after three years, a batch each hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.notifier.store import Begin

# Longer than a case lasts and may be asked about; then nobody needs to know any more (policy).
RETENTION = timedelta(days=3 * 365)


async def forget(begin: Begin, now: datetime) -> int:
    """Delete what nobody needs any more at `now` (aware), a batch; returns how many due events went."""
    async with begin() as tables:
        return await tables.deliveries.forget(now - RETENTION)
