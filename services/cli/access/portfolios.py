"""Whose portfolio a timer that falls due is in: the scheduler has the timers, the notifier the advisers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.cli.access.environment import notifier_settings, scheduler_settings
from services.notifier.domain.recipients import Desk
from services.notifier.operating import Concern, portfolios_of
from services.scheduler.operating import Pending, pending


@dataclass(frozen=True, slots=True)
class Coming:
    """A timer that falls due, and the desk in whose portfolio the person is."""

    timer: Pending = field(repr=False)
    desk: Desk


async def coming(days: int, *, tasks_only: bool) -> Sequence[Coming]:
    """What falls due today (in Oslo) and on the days after it, `days` in all: every timer, or what becomes a task.

    Raises what PostgreSQL raises at either service's tables.
    """
    timers = [
        timer
        for timer in await pending(scheduler_settings(), days)
        if timer.for_adviser or not tasks_only
    ]
    concerns = [
        Concern(timer.person, timer.office, timer.named, timer.org_numbers) for timer in timers
    ]
    desks = await portfolios_of(notifier_settings(), concerns)
    return [Coming(timer, desks[concern]) for timer, concern in zip(timers, concerns, strict=True)]
