"""The scheduler as it is, but that its handler once awaits something that was cancelled behind its back.

No signal and no proxy brings that about from outside, and a library may: so it is brought about here,
for the first batch that holds a record with the header `test-cancel`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from schemas.wire import Record
from services.runtime.settings import load_settings
from services.scheduler.app import Settings, run
from services.scheduler.handlers import Scheduler

_handle = Scheduler.handle
_cancelled: list[Record] = []


async def _handle_with_a_stray_cancel(self: Scheduler, records: Sequence[Record]) -> None:
    marked = [each for each in records if any(name == "test-cancel" for name, _ in each.headers)]
    if marked and not _cancelled:
        _cancelled.extend(marked)
        other = asyncio.ensure_future(asyncio.sleep(3600))
        other.cancel()
        await other
    await _handle(self, records)


if __name__ == "__main__":
    Scheduler.handle = _handle_with_a_stray_cancel  # type: ignore[method-assign]
    sys.exit(run(load_settings(Settings)))
