"""One person's facts become cases, plans, timers and withdrawals: the same replan after every fact (contract 4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from schemas.ids import case_id as case_id_of
from schemas.ids import withdrawal_id
from schemas.messages import Basis, DeadlineUpdated, DeadlineWithdrawn
from schemas.norway import OSLO, midnight, oslo_date
from schemas.stored import stand_in
from services.scheduler.domain.events.basis import CaseBasis, same_facts, with_history
from services.scheduler.domain.events.due_event import draft, not_after
from services.scheduler.domain.events.missing import questions_of
from services.scheduler.domain.facts.case_facts import CaseFacts, case_facts, facts_by_case
from services.scheduler.domain.facts.cases import Identified, Leave, StoredCase, identify, leaves_of
from services.scheduler.domain.facts.facts import standing
from services.scheduler.domain.people.person import Person
from services.scheduler.domain.people.retention import last_on
from services.scheduler.domain.plan.history import ArmedStep, Fired, Timer, Withdrawn
from services.scheduler.domain.plan.plan import CasePlan, plan
from services.scheduler.domain.plan.planned_step import PlannedStep
from services.scheduler.domain.plan.view import View
from services.scheduler.domain.rulebook.model import Rulebook


@dataclass(frozen=True)
class ReplanOutcome:
    """The person as it is from now on, what goes out at once, and the plan of every case by its id."""

    person: Person
    messages: tuple[DeadlineWithdrawn | DeadlineUpdated, ...]
    leaves: Mapping[str, Leave]
    plans: Mapping[str, CasePlan]


def replan(
    person: Person,
    rulebook: Rulebook,
    now: datetime,
    armed: Sequence[ArmedStep] | None = None,
    notes_since: date | None = None,
) -> ReplanOutcome:
    """Derive everything about a person anew; pure, and `now` (UTC) is the only clock.

    `notes_since` is the Oslo date since when the system has known sick notes, of anybody; None where it has known none.
    `armed` stands in for the person's timers where an earlier moment is explained: of those only so much is kept.
    """
    stands = standing(person.slots, person.facts)
    leaves = leaves_of(stands.notes, stands.resumed)
    identified = identify(
        leaves,
        person.cases,
        person.numbers_used,
        lambda number: case_id_of(person.hash, number),
    )
    # A withdrawn case takes no facts, or what arrived on the way would decide which case a fact is of.
    starts = [(case.start, case.case_id) for case in identified.cases if not case.is_withdrawn]
    known = facts_by_case(stands.follow_up, starts)
    facts = {case.case_id: case_facts(known.get(case.case_id, ())) for case in identified.cases}
    scene = _Scene(
        person,
        person.timers if armed is None else armed,
        rulebook.for_office(person.office),
        now,
        identified,
        facts,
        notes_since,
    )
    plans = {
        case.case_id: scene.plan(case.case_id, is_dead=stands.died_on is not None)
        for case in identified.cases
    }
    updated, fired = scene.updated(plans)
    timers = [timer for case, case_plan in plans.items() for timer in scene.timers(case, case_plan)]
    withdrawn = [
        scene.withdrawal(*withdrawal) for case in plans.values() for withdrawal in case.withdrawn
    ]
    return ReplanOutcome(
        person=replace(
            person,
            cases=identified.cases,
            numbers_used=identified.numbers_used,
            fired=tuple(fired),
            timers=tuple(timers),
            replan_at=min(
                (case_plan.replan_at for case_plan in plans.values() if case_plan.replan_at),
                default=None,
            ),
            last_on=last_on(leaves, person.slots, person.facts),
        ),
        messages=(*withdrawn, *updated),
        leaves=identified.leaves,
        plans=plans,
    )


@dataclass(frozen=True)
class _Scene:
    """What all cases of a replan share."""

    person: Person
    armed: Sequence[ArmedStep]
    rulebook: Rulebook
    now: datetime
    identified: Identified
    facts: Mapping[str, CaseFacts]
    notes_since: date | None
    bases: dict[str, CaseBasis] = field(default_factory=dict)

    @property
    def person_id(self) -> str:
        """The person's number as it leaves: one that an earlier version has stored may be no code."""
        return stand_in(self.person.person_id)

    def plan(self, case: str, *, is_dead: bool) -> CasePlan:
        view = View(
            leave=self.identified.leaves.get(case),
            facts=self.facts[case],
            rulebook=self.rulebook,
            now=self.now,
            today=oslo_date(self.now),
            is_dead=is_dead,
        )
        fired = [
            fired_event if fired_event.case_id == case else replace(fired_event, case_id=case)
            for fired_event in self.person.fired
            if self._owner(fired_event.case_id) == case
        ]
        # A case's own history comes before what it took over.
        fired.sort(key=lambda fired_event: fired_event.event.case_id != case)
        timers = {timer.key: timer for timer in self.armed if timer.case_id == case}
        return plan(view, fired, timers)

    def _owner(self, case: str) -> str:
        return self.identified.merged.get(case, case)

    def timers(self, case: str, case_plan: CasePlan) -> list[Timer]:
        leave = self.identified.leaves.get(case)
        if leave is None:
            return []
        return [
            self._timer(case, leave, step, case_plan)
            for step in case_plan.steps
            if step.state == "armed"
        ]

    def _timer(self, case: str, leave: Leave, planned: PlannedStep, case_plan: CasePlan) -> Timer:
        if planned.step is None or planned.due_at is None or planned.due_on is None:
            raise ValueError("an armed step has a step and a due date")
        due_at = planned.due_at.astimezone(UTC)
        for_adviser = any(recipient.role == "adviser" for recipient in planned.recipients)
        as_of = oslo_date(max(due_at, self.now))
        return Timer(
            case_id=case,
            key=planned.key,
            generation=planned.generation,
            due_on=planned.due_on,
            due_at=due_at,
            armed_since=planned.armed_since or self.now,
            fire_before=midnight(leave.over_on),
            caught_up=planned.caught_up,
            draft=draft(
                planned.step,
                planned,
                leave,
                self.rulebook,
                case_id=case,
                person_id=self.person_id,
                not_after=not_after(planned, case_plan.steps, self.now),
                basis=self._basis(case, leave, case_plan, as_of) if for_adviser else None,
            ),
            suspended_until=planned.suspended_until,
        )

    def _basis(
        self, case: str, leave: Leave, case_plan: CasePlan, as_of: date, revision: int = 1
    ) -> Basis:
        if case not in self.bases:
            earlier = [
                (self.identified.leaves[earlier_case.case_id], self.facts[earlier_case.case_id])
                for earlier_case in self._live_cases()
                if earlier_case.start < leave.start
            ]
            questions = questions_of(case_plan, self.rulebook, self.now)
            self.bases[case] = CaseBasis(leave, self.facts[case], earlier, self.rulebook, questions)
        return self.bases[case].as_of(as_of, revision)

    def _live_cases(self) -> list[StoredCase]:
        return [
            stored_case
            for stored_case in self.identified.cases
            if stored_case.case_id in self.identified.leaves
        ]

    def withdrawal(self, fired: Fired, part: Withdrawn) -> DeadlineWithdrawn:
        event, recipient = fired.event, part.recipient
        return DeadlineWithdrawn(
            withdrawal_id=withdrawal_id(
                event.event_id,
                recipient.role if recipient is not None else None,
                recipient.org_number if recipient is not None else None,
            ),
            event_id=event.event_id,
            case_id=event.case_id,
            person_id=self.person_id,
            checkpoint=event.checkpoint,
            step=event.step,
            subject=event.subject,
            generation=event.generation,
            reason=part.reason,
            detail=part.detail,
            recipients=(recipient,) if recipient is not None else None,
            withdrawn_at=part.at.astimezone(OSLO),
        )

    def updated(self, plans: Mapping[str, CasePlan]) -> tuple[list[DeadlineUpdated], list[Fired]]:
        """The due events that stand with a basis that has changed, and the history after that."""
        messages: list[DeadlineUpdated] = []
        history: list[Fired] = []
        for case, case_plan in plans.items():
            for fired in case_plan.fired:
                basis = self._changed_basis(case, case_plan, fired)
                if basis is None:
                    history.append(fired)
                    continue
                history.append(replace(fired, basis=basis))
                messages.append(
                    DeadlineUpdated(
                        event_id=fired.event.event_id,
                        case_id=fired.event.case_id,
                        person_id=self.person_id,
                        revision=basis.revision,
                        basis=basis,
                        updated_at=self.now.astimezone(OSLO),
                    )
                )
        return messages, history

    def _changed_basis(self, case: str, case_plan: CasePlan, fired: Fired) -> Basis | None:
        """The basis as of today, where a fact has changed the one that was sent last; time alone changes none."""
        known = fired.basis or fired.event.basis
        leave = self.identified.leaves.get(case)
        if known is None or leave is None or not fired.remaining:
            return None
        as_known = self._basis(case, leave, case_plan, known.as_of)
        if same_facts(with_history(as_known, known.history_since), known):
            return None
        basis = self._basis(
            case, leave, case_plan, oslo_date(self.now), revision=known.revision + 1
        )
        return with_history(basis, self.notes_since)
