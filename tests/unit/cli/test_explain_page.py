"""The page of `explain`: every state and every reason of a plan is shown in words (contract 4.1, 4.5)."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import get_args

import pytest
from rich.console import Console

from services.cli.output.explain_page import deliveries_of, page_of
from services.cli.output.state_styles import STATE_STYLES
from services.notifier.operating import DeliveryStory
from services.notifier.ports import DeliveryProgress
from services.scheduler.domain.people.explanation import CaseStory, Explanation
from services.scheduler.domain.plan.history import StepKey
from services.scheduler.domain.plan.planned_step import PlannedStep, State
from services.scheduler.domain.plan.reasons import Reason, ShownReason, in_words, with_detail

AS_OF = datetime(2026, 3, 2, 8, tzinfo=UTC)
START, END, DUE = date(2026, 1, 5), date(2026, 5, 3), date(2026, 2, 1)


def page(state: State, reason: ShownReason, generation: int = 1) -> str:
    """The page of a person with one case, whose plan is one step."""
    key = StepKey("follow_up_plan", "reminder", "310200107")
    step = PlannedStep(None, key, generation, DUE, None, state, reason)
    case = CaseStory("case-1", START, END, 119, None, (step,), ())
    console = Console(width=200)
    with console.capture() as shown:
        console.print(page_of(Explanation("1", AS_OF, "0219", (), (), (case,))))
    return shown.get()


def test_every_state_has_a_colour() -> None:
    assert set(STATE_STYLES) == set(get_args(State))


@pytest.mark.parametrize("state", get_args(State))
def test_every_state_is_shown_with_the_day_and_the_words_of_its_reason(state: State) -> None:
    shown = page(state, "ended")

    assert f"{state.replace('_', ' ')}: the case is over" in shown
    assert "reminder (310200107)" in shown
    assert "Sun 1 Feb 2026" in shown


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_reason_is_shown_in_words_and_not_as_a_code(reason: Reason) -> None:
    shown = page("waiting", reason)

    assert f"waiting: {in_words(reason)}" in shown
    assert "_" not in shown


def test_a_detail_and_a_repeat_are_shown() -> None:
    shown = page("done", with_detail("exempted", "medical"), generation=2)

    assert "(again, 2)" in shown
    assert "done: exempted (medical)" in shown


def test_what_waits_for_somebody_at_the_employer_is_shown_with_its_reason() -> None:
    """contract 6.2: nothing is dropped silently."""
    fields = {field.name: None for field in dataclasses.fields(DeliveryProgress)}
    progress = DeliveryProgress(
        **fields  # type: ignore[arg-type]
        | {
            "delivery_id": "d1",
            "event_id": "e1",
            "role": "line_manager",
            "channel": "email",
            "purpose": "step",
            "state": "waiting",
            "wait_reason": "no_line_manager",
            "ready_at": datetime(2026, 3, 16, 9, tzinfo=UTC),
            "planned_at": AS_OF,
        }
    )
    console = Console(width=200)
    with console.capture() as shown:
        console.print(deliveries_of([DeliveryStory("follow_up_plan", "deadline", progress)]))
    assert "waiting (no line manager) until Mon 16 Mar 2026 10:00" in shown.get()
