"""A service that sends itself SIGKILL at a named point of its work, and is otherwise as it always is.

`python -m tests.chaos.killed_program <service> <point>`; `never` is a point too. Each is a moment between two effects
that belong together (contract 15), which a kill from outside would hit only by chance. People go each second.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from services.notifier.app import run as run_notifier
from services.notifier.handlers import Handlers
from services.notifier.sending.senders import Senders
from services.notifier.settings import NotifierSettings
from services.records.tables import RecordTables
from services.runtime.kafka import Publisher
from services.runtime.settings import load_settings
from services.scheduler import app as scheduler
from services.scheduler.handlers import Scheduler
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store.people import PeopleTables
from services.scheduler.store.removal import RemovalTables

# point: (class, method, whether the kill comes before or after the call, how many calls are let through before)
POINTS: dict[str, tuple[type, str, Literal["before", "after"], int]] = {
    # scheduler
    "stored_not_committed": (PeopleTables, "save", "after", 0),
    "committed_not_acknowledged": (Scheduler, "handle", "after", 0),
    "fired_not_in_outbox": (RecordTables, "put", "before", 0),
    "removed_not_committed": (RemovalTables, "remove", "after", 1),
    # both
    "half_published": (Publisher, "_send", "after", 5),
    "published_not_committed": (Publisher, "publish", "after", 0),
    # notifier
    "planned_not_committed": (Handlers, "_handle", "after", 0),
    "planned_not_acknowledged": (Handlers, "handle", "after", 0),
    "claimed_not_sent": (Senders, "run", "before", 0),
    "sent_not_recorded": (Senders, "run", "after", 0),
}


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(point: str) -> None:
    """Let the process die at that point."""
    owner, name, when, calls_left = POINTS[point]
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def killed(self: object, *args: Any, **kwargs: Any) -> Any:
        nonlocal calls_left
        # A call with nothing to do does not count, and neither does a turn that found nothing to send.
        if when == "before" and calls_left == 0 and args[0]:
            _die()
        outcome = await original(self, *args, **kwargs)
        found_nothing = owner is Senders and outcome == []
        if when == "after" and calls_left == 0 and not found_nothing:
            _die()
        calls_left -= 0 if found_nothing else 1
        return outcome

    setattr(owner, name, killed)


if __name__ == "__main__":
    service, wanted = sys.argv[1:]
    scheduler.FORGET_EVERY_SECONDS = 1.0
    if wanted != "never":
        kill_at(wanted)
    if service == "scheduler":
        sys.exit(scheduler.run(load_settings(SchedulerSettings)))
    sys.exit(run_notifier(load_settings(NotifierSettings)))
