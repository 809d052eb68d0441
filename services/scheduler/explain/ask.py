"""Why somebody did, or did not, get a message: asked by an operator at a terminal or over HTTP (contract 4.5).

Whoever asks is written down, in the same transaction: such an answer is health data.
"""

from __future__ import annotations

from datetime import datetime

from services.runtime.clock import Clock
from services.scheduler.domain.people.explanation import Explanation
from services.scheduler.domain.people.explanation import explain as in_words_of
from services.scheduler.domain.people.replan import replan
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.ports import Begin


async def explain(
    begin: Begin,
    clock: Clock,
    rulebook: Rulebook,
    person_id: str,
    at: datetime | None,
    *,
    operator: str,
) -> Explanation | None:
    """As things stand now, or stood at an earlier instant (aware) with what was known then; None for somebody unknown.

    Nothing is changed but the audit, and nobody is locked. `operator` is who asks: an account, never a person's
    number.
    """
    now = await clock.now()
    instant = at if at is not None and at < now else now
    async with begin() as tables:
        await tables.operators.add_audit(person_id, "explain", operator, now)
        operators = tables.operators
        past = await (
            operators.as_of(person_id, instant) if instant < now else operators.now(person_id)
        )
    if past is None:
        return None
    outcome = replan(past.person, rulebook, instant, past.armed)
    return in_words_of(outcome, instant, past.caveats)
