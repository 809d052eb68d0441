"""What becomes of due events that went out, once the facts no longer give them (contract 4.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schemas.messages import Recipient, WithdrawalReason
from services.scheduler.domain.plan.assess import Assessment, assess
from services.scheduler.domain.plan.fact_anchors import Occurrence
from services.scheduler.domain.plan.history import Fired, StepKey, Withdrawn
from services.scheduler.domain.plan.planned_step import Candidate, PlannedStep, as_fired
from services.scheduler.domain.plan.view import View
from services.scheduler.domain.rulebook.model import Step

MOVED_AFTER_DAYS = 7
"""A fired step whose due date is now more than that many days ahead is withdrawn (contract 4.3)."""

DOUBT = timedelta(minutes=15)
"""How long what notes bring about waits before it withdraws: a note that changes topic is gone briefly (policy)."""

_EXEMPTED = "exempted:"
# Brought about by acts, not by notes, and so withdrawn at once.
_ACTS_NOT_APPLICABLE = {"summoned", "not_exempted", "nobody_asked", "disabled"}


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Why a recipient's due event no longer holds; `by_notes` waits before it withdraws."""

    reason: WithdrawalReason
    detail: str | None
    by_notes: bool


class SecondThoughts:
    """What becomes of due events that went out; gathers the history as it is from now on."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.fired: list[Fired] = []
        self.withdrawn: list[tuple[Fired, Withdrawn]] = []

    def candidate(
        self, step: Step, key: StepKey, occurrence: Occurrence | None, history: Sequence[Fired]
    ) -> Candidate:
        standing = [each for each in history if each.remaining]
        self.fired += [each for each in history if not each.remaining]
        for extra in standing[1:]:
            # Two cases became one and both had fired the step: one of the two stands.
            self._doubt(extra, {r: _Doubt("case_withdrawn", None, True) for r in extra.remaining})
        if standing:
            assessment = assess(step, occurrence, self.view)
            after = self._doubt(
                standing[0], self._doubts(step, occurrence, standing[0], assessment)
            )
            history = [each for each in history if each is not standing[0]] + [after]
            if after.remaining:
                return self._given(step, key, assessment, after)
        last = max(history, key=lambda each: each.event.generation, default=None)
        resumes = _exemptions_of(last)
        assessment = assess(step, occurrence, self.view, resumes=resumes)
        generation = last.event.generation if last is not None else 1
        if (
            last is not None
            and last.ended_with_case
            and (self.view.is_over or assessment.outcome != "open")
        ):
            return self._given(step, key, assessment, last)
        if assessment.outcome == "open":
            return Candidate(step, key, assessment, generation, last, None)
        planned = PlannedStep(
            step,
            key,
            generation,
            assessment.due_on,
            assessment.due_at,
            assessment.outcome,
            assessment.reason,
        )
        return Candidate(step, key, assessment, generation, last, planned)

    def of_unknown_step(self, history: Sequence[Fired]) -> None:
        """A due event of a step that the rulebook has lost stands until its case is over."""
        for each in history:
            doubt = self._case_doubt()
            doubts = dict.fromkeys(each.remaining, doubt) if doubt else {}
            self._doubt(each, doubts)

    def _given(self, step: Step, key: StepKey, assessment: Assessment, fired: Fired) -> Candidate:
        planned = as_fired(step, key, fired)
        return Candidate(step, key, assessment, fired.event.generation, fired, planned)

    def _doubts(
        self, step: Step, occurrence: Occurrence | None, fired: Fired, assessment: Assessment
    ) -> dict[Recipient, _Doubt]:
        of_case = self._case_doubt()
        doubts: dict[Recipient, _Doubt] = {}
        for recipient in fired.remaining:
            doubt = of_case if self.view.is_dead or self.view.leave is None else None
            doubt = (
                doubt
                or self._doubt_by_facts(step, occurrence, fired, assessment, recipient)
                or of_case
            )
            if doubt is not None:
                doubts[recipient] = doubt
        return doubts

    def _case_doubt(self) -> _Doubt | None:
        if self.view.is_dead:
            return _Doubt("died", None, False)
        if self.view.leave is None:
            return _Doubt("case_withdrawn", None, True)
        return _Doubt("ended", None, self._was_shortened()) if self.view.is_over else None

    def _was_shortened(self) -> bool:
        """Whether notes have ended the case in the past: neither midnight now nor a return to work did.

        The last note of a long leave that changes topic leaves a case that was over long ago, for a moment.
        """
        leave, today = self.view.leave, self.view.today
        if leave is None or leave.over_on == leave.resumed_on:
            return False
        return today > leave.over_on

    def _doubt_by_facts(
        self,
        step: Step,
        occurrence: Occurrence | None,
        fired: Fired,
        assessment: Assessment,
        recipient: Recipient,
    ) -> _Doubt | None:
        event = fired.event
        if occurrence is not None and occurrence.renewed_at is not None:
            is_renewed = event.fired_at < occurrence.renewed_at <= self.view.now
            if is_renewed:
                return _Doubt("done", occurrence.renewed_by, by_notes=False)
        # A start may move a little, or back: what was right on the date that it was told for still is.
        then = (
            assess(step, occurrence, self.view, due_on=event.due_on)
            if step.on is None
            else assessment
        )
        reason = assessment.closed.get(recipient) or then.closed.get(recipient)
        if reason is not None:
            if reason.startswith(_EXEMPTED):
                return _Doubt("exempted", reason.removeprefix(_EXEMPTED), False)
            return _Doubt("done", reason, False)
        if self.view.is_over:
            return None  # The end of the case says it all.
        if assessment.due_on is not None:
            ahead = (assessment.due_on - self.view.today).days
            if ahead > MOVED_AFTER_DAYS:
                return _Doubt("moved", None, step.on is None)
        if _gives(assessment, recipient) or _gives(then, recipient):
            return None
        lost = assessment if assessment.outcome == "not_applicable" else then
        detail = lost.reason if lost.outcome == "not_applicable" else "not_sick_listed"
        if lost.outcome == "open":
            detail = "no_employer"
        return _Doubt("not_applicable", detail, detail not in _ACTS_NOT_APPLICABLE)

    def _doubt(self, fired: Fired, doubts: Mapping[Recipient, _Doubt]) -> Fired:
        """Withdraw what is certain, remember since when the rest is doubted."""
        if not doubts and fired.doubted_since is None:
            self.fired.append(fired)
            return fired
        now = self.view.now
        waits = any(doubt.by_notes for doubt in doubts.values())
        since = (fired.doubted_since or now) if waits else None
        is_certain = since is not None and now >= since + DOUBT
        certain = {r: d for r, d in doubts.items() if not d.by_notes or is_certain}
        parts = _withdrawals(fired, certain, now)
        still_waits = waits and not is_certain
        after = replace(
            fired,
            withdrawn=fired.withdrawn + parts,
            doubted_since=since if still_waits else None,
        )
        self.withdrawn += [(after, part) for part in parts]
        self.fired.append(after)
        return after


def _withdrawals(
    fired: Fired, certain: Mapping[Recipient, _Doubt], now: datetime
) -> tuple[Withdrawn, ...]:
    """One withdrawal for all where all are withdrawn for one reason, else one for each recipient."""
    reasons = {(doubt.reason, doubt.detail) for doubt in certain.values()}
    if len(reasons) == 1 and set(certain) == set(fired.remaining):
        reason, detail = reasons.pop()
        return (Withdrawn(None, reason, detail, now),)
    return tuple(
        Withdrawn(recipient, doubt.reason, doubt.detail, now)
        for recipient, doubt in certain.items()
    )


def _gives(assessment: Assessment, recipient: Recipient) -> bool:
    return assessment.outcome == "open" and recipient in assessment.open_to


def _exemptions_of(last: Fired | None) -> tuple[str, ...]:
    """The exemptions for which a due event was withdrawn."""
    parts = last.withdrawn if last is not None else ()
    return tuple(part.detail for part in parts if part.reason == "exempted" and part.detail)
