"""One case as the plan sees it, one step of it as a question, and whom that step asks (contract 4, 4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Literal

from schemas.messages import FULL_GRADE, Recipient, Role
from services.scheduler.domain.facts.case_facts import CaseFacts
from services.scheduler.domain.facts.cases import Leave
from services.scheduler.domain.plan.fact_anchors import Occurrence
from services.scheduler.domain.rulebook.model import Rulebook, Step, Suspension


@dataclass(frozen=True, slots=True)
class AskedAssessment:
    """An adviser is asked to assess meeting 2, on an Oslo date gone by or to come.

    `ended_at` is when an act or an exemption ended it after that; None while it stands or pends.
    """

    on: date
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class View:
    """One case as the plan sees it at `now` (UTC); `leave` is None once no note makes it any more.

    `assessments` are those that an adviser is asked for. They are planned first, and then known to what hangs on them.
    """

    leave: Leave | None
    facts: CaseFacts
    rulebook: Rulebook
    now: datetime
    today: date
    is_dead: bool
    assessments: tuple[AskedAssessment, ...] = ()

    @property
    def is_over(self) -> bool:
        """Contract 3.6; a case without notes is withdrawn, which is another thing."""
        return self.leave is not None and (self.is_dead or self.today >= self.leave.over_on)


@dataclass(frozen=True, slots=True)
class Question:
    """One step of one leave: due on one date, told on another or the same, judged by the notes of `judged_on`.

    That is the due date, or the day for which an exemption or a suspension has put the step off. `suspensions` are
    those that count, `resumes` exemptions for which it was withdrawn before, `planned_for` is the day of a due event
    that went out and is asked again. With `asks_every_employer` those are asked too whom a condition leaves out (for
    meeting 1 their grade), to see whether they have done it.
    """

    step: Step
    occurrence: Occurrence | None
    view: View
    leave: Leave
    due_on: date
    told_on: date
    judged_on: date
    suspensions: Sequence[Suspension] = ()
    resumes: Sequence[str] = ()
    planned_for: date | None = None
    asks_every_employer: bool = False

    @property
    def asked_work(self) -> Literal["full", "graded"] | None:
        """What work an employer is asked about for meeting 1, each by its own notes; None: whatever it is.

        aml § 4-6 (4): within seven weeks of being *fully* away, for graded work where somebody asks for it.
        """
        step = self.step
        if step.meeting != 1:
            return None
        if "adviser" not in step.to and step.requires("graded"):
            return "graded"
        if "adviser" not in step.to and step.requires("full"):
            return "full"
        anchor: Step | None = step
        while anchor is not None and anchor.from_ is not None:
            anchor = self.view.rulebook.find(anchor.from_)
        return "full" if anchor is not None and anchor.full_days is not None else None

    @property
    def asked_employers(self) -> tuple[str, ...]:
        """The employers of the due date, each by its own notes and plan; one that joins later is not asked."""
        day = self.leave.within(self.due_on)
        orgs = tuple(employer.org_number for employer in self.leave.employers(day))
        if self.occurrence is not None and self.occurrence.org_numbers is not None:
            orgs = tuple(sorted(self.occurrence.org_numbers))
        if self.asks_every_employer:
            return orgs
        if self.step.requires("plan_made"):
            # Of a plan without `made_on` an employer's own system has told the office alone, and would tell nobody here
            # that the practitioner has got it too.
            plans = [plan for plan in self.view.facts.plans if plan.made_on is not None]
            with_plan = {plan.org_number for plan in plans}
            orgs = tuple(org for org in orgs if org in with_plan)
        if self.asked_work is None:
            return orgs
        return tuple(org for org in orgs if self._work(org) == self.asked_work)

    def _work(self, org_number: str) -> Literal["full", "graded"] | None:
        grade = self.leave.employer_grade(org_number, self.leave.within(self.judged_on))
        if grade is None:
            return None
        return "full" if grade == FULL_GRADE else "graded"

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """All whom the step could go to on its due date, done or not."""
        recipients: list[Recipient] = []
        employers = self.asked_employers
        for role in self.step.to:
            if role == "line_manager":
                recipients += [_recipient(role, org_number=org) for org in employers]
            elif role == "employee":
                # Where their grade leaves out every employer of meeting 1, it leaves out the employee's share too.
                if (employers or self.asked_work is None) and not self._is_one_employers_exemption:
                    recipients.append(_recipient(role))
            else:
                adviser_id = self.occurrence.adviser_id if self.occurrence is not None else None
                recipients.append(_recipient(role, adviser_id=adviser_id))
        return tuple(recipients)

    @property
    def _is_one_employers_exemption(self) -> bool:
        """Whether the step tells of exemptions that name employers: those say nothing to the employee."""
        occurrence = self.occurrence
        names_employers = occurrence is not None and occurrence.org_numbers is not None
        return self.step.on == "exemption_granted" and names_employers


@lru_cache(maxsize=1_000)
def _recipient(
    role: Role, org_number: str | None = None, adviser_id: str | None = None
) -> Recipient:
    """A value that every step of every plan needs: made once, for it is checked when it is made."""
    return Recipient(role=role, org_number=org_number, adviser_id=adviser_id)
