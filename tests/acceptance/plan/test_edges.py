"""Plans at the edges of the rules: one employer of several, a start that moves, a fact alone, an exemption's end.

Each file in `tests/acceptance/data/edges` is one made-up person; the plan is the command line's (contract 4).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.plan.test_plan_scenario_1 import plan_of
from tests.support.paths import TESTS

EDGES = TESTS / "acceptance" / "data" / "edges"
PLAN, MEETING_1, NEED = "follow_up_plan", "dialogue_meeting_1", "meeting_need"
EVE = "a_deadline_told_on_the_eve_of_its_exemptions_end"
ON_TIME = "fired: on_time"
EXEMPTED = "done: exempted:obviously_unnecessary"


def timers(name: str, at: str) -> dict[str, tuple[str, str, str]]:
    """The last case's timers by `checkpoint.step`: the legal date, the date on which it is told, state and reason."""
    [person] = plan_of(EDGES / f"{name}.ndjson", at)["persons"]
    found: dict[str, Any] = {}
    for timer in person["cases"][-1]["timers"]:
        dates = (timer["due_on"], (timer["due_at"] or "")[:10])
        step = f"{timer['checkpoint']}.{timer['step']}"
        found[step] = (*dates, f"{timer['state']}: {timer['reason']}")
    return found


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        (
            "a_request_where_one_employer_is_graded",
            "2026-04-30T12:00:00+02:00",
            {
                f"{MEETING_1}.requested": ("2026-03-20", "2026-03-20", ON_TIME),
                f"{MEETING_1}.deadline": ("2026-04-19", "2026-04-17", ON_TIME),
            },
        ),
        *(
            (
                name,
                "2026-06-05T12:00:00+02:00",
                {
                    "meeting_plan.first": ("2026-05-14", "2026-05-13", ON_TIME),
                    "meeting_plan.second": ("2026-05-21", "2026-05-21", ON_TIME),
                    "meeting_outcome.outcome": ("2026-05-29", "2026-05-29", ON_TIME),
                },
            )
            for name in (
                "a_meeting_known_only_as_moved",
                "a_summons_before_the_case_and_a_move_in_it",
            )
        ),
        (
            "a_plans_deadline_after_its_reminder_by_another_start",
            "2026-04-08T12:00:00+02:00",
            {f"{PLAN}.deadline": ("2026-03-23", "2026-03-23", "fired: late:342000")},
        ),
        (
            "an_assessment_after_its_notice_by_another_start",
            "2026-05-08T12:00:00+02:00",
            {"activity_requirement.assess": ("2026-03-22", "2026-03-20", "fired: late:601200")},
        ),
        (
            "a_revoked_exemption",
            "2026-04-21T12:00:00+02:00",
            {"exemption_notice.notice": ("2026-03-20", "2026-03-20", "done: revoked")},
        ),
        (
            "a_reason_of_the_offices_own",
            "2026-07-20T12:00:00+02:00",
            {
                "dialogue_meeting_2.lapsed": (
                    *("2026-07-19", "2026-07-19"),
                    "done: exempted:reason_of_our_office",
                )
            },
        ),
        (
            EVE,
            "2026-03-27T12:00:00+01:00",
            {
                f"{PLAN}.reminder": ("2026-03-23", "2026-03-23", EXEMPTED),
                f"{PLAN}.deadline": ("2026-03-29", "2026-03-27", EXEMPTED),
            },
        ),
        (
            EVE,
            "2026-03-29T12:00:00+02:00",
            {
                f"{PLAN}.reminder": (
                    *("2026-03-23", "2026-03-29"),
                    f"missed: superseded:{PLAN}.deadline",
                ),
                f"{PLAN}.deadline": ("2026-03-29", "2026-03-29", ON_TIME),
            },
        ),
        (
            "a_question_and_its_reminder_in_one_exemption",
            "2026-05-11T12:00:00+02:00",
            {
                f"{NEED}.question": (
                    *("2026-04-20", "2026-05-11"),
                    f"missed: superseded:{NEED}.reminder",
                ),
                f"{NEED}.reminder": ("2026-04-24", "2026-05-11", ON_TIME),
            },
        ),
        (
            "a_reminder_and_its_deadline_in_one_exemption",
            "2026-04-09T12:00:00+02:00",
            {
                f"{PLAN}.reminder": (
                    *("2026-03-23", "2026-04-09"),
                    f"missed: superseded:{PLAN}.deadline",
                ),
                f"{PLAN}.deadline": ("2026-03-29", "2026-04-09", ON_TIME),
            },
        ),
    ],
)
def test_the_plan_at_an_edge(name: str, at: str, expected: dict[str, tuple[str, str, str]]) -> None:
    planned = timers(name, at)
    assert {step: planned[step] for step in expected} == expected
