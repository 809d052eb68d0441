"""Why somebody did, or did not, get a message: asked by an operator at a terminal or over HTTP (contract 4.5).

Whoever asks is written down, in the same transaction: such an answer is health data.
"""

from __future__ import annotations

from datetime import datetime

from services.runtime.clock import Clock
from services.scheduler.domain.people.explanation import Explanation
from services.scheduler.domain.people.explanation import explain as in_words_of
from services.scheduler.domain.people.replan import replan
from services.scheduler.ports import Begin, RulebookTerm

RULEBOOK_NOT_KEPT = (
    "Which rulebook was in force at that moment was not kept yet: "
    "steps are shown under the first that was kept."
)
REPLAN_UNDER_WAY = (
    "Not everybody had been brought under the rulebook in force by that moment: "
    "steps may have stood as under the one before it."
)


async def explain(
    begin: Begin,
    clock: Clock,
    person_id: str,
    at: datetime | None,
    *,
    operator: str,
) -> Explanation | None:
    """As things stand now, or stood at an earlier instant (aware) with what was known then; None for somebody unknown.

    Nothing is changed but the audit, and nobody is locked. `operator` is who asks: an account, never a person's
    number. Raises NoRulebook, and UnusableRulebook where this version cannot read the one that was in force.
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
        term = await tables.rulebooks.in_force_at(instant)
    outcome = replan(past.person, term.rulebook, instant, past.armed)
    return in_words_of(outcome, instant, past.caveats + _caveats(term, instant))


def _caveats(term: RulebookTerm, instant: datetime) -> tuple[str, ...]:
    if instant < term.since:
        return (RULEBOOK_NOT_KEPT,)
    is_under_way = term.replanned_at is None or instant < term.replanned_at
    return (REPLAN_UNDER_WAY,) if is_under_way else ()
