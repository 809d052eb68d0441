"""The plan of one case: for every step one state with a reason, and what follows from it (SPEC 4.1-4.3).

Pure and total: plan(view, history) is a function of the facts that stand, of what the steps have been through,
of the rulebook and of `now`. Timers are derived here and nowhere else; nobody adds, moves or cancels one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from schemas.messages import Recipient, WithdrawalReason
from services.scheduler.domain.anchors import Instance, instances
from services.scheduler.domain.calendar import midnight
from services.scheduler.domain.closing import View
from services.scheduler.domain.history import Fired, StepKey, Timer, Withdrawn
from services.scheduler.domain.judge import Verdict, judge
from services.scheduler.domain.rulebook import Step

State = Literal["fired", "not_applicable", "done", "waiting", "missed", "armed"]

MOVED_AFTER_DAYS = 7
"""A fired step whose due date is now more than that many days ahead is withdrawn (SPEC 4.3)."""

DOUBT = timedelta(minutes=15)
"""How long what notes bring about waits before it withdraws: a note that changes topic is gone briefly (v)."""

_EXEMPTED = "exempted:"
# Brought about by acts, not by notes, and so withdrawn at once.
_ACTS_NOT_APPLICABLE = {"summoned", "not_exempted", "nobody_asked", "disabled"}


@dataclass(frozen=True, slots=True)
class Planned:
    """One step of one case: its state, and whom it is (or was) for."""

    step: Step | None
    key: StepKey
    generation: int
    due_on: date | None
    due_at: datetime | None
    state: State
    reason: str
    recipients: tuple[Recipient, ...] = ()
    caught_up: bool = False
    armed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class CasePlan:
    """The plan of a case, the history as it is from now on, and when time alone will change the plan next."""

    steps: tuple[Planned, ...]
    fired: tuple[Fired, ...]
    withdrawn: tuple[tuple[Fired, Withdrawn], ...]
    replan_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A step after its second thoughts: `given` is its state unless it is open and still to be timed."""

    step: Step
    key: StepKey
    verdict: Verdict
    generation: int
    last: Fired | None
    given: Planned | None


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Why a recipient's due event no longer holds; `by_notes` waits before it withdraws."""

    reason: WithdrawalReason
    detail: str | None
    by_notes: bool


def plan(view: View, fired: Sequence[Fired], timers: Mapping[StepKey, Timer]) -> CasePlan:
    """Plan a case. `fired` and `timers` are its own history; the view says all else."""
    by_key: dict[StepKey, list[Fired]] = {}
    for each in sorted(fired, key=lambda one: (one.event.generation, one.event.fired_at)):
        by_key.setdefault(each.key, []).append(each)
    second = _SecondThoughts(view)
    candidates: list[_Candidate] = []
    taken: set[StepKey] = set()
    for step in view.rulebook.steps:
        for key, instance in _keys(step, view, by_key, taken):
            taken.add(key)
            candidates.append(second.candidate(step, key, instance, by_key.pop(key, [])))
    for orphans in by_key.values():  # Steps that the rulebook no longer has.
        second.of_unknown_step(orphans)
    timed = _time(view, candidates, timers)
    return CasePlan(
        steps=tuple(timed),
        fired=tuple(second.fired),
        withdrawn=tuple(second.withdrawn),
        replan_at=_replan_at(view, second.fired, timed),
    )


def _keys(
    step: Step, view: View, by_key: Mapping[StepKey, object], taken: set[StepKey]
) -> Iterable[tuple[StepKey, Instance | None]]:
    """The timers of a step: one, or one for each fact that asks, also for one that asked when it fired."""
    if step.on is None:
        yield StepKey(step.checkpoint, step.name, ""), None
        return
    asked = {instance.subject: instance for instance in instances(step, view.facts)}
    for subject, instance in asked.items():
        yield StepKey(step.checkpoint, step.name, subject), instance
    for key in list(by_key):
        is_its = (key.checkpoint, key.step) == (step.checkpoint, step.name)
        if is_its and key.subject not in asked and _could_ask(step, view, key.subject):
            yield key, None
    empty = StepKey(step.checkpoint, step.name, "")
    if not asked and _has_one_timer(step) and empty not in by_key and empty not in taken:
        yield empty, None


def _has_one_timer(step: Step) -> bool:
    """A fact-anchored step without subject stands in every plan, if only as *nobody asked*."""
    return step.on == "activity_requirement_assessed" or (
        step.on == "meeting_requested" and step.meeting is not None
    )


def _could_ask(step: Step, view: View, subject: str) -> bool:
    """Whether a fired timer of that subject was this step's, where several share the name by meeting."""
    known = [meeting.meeting for meeting in view.facts.meetings if meeting.meeting_id == subject]
    return not known or known[0] in step.meetings


class _SecondThoughts:
    """What becomes of due events that went out; gathers the history as it is from now on."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.fired: list[Fired] = []
        self.withdrawn: list[tuple[Fired, Withdrawn]] = []

    def candidate(
        self, step: Step, key: StepKey, instance: Instance | None, history: Sequence[Fired]
    ) -> _Candidate:
        standing = [each for each in history if each.remaining]
        self.fired += [each for each in history if not each.remaining]
        for extra in standing[1:]:
            # Two cases became one and both had fired the step: one of the two stands.
            self._doubt(extra, {r: _Doubt("case_withdrawn", None, True) for r in extra.remaining})
        if standing:
            verdict = judge(step, instance, self.view)
            after = self._doubt(standing[0], self._doubts(step, instance, standing[0], verdict))
            history = [each for each in history if each is not standing[0]] + [after]
            if after.remaining:
                return self._given(step, key, verdict, after)
        last = max(history, key=lambda each: each.event.generation, default=None)
        resumes = _exemptions_of(last)
        verdict = judge(step, instance, self.view, resumes=resumes)
        generation = last.event.generation if last is not None else 1
        if (
            last is not None
            and last.ended_with_case
            and (self.view.is_over or verdict.outcome != "open")
        ):
            return self._given(step, key, verdict, last)
        if verdict.outcome == "open":
            return _Candidate(step, key, verdict, generation, last, None)
        planned = Planned(
            step, key, generation, verdict.due_on, verdict.due_at, verdict.outcome, verdict.reason
        )
        return _Candidate(step, key, verdict, generation, last, planned)

    def of_unknown_step(self, history: Sequence[Fired]) -> None:
        """A due event of a step that the rulebook has lost stands until its case is over."""
        for each in history:
            doubt = self._case_doubt()
            doubts = dict.fromkeys(each.remaining, doubt) if doubt else {}
            self._doubt(each, doubts)

    def _given(self, step: Step, key: StepKey, verdict: Verdict, fired: Fired) -> _Candidate:
        planned = _as_fired(step, key, fired)
        return _Candidate(step, key, verdict, fired.event.generation, fired, planned)

    def _doubts(
        self, step: Step, instance: Instance | None, fired: Fired, verdict: Verdict
    ) -> dict[Recipient, _Doubt]:
        of_case = self._case_doubt()
        doubts: dict[Recipient, _Doubt] = {}
        for recipient in fired.remaining:
            doubt = of_case if self.view.is_dead or self.view.leave is None else None
            doubt = (
                doubt or self._doubt_by_facts(step, instance, fired, verdict, recipient) or of_case
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
        instance: Instance | None,
        fired: Fired,
        verdict: Verdict,
        recipient: Recipient,
    ) -> _Doubt | None:
        event = fired.event
        if instance is not None and instance.renewed_at is not None:
            is_renewed = event.fired_at < instance.renewed_at <= self.view.now
            if is_renewed:
                return _Doubt("done", instance.renewed_by, by_notes=False)
        # A start that moves less, or back, changes nothing: what was right on its own date still is.
        then = judge(step, instance, self.view, due_on=event.due_on) if step.on is None else verdict
        reason = verdict.closed.get(recipient) or then.closed.get(recipient)
        if reason is not None:
            if reason.startswith(_EXEMPTED):
                return _Doubt("exempted", reason.removeprefix(_EXEMPTED), False)
            return _Doubt("done", reason, False)
        if self.view.is_over:
            return None  # The end of the case says it all.
        if verdict.due_on is not None:
            ahead = (verdict.due_on - self.view.today).days
            if ahead > MOVED_AFTER_DAYS:
                return _Doubt("moved", None, step.on is None)
        if _gives(verdict, recipient) or _gives(then, recipient):
            return None
        lost = verdict if verdict.outcome == "not_applicable" else then
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


def _gives(verdict: Verdict, recipient: Recipient) -> bool:
    return verdict.outcome == "open" and recipient in verdict.open_to


def _exemptions_of(last: Fired | None) -> tuple[str, ...]:
    """The exemptions for which a due event was withdrawn."""
    parts = last.withdrawn if last is not None else ()
    return tuple(part.detail for part in parts if part.reason == "exempted" and part.detail)


def _as_fired(step: Step | None, key: StepKey, fired: Fired) -> Planned:
    event = fired.event
    late = event.late_seconds
    return Planned(
        step,
        key,
        event.generation,
        event.due_on,
        event.due_at,
        "fired",
        f"late:{late}" if late else "on_time",
        event.recipients,
        fired.caught_up,
    )


# --- when: due, overdue, late (SPEC 4.2) ------------------------------------------------------------------


def _time(
    view: View, candidates: Sequence[_Candidate], timers: Mapping[StepKey, Timer]
) -> list[Planned]:
    """Give the open candidates their state: armed where they are in time, else judged as late."""
    late: dict[StepKey, str | None] = {}
    for each in candidates:
        if each.given is None and not _is_in_time(each, view, timers.get(each.key)):
            late[each.key] = _missed_reason(each, view, candidates)
    _only_the_latest_fires(candidates, late)
    return [
        each.given if each.given is not None else _timed(each, view, timers.get(each.key), late)
        for each in candidates
    ]


def _timed(
    candidate: _Candidate, view: View, timer: Timer | None, late: Mapping[StepKey, str | None]
) -> Planned:
    verdict, last = candidate.verdict, candidate.last
    missed = late.get(candidate.key)
    is_over = view.is_over
    if missed is None and is_over:
        missed = "ended"
    if missed is not None:
        if last is not None and last.ended_with_case:
            return _as_fired(candidate.step, candidate.key, last)
        return Planned(
            candidate.step,
            candidate.key,
            candidate.generation,
            verdict.due_on,
            verdict.due_at,
            "missed",
            missed,
        )
    generation = candidate.generation + 1 if last is not None else 1
    is_due = verdict.due_at is not None and verdict.due_at <= view.now
    reason = f"again:{generation}" if generation > 1 else ("overdue" if is_due else "due")
    keeps = timer is not None and timer.generation == generation
    return Planned(
        candidate.step,
        candidate.key,
        generation,
        verdict.due_on,
        verdict.due_at,
        "armed",
        reason,
        verdict.open_to,
        caught_up=candidate.key in late,
        armed_since=timer.armed_since if keeps and timer is not None else view.now,
    )


def _is_in_time(candidate: _Candidate, view: View, timer: Timer | None) -> bool:
    """Not yet due, or armed before it fell due and still to fire (an outage)."""
    due_at = candidate.verdict.due_at
    if due_at is None or due_at > view.now:
        return True
    if timer is None or timer.caught_up:
        return False  # What was late when it was planned is judged anew until it fires.
    # A correction that moves the due date into the past is judged as late, unless the timer was due anyway.
    return timer.due_at == due_at or timer.due_at <= view.now


def _missed_reason(
    candidate: _Candidate, view: View, candidates: Sequence[_Candidate]
) -> str | None:
    """Why a step first planned after its due instant is missed, or None where it fires at once."""
    step, verdict = candidate.step, candidate.verdict
    counts_from = verdict.catch_up_from
    if counts_from is None or view.leave is None:
        return "catch_up_passed"
    if (view.today - counts_from).days > step.catch_up_days:
        return "catch_up_passed"
    waits_for_notes = step.requires("sick_listed") and not step.is_at_once
    if waits_for_notes and not view.leave.is_sick_listed(view.today):
        return "recovered"
    if view.is_over:
        return "ended"
    for path in step.superseded_by:
        if any(_supersedes(other, candidate, path, view) for other in candidates):
            return f"superseded:{path}"
    return None


def _supersedes(other: _Candidate, candidate: _Candidate, path: str, view: View) -> bool:
    """Whether `other` is the step of that path, applies, and has fallen due."""
    if other.step.path != path or other.key.subject not in ("", candidate.key.subject):
        return False
    if other.given is not None:
        has_fallen_due = other.given.state == "fired"
    else:
        due_at = other.verdict.due_at
        has_fallen_due = due_at is not None and due_at <= view.now
    # What happens at once is only superseded by what fell due after it.
    at, mine = other.verdict.due_at, candidate.verdict.due_at
    is_after = at is not None and mine is not None and at > mine
    return has_fallen_due and (is_after or not candidate.step.is_at_once)


def _only_the_latest_fires(
    candidates: Sequence[_Candidate], late: dict[StepKey, str | None]
) -> None:
    """A backdated note never causes a burst: of one checkpoint only the latest late step fires."""
    latest: dict[tuple[str, str], tuple[datetime, str]] = {}
    for each in candidates:
        at = _caught_up_at(each, late)
        if at is not None:
            group = (each.key.checkpoint, each.key.subject)
            latest[group] = max(latest.get(group, (at, each.step.path)), (at, each.step.path))
    for each in candidates:
        due_at = each.verdict.due_at
        first = latest.get((each.key.checkpoint, each.key.subject))
        if (
            late.get(each.key, "") is not None
            or each.step.is_at_once
            or due_at is None
            or not first
        ):
            continue
        if due_at < first[0]:
            late[each.key] = f"superseded:{first[1]}"


def _caught_up_at(each: _Candidate, late: Mapping[StepKey, str | None]) -> datetime | None:
    """The due instant of a step that is about to fire late or has done so; None for all others."""
    if each.step.is_at_once:
        return None
    if each.given is not None:
        has_fired_late = each.given.state == "fired" and each.given.caught_up
        return each.given.due_at if has_fired_late else None
    return each.verdict.due_at if late.get(each.key, "") is None else None


# --- when next --------------------------------------------------------------------------------------------


def _replan_at(view: View, fired: Sequence[Fired], steps: Sequence[Planned]) -> datetime | None:
    """The next instant at which time alone changes the plan: a doubt's end, the case's, an exemption's."""
    due: list[datetime] = [
        each.doubted_since + DOUBT for each in fired if each.doubted_since is not None
    ]
    if view.leave is not None and not view.is_dead:
        has_open = any(each.remaining for each in fired) or any(s.state == "armed" for s in steps)
        if has_open:
            due.append(midnight(view.leave.over_on))
        due += [
            midnight(each.until + timedelta(days=1))
            for each in view.facts.exemptions
            if each.until is not None
        ]
    return min((at for at in due if at > view.now), default=None)
