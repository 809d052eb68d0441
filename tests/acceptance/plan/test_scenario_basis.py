"""What the adviser is shown about Anne of scenario 1 in week 17 (contract 4.4, 5), worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schemas.messages import DeadlineDue, DeadlineUpdated
from services.cli.fold import DeadRecord, fold
from services.cli.record_files.read import read_records
from services.scheduler.rulebook_file import read_rulebook
from tests.support.paths import SCENARIOS

SCENARIO = SCENARIOS / "scenario_1_in_order.ndjson"
KAFE = {"org_number": "310200107", "name": "SYNTETISK KAFE OSLO"}
ASSESS = ("dialogue_meeting_2_assessment", "assess")


@pytest.fixture(scope="module")
def sent() -> list[object]:
    dead: list[DeadRecord] = []
    later = datetime(2027, 1, 1, tzinfo=UTC)
    result = fold(read_records(SCENARIO), read_rulebook("standard"), later, dead.append)
    assert not dead
    return [message for _, message in result.simulation.sent]


def assessment(sent: list[object]) -> DeadlineDue:
    due = [message for message in sent if isinstance(message, DeadlineDue)]
    [event] = [event for event in due if (event.checkpoint, event.step) == ASSESS]
    return event


def test_the_event_carries_the_case_as_it_is_in_week_17(sent: list[object]) -> None:
    """Sick days: 28 + 28 + 68; the two days between the notes are none of them. Day 113 lies in week 17."""
    event = assessment(sent)

    assert event.case.model_dump(mode="json") == {
        "start": "2026-01-05",
        "end": "2026-05-10",
        "sick_days": 124,
        "day": 113,
        "week": 17,
        "grade": 60,
        "form": "digital",
        "employers": [KAFE],
    }
    assert event.show_on is None
    assert (event.rulebook.name, event.rulebook.office) == ("standard", None)


def test_the_basis_lists_what_is_known_and_what_is_missing(sent: list[object]) -> None:
    """Known: a plan shared on 29 January, made on an unknown date, and AVVENT of 3 March, which is not final.

    Missing: both answers, whether meeting 1 was held, and any earlier leave. Each grade before today's ends in the
    history with the last sick day that had it (contract 5).
    """
    basis = assessment(sent).basis
    assert basis is not None

    assert basis.model_dump(mode="json", by_alias=True) == {
        "as_of": "2026-04-27",
        "revision": 1,
        "weeks_completed": 16,
        "notes_until": "2026-05-10",
        "summon_by": "2026-06-14",
        "meet_by": "2026-07-05",
        "history_since": "2026-01-05",
        "grade": {
            "now": 60,
            "history": [
                {"from": "2026-01-05", "to": "2026-03-01", "grade": 100},
            ],
        },
        "earlier_cases": [],
        "employers": [KAFE],
        "follow_up_plans": [
            {
                "org_number": "310200107",
                "made_on": None,
                "shared_with_practitioner_on": None,
                "shared_with_office_on": "2026-01-29",
                "shared_on": "2026-01-29",
            }
        ],
        "answers": [],
        "requests": [],
        "meetings": [],
        "exemptions": [],
        "activity_requirement": {"outcome": "waiting", "final": False, "assessed_on": "2026-03-03"},
        "missing": [
            "answer_employee",
            "answer_employer:310200107",
            "meeting_1_unknown",
            "history_unknown",
        ],
    }


def test_a_request_by_an_unknown_party_stands_in_the_basis_and_is_no_partys_answer(
    sent: list[object],
) -> None:
    """contract 7: MOTEBEHOV_SVAR_MOTTATT names no party, so both answers are missing still."""
    event_id = assessment(sent).event_id
    [update] = [m for m in sent if isinstance(m, DeadlineUpdated) and m.event_id == event_id]

    assert [request.model_dump(mode="json") for request in update.basis.requests] == [
        {"party": "unknown", "meeting": 2, "requested_on": "2026-04-27"}
    ]
    assert update.revision == update.basis.revision == 2
    assert {"answer_employee", "answer_employer:310200107"} <= set(update.basis.missing)
