"""The scheduler, but that its handler once awaits a task that something else has cancelled.

A library may do that, but no signal and no proxy brings it about from outside. So it happens here, in the first batch
that holds a record with the header `test-cancel`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from schemas.wire import Record
from services.runtime.settings import load_settings
from services.scheduler.app import run
from services.scheduler.handlers import Scheduler
from services.scheduler.settings import SchedulerSettings

_handle = Scheduler.handle
_cancelled: list[Record] = []


async def _handle_with_a_stray_cancel(self: Scheduler, records: Sequence[Record]) -> None:
    marked = [
        record for record in records if any(name == "test-cancel" for name, _ in record.headers)
    ]
    if marked and not _cancelled:
        _cancelled.extend(marked)
        other = asyncio.ensure_future(asyncio.sleep(3600))
        other.cancel()
        await other
    await _handle(self, records)


if __name__ == "__main__":
    Scheduler.handle = _handle_with_a_stray_cancel  # type: ignore[method-assign]
    sys.exit(run(load_settings(SchedulerSettings)))
