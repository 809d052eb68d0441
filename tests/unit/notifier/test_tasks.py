"""What an adviser's task says: its date, the legal date, the case as it is, the priority, the employer (contract 6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import AdviserTaskOpened, DeadlineDue, Employer, MeetingBasis, TaskCase
from schemas.norway import OSLO
from services.notifier.domain.decision import DueFor, Party, decide, stand_in
from services.notifier.domain.delivery import Purpose
from services.notifier.domain.matrix import TASK_RULES, priority, task_rule
from services.notifier.domain.recipients import Contacts, Desk
from services.notifier.domain.relevance import Facts, Send
from services.notifier.messages import compose
from services.notifier.ports import KnownEvent
from services.notifier.texts_folder import load_texts
from services.workdays import is_working_day, working_days_after
from tests.support.notifier_desk import ADVISER, BYGG, KAFE, MANAGER, basis, due, oslo

TEXTS = load_texts()
TUESDAY = oslo("2026-02-24T09:00:00")
AT_DESK = Send(desks=(Desk("0219", "Z990001"),))


def task(event: DeadlineDue, at: datetime, purpose: Purpose = "step") -> AdviserTaskOpened:
    """The task of the event's recipient that leaves at an instant, through the real compose step."""
    of = DueFor(event, b"anne")
    (decision, *_) = decide(of, Contacts(), [], at)
    delivery = replace(decision.delivery, channel="adviser_task", purpose=purpose)
    known = KnownEvent(event, b"anne", at, 1)
    facts = Facts(event, Contacts(), at, "2103")
    outgoing = compose(delivery, known, facts, AT_DESK, words=TEXTS, now=at)
    assert isinstance(outgoing.message, AdviserTaskOpened)
    assert (outgoing.delivery.office, outgoing.delivery.adviser_id) == ("0219", "Z990001")
    assert outgoing.delivery.due_on == outgoing.message.due_on
    return outgoing.message


def event(checkpoint: str = "dialogue_meeting_2", step: str = "deadline", **others: Any) -> Any:
    known: dict[str, Any] = {"at": TUESDAY, "recipients": (ADVISER,)}
    return due(checkpoint, step, **(known | others))


@pytest.mark.parametrize(
    ("checkpoint", "step", "days", "urgency"),
    [
        ("activity_requirement", "assess", 5, "normal"),
        ("activity_requirement", "reply", 5, "normal"),
        ("activity_requirement", "notice", 3, "normal"),
        ("dialogue_meeting_2_assessment", "assess", 10, "normal"),
        ("dialogue_meeting_2_assessment", "early", 10, "normal"),
        ("dialogue_meeting_2_summons", "last_day", 3, "high"),
        ("dialogue_meeting_2", "deadline", 1, "high"),
        ("dialogue_meeting_2", "lapsed", 3, "normal"),
        ("meeting_answer", "answer", 3, "normal"),
        ("reassessment", "look_again", 3, "normal"),
        ("never_heard_of", "step", 3, "normal"),
    ],
)
def test_a_task_has_so_many_working_days_and_such_a_priority(
    checkpoint: str, step: str, days: int, urgency: str
) -> None:
    """The matrix of contract 6."""
    opened = task(event(checkpoint, step, basis=basis(1)), TUESDAY)
    assert opened.due_on == working_days_after(date(2026, 2, 24), days)
    assert opened.priority == urgency


def test_an_assessment_is_urgent_where_a_party_wants_a_meeting() -> None:
    rule = task_rule("dialogue_meeting_2_assessment", "assess", "step")
    about = event("dialogue_meeting_2_assessment", "assess", basis=basis(1, wants_meeting=True))
    assert priority(rule, about) == "high"
    assert priority(rule, about.model_copy(update={"basis": None})) == "normal"


@pytest.mark.parametrize(
    ("refusals", "of", "urgency"),
    [
        (0, "m2", "normal"),
        (1, "m2", "normal"),
        (2, "m2", "high"),
        (3, "m2", "high"),
        (2, "m9", "normal"),
    ],
)
def test_a_meeting_that_is_refused_again_is_urgent(refusals: int, of: str, urgency: str) -> None:
    meeting = MeetingBasis(
        meeting=2, meeting_id=of, state="summoned", takes_place_on=date(2026, 3, 9),
        org_number=None, refusals=refusals,
    )  # fmt: skip
    shown = basis(1).model_copy(update={"meetings": (meeting,)})
    opened = task(event("meeting_answer", "answer", subject="m2", basis=shown), TUESDAY)
    assert (opened.priority, opened.due_on) == (urgency, date(2026, 2, 27))


@pytest.mark.parametrize("purpose", ["no_line_manager", "protected", "undelivered"])
def test_a_task_that_stands_in_for_somebody_has_the_last_rule_and_the_events_legal_date(
    purpose: Purpose,
) -> None:
    about = event(recipients=(MANAGER,), legal_on=date(2026, 2, 25))
    opened = task(about, TUESDAY, purpose)
    assert (opened.step, opened.priority, opened.org_number) == (purpose, "normal", KAFE)
    assert (opened.legal_on, opened.due_on) == (date(2026, 2, 25), date(2026, 2, 25))
    far = task(about.model_copy(update={"legal_on": date(2026, 4, 1)}), TUESDAY, purpose)
    assert (far.legal_on, far.due_on) == (date(2026, 4, 1), date(2026, 2, 27))


def test_a_task_about_a_protected_address_is_about_no_single_employer() -> None:
    party = Party("line_manager")
    assert stand_in(DueFor(event(), b"anne"), party, "protected", (), TUESDAY).org_number is None


@pytest.mark.parametrize(
    ("opens", "legal", "due_on"),
    [
        ("2026-02-24", None, "2026-02-27"),
        ("2026-02-24", "2026-03-20", "2026-02-27"),
        ("2026-02-24", "2026-02-26", "2026-02-26"),
        ("2026-02-24", "2026-02-24", "2026-02-24"),
        ("2026-02-24", "2026-01-31", "2026-02-24"),  # it opens after its legal date
        ("2026-07-03", "2026-07-05", "2026-07-03"),  # a Friday before a Sunday
        ("2026-07-04", "2026-07-05", "2026-07-04"),  # a Saturday: the last working day has passed
        ("2026-03-31", "2026-04-06", "2026-04-01"),  # Easter Monday: the Wednesday before
    ],
)
def test_a_task_is_due_by_its_legal_date(opens: str, legal: str | None, due_on: str) -> None:
    """contract 6: in working days, and never before it opens."""
    legal_on = date.fromisoformat(legal) if legal else None
    opened = task(event("reassessment", "look_again", legal_on=legal_on), oslo(f"{opens}T09:00:00"))
    assert (opened.due_on, opened.legal_on) == (date.fromisoformat(due_on), legal_on)


def test_a_task_shows_the_case_on_the_day_that_it_opens() -> None:
    """A task that waited opens later: day and week, and its working days, count from then."""
    about = event(due_on=date(2026, 2, 24))
    start, end = about.case.start, about.case.end
    assert task(about, TUESDAY).case == TaskCase(start=start, end=end, day=49, week=7)
    later = task(about, TUESDAY + timedelta(days=1))
    assert later.case == TaskCase(start=start, end=end, day=50, week=8)
    assert later.due_on == date(2026, 2, 26)


def test_a_task_shows_the_end_of_the_newest_notes() -> None:
    longer = basis(2).model_copy(update={"notes_until": date(2026, 6, 30)})
    opened = task(event(basis=longer), TUESDAY)
    assert opened.case is not None
    assert opened.case.end == date(2026, 6, 30)


@pytest.mark.parametrize(
    ("subject", "employer"), [(None, None), ("m2", None), (BYGG, BYGG), ("310299999", None)]
)
def test_a_step_about_one_employer_names_it(subject: str | None, employer: str | None) -> None:
    employers = (Employer(org_number=KAFE), Employer(org_number=BYGG))
    opened = task(event("plan_requested", "overdue", subject=subject, employers=employers), TUESDAY)
    assert opened.org_number == employer


DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))
STEPS = st.sampled_from(
    [(rule.checkpoint or "never_heard_of", rule.step or "step") for rule in TASK_RULES]
)


@given(
    STEPS,
    DAYS,
    st.none() | st.integers(-40, 200),
    st.times(),
    st.sampled_from(["step", "no_line_manager", "protected", "undelivered"]),
)
def test_no_task_is_due_after_its_legal_date_or_before_it_opens(
    step: tuple[str, str], day: date, to_law: int | None, clock: time, purpose: Purpose
) -> None:
    """The two exclude each other only where it opens after the legal date: then it is due the day that it opens."""
    legal_on = None if to_law is None else day + timedelta(days=to_law)
    at = datetime.combine(day, clock, OSLO)
    about = event(*step, at=at, legal_on=legal_on, recipients=(MANAGER,))
    opened = task(about, at, purpose)
    assert opened.due_on >= day
    if legal_on is not None:
        assert opened.due_on <= max(legal_on, day)
    # A day on which nobody is at work only where no earlier one is left.
    assert is_working_day(opened.due_on) or opened.due_on == day
