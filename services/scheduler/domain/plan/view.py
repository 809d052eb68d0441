"""One case as the plan sees it, one step of it as a question, and whom that step asks (contract 4, 4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from schemas.messages import FULL_GRADE, Recipient, Role
from services.scheduler.domain.facts.case_facts import CaseFacts
from services.scheduler.domain.facts.cases import Leave
from services.scheduler.domain.plan.fact_anchors import Occurrence
from services.scheduler.domain.rulebook.model import Rulebook, Step


@dataclass(frozen=True, slots=True)
class View:
    """One case as the plan sees it at `now` (UTC); `leave` is None once no note makes it any more."""

    leave: Leave | None
    facts: CaseFacts
    rulebook: Rulebook
    now: datetime
    today: date
    is_dead: bool

    @property
    def is_over(self) -> bool:
        """Contract 3.6; a case without notes is withdrawn, which is another thing."""
        return self.leave is not None and (self.is_dead or self.today >= self.leave.over_on)


@dataclass(frozen=True, slots=True)
class Question:
    """One step of one leave on one due date; `resumes` are exemptions for which it was withdrawn before.

    With `asks_graded` employers of graded work are asked for meeting 1 too, to see whether they have held it.
    """

    step: Step
    occurrence: Occurrence | None
    view: View
    leave: Leave
    due_on: date
    resumes: Sequence[str] = ()
    asks_graded: bool = False

    def within(self, day: date) -> date:
        """The day, or the nearest one of the leave: there its notes hold."""
        return min(max(day, self.leave.start), self.leave.end)

    @property
    def is_meeting_1_timer(self) -> bool:
        """Whether it counts from full leave, itself or by the step that it is anchored in."""
        anchor: Step | None = self.step
        while anchor is not None and anchor.from_ is not None:
            anchor = self.view.rulebook.find(anchor.from_)
        return self.step.meeting == 1 and anchor is not None and anchor.full_days is not None

    @property
    def asked_employers(self) -> tuple[str, ...]:
        """The employers of the due date, each by its own notes; one that joins later is not asked."""
        if self.occurrence is not None and self.occurrence.org_numbers is not None:
            return tuple(sorted(self.occurrence.org_numbers))
        day = self.within(self.due_on)
        orgs = [employer.org_number for employer in self.leave.employers(day)]
        if self.is_meeting_1_timer and not self.asks_graded:
            # aml § 4-6 (4): within seven weeks of being *fully* away.
            orgs = [org for org in orgs if self.leave.employer_grade(org, day) == FULL_GRADE]
        return tuple(orgs)

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """All whom the step could go to on its due date, done or not."""
        recipients: list[Recipient] = []
        employers = self.asked_employers
        for role in self.step.to:
            if role == "line_manager":
                recipients += [_recipient(role, org_number=org) for org in employers]
            elif role == "employee":
                # Where every employer is out of it because of graded work, so is the employee's share.
                if employers or not self.is_meeting_1_timer:
                    recipients.append(_recipient(role))
            else:
                adviser_id = self.occurrence.adviser_id if self.occurrence is not None else None
                recipients.append(_recipient(role, adviser_id=adviser_id))
        return tuple(recipients)


@lru_cache(maxsize=1_000)
def _recipient(
    role: Role, org_number: str | None = None, adviser_id: str | None = None
) -> Recipient:
    """A value that every step of every plan needs: made once, for it is checked when it is made."""
    return Recipient(role=role, org_number=org_number, adviser_id=adviser_id)
