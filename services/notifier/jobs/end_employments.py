"""The day after an employment has ended its employer owes nothing more: what still stands to it is taken back.

What has not left yet needs none of this: whether the employment stands is asked right before each send.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.norway import ONE_DAY, oslo_date
from services.notifier.domain.employers_side import CanClose
from services.notifier.settling import end_duties, observe
from services.notifier.store import Begin

# Looked back so far every time, so that no end is missed while the service was away; what is done changes nothing.
LOOKED_BACK = timedelta(days=30)


async def end_employments(begin: Begin, can_close: CanClose, now: datetime) -> int:
    """Withdraw what stands to employers that owe nothing any more at `now` (aware); returns how many deliveries."""
    yesterday = oslo_date(now) - ONE_DAY
    async with begin() as tables:
        employees = await tables.contacts.ended_between(yesterday - LOOKED_BACK, yesterday)
        if employees:
            await tables.events.lock(await tables.contacts.connected(employees))
        moved = await end_duties(tables, employees, can_close, now)
    observe(moved)
    return len(moved)
