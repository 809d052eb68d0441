"""Which rulebook is in force, and whether it is the one that `RULEBOOK` names: logged and measured (contract 4.6).

Only `replan` puts another one in force. A service that is given another `RULEBOOK` says so and runs on by the one in
force, so that two instances with different files, as under a rolling update, never undo each other's timers.
"""

from __future__ import annotations

import structlog

from services.runtime.clock import Clock
from services.runtime.logs import declare_log_keys
from services.scheduler import metrics
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.ports import Begin

declare_log_keys("rulebook", "content_hash")

_log = structlog.stdlib.get_logger(__name__)


class RulebookWatch:
    """Compares the rulebook in force with `wanted`, the one that `RULEBOOK` names."""

    def __init__(self, begin: Begin, wanted: Rulebook) -> None:
        self._begin = begin
        self._wanted = wanted
        self._in_force: Rulebook | None = None

    async def run(self) -> None:
        """Look; logs only what has changed since the last look. Raises what `Rulebooks.in_force` raises."""
        async with self._begin() as tables:
            in_force = await tables.rulebooks.in_force()
            replanned_to = await tables.rulebooks.replanned_to()
        metrics.REPLAN_UNFINISHED.set(0 if replanned_to is None else 1)
        metrics.RULEBOOK.clear()
        for which, rulebook in (("in_force", in_force), ("wanted", self._wanted)):
            metrics.RULEBOOK.labels(which, rulebook.name, rulebook.version).set(1)
        if self._in_force is not None and self._in_force.is_same_as(in_force):
            return
        self._in_force = in_force
        _log.info("rulebook.in_force", rulebook=in_force.title, content_hash=in_force.content_hash)
        if not in_force.is_same_as(self._wanted):
            _log.warning("rulebook.differs", reason=sentence(in_force, self._wanted))


def sentence(in_force: Rulebook, wanted: Rulebook) -> str:
    """Why a `RULEBOOK` has no effect, and what gives it one."""
    return (
        f"{in_force.title} is in force and is what this service runs by; RULEBOOK names {wanted.title},"
        " which `stoppunkt replan` puts in force"
    )


async def put_first_in_force(begin: Begin, clock: Clock, wanted: Rulebook) -> None:
    """Put `wanted` in force where none is yet; raises ChangedRulebook."""
    now = await clock.now()
    async with begin() as tables:
        await tables.rulebooks.put_first_in_force(wanted, now)
