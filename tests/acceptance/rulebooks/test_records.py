"""The rulebook `nav-2026` on records of NAV's own topics: which status ends a step and which does not.

One leave from Monday 5 January to 30 June 2026: week 8 is assessed on 1 March, week 17 on 4 May.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.cli.fold import DeadRecord, fold
from services.cli.output.plan_json import persons_of
from services.cli.record_files.read import read_records
from services.scheduler.rulebook_file import read_rulebook
from tests.support.cli_records import ANNE, KAFE, Scenario

ASSESSMENTS = "teamsykefravr.aktivitetskrav-vurdering"
MEETINGS = "teamsykefravr.isdialogmote-dialogmote-statusendring"
CANDIDATES = "teamsykefravr.isdialogmotekandidat-dialogmotekandidat"
EVENTS = "teamsykefravr.personoppgavehendelse"
WEEK_8, WEEK_17 = ("activity_requirement", "assess"), ("dialogue_meeting_2_assessment", "assess")
LATER = "2026-05-06T12:00:00+02:00"
KEY = "7b7d6a53-0f8c-3f0f-9c3f-0f1b6f5f0a11"


class Leave(Scenario):
    """One leave, and records of NAV's topics about it."""

    def __init__(self) -> None:
        super().__init__()
        self.note("2026-01-05T09:00:00Z", ANNE, "n1", "2026-01-05", "2026-06-30")

    def nav(self, at: str, topic: str, value: dict[str, Any]) -> Leave:
        self.records.append({"at": at, "topic": topic, "key": KEY, "value": value})
        return self

    def assessment(self, at: str, status: str, frist: str | None = None) -> Leave:
        return self.nav(
            at,
            ASSESSMENTS,
            {
                "uuid": KEY,
                "personIdent": ANNE,
                "createdAt": "2026-01-05T15:00:00Z",
                "status": status,
                "isFinal": status not in ("NY", "NY_VURDERING", "AVVENT", "FORHANDSVARSEL"),
                "arsaker": [],
                "stoppunktAt": "2026-03-01",
                "updatedBy": "Z999999",
                "sistVurdert": None if status == "NY" else at,
                "frist": frist,
            },
        )

    def meeting(self, at: str, status: str) -> Leave:
        changed = int(datetime.fromisoformat(at).timestamp() * 1000)
        return self.nav(
            at,
            MEETINGS,
            {
                "dialogmoteUuid": KEY,
                "dialogmoteTidspunkt": changed + 14 * 86_400_000,
                "statusEndringType": status,
                "statusEndringTidspunkt": changed,
                "personIdent": ANNE,
                "virksomhetsnummer": KAFE,
                "enhetNr": "0219",
                "navIdent": "Z999999",
                "tilfelleStartdato": 1_767_567_600_000,
                "arbeidstaker": True,
                "arbeidsgiver": True,
                "sykmelder": False,
            },
        )

    def candidate(self, at: str, arsak: str, unntak: str | None = None) -> Leave:
        return self.nav(
            at,
            CANDIDATES,
            {
                "uuid": f"{KEY}-{len(self.records)}",
                "createdAt": at,
                "personIdentNumber": ANNE,
                "kandidat": arsak == "STOPPUNKT",
                "arsak": arsak,
                "unntakArsak": unntak,
                "tilfelleStart": "2026-01-05",
                "unntakVeilederident": "Z999999",
            },
        )

    def state(self, folder: Path, step: tuple[str, str], at: str = LATER) -> str:
        """`state: reason` of a step by `plan` with the rulebook nav-2026."""
        dead: list[DeadRecord] = []
        filed = read_records(self.file(folder))
        folded = fold(filed, read_rulebook("nav-2026"), datetime.fromisoformat(at), dead.append)
        assert not dead
        [person] = persons_of(folded)
        [case] = person["cases"]
        [timer] = [
            timer for timer in case["timers"] if (timer["checkpoint"], timer["step"]) == step
        ]
        return f"{timer['state']}: {timer['reason']}"


FIRED, ASSESSED = "fired: on_time", "done: assessed"


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        (["NY"], FIRED),
        (["AVVENT"], FIRED),
        (["FORHANDSVARSEL"], FIRED),
        (["UNNTAK"], ASSESSED),
        (["OPPFYLT"], ASSESSED),
        (["AUTOMATISK_OPPFYLT"], ASSESSED),
        (["INNSTILLING_OM_STANS"], ASSESSED),
        (["IKKE_OPPFYLT"], ASSESSED),
        (["IKKE_AKTUELL"], ASSESSED),
        (["AVVENT", "OPPFYLT"], ASSESSED),
        # An assessed requirement that is opened again must be assessed.
        (["OPPFYLT", "NY_VURDERING"], FIRED),
    ],
)
def test_a_status_before_the_day_decides_whether_week_8_is_asked(
    statuses: list[str], state: str, tmp_path: Path
) -> None:
    """Final statuses end the step, others do not."""
    leave = Leave()
    for number, status in enumerate(statuses):
        leave.assessment(f"2026-02-{10 + number}T10:00:00Z", status)

    assert leave.state(tmp_path, WEEK_8) == state


def test_a_requirement_closed_by_a_clean_up_was_not_assessed(tmp_path: Path) -> None:
    """NAV calls LUKKET final, though nobody has assessed anything: a clean-up closes what is nine months old.

    As a decision, LUKKET of a leave of long ago would end the requirement of today's.
    """
    assert Leave().assessment("2026-02-10T10:00:00Z", "LUKKET").state(tmp_path, WEEK_8) == FIRED


def test_a_requirement_met_afterwards_withdraws_the_task(tmp_path: Path) -> None:
    leave = Leave().assessment("2026-03-10T10:00:00Z", "OPPFYLT")

    assert leave.state(tmp_path, WEEK_8, "2026-03-10T10:59:00+01:00") == FIRED
    assert leave.state(tmp_path, WEEK_8, "2026-03-10T11:00:00+01:00") == ASSESSED


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        (["INNKALT"], FIRED),
        (["INNKALT", "NYTT_TID_STED"], FIRED),
        (["INNKALT", "AVLYST"], FIRED),
        (["INNKALT", "FERDIGSTILT"], "done: held"),
        (["INNKALT", "NYTT_TID_STED", "FERDIGSTILT"], "done: held"),
        (["FERDIGSTILT", "FERDIGSTILT"], "done: held"),
        # NAV ends the candidate by LUKKET. Here a meeting that a clean-up closed was not held (contract 7).
        (["INNKALT", "LUKKET"], FIRED),
    ],
)
def test_a_meetings_status_decides_whether_week_17_is_asked(
    statuses: list[str], state: str, tmp_path: Path
) -> None:
    """A meeting that is held ends the step; one that is summoned, moved or cancelled does not."""
    leave = Leave()
    for number, status in enumerate(statuses):
        leave.meeting(f"2026-03-{10 + number}T10:00:00+00:00", status)

    assert leave.state(tmp_path, WEEK_17) == state


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("MEDISINSKE_GRUNNER", "medical"),
        ("INNLEGGELSE_INSTITUSJON", "hospitalised"),
        ("FORVENTET_FRISKMELDING_INNEN_28UKER", "recovery_expected_within_28_weeks"),
        ("DOKUMENTERT_TILTAK_FRISKMELDING", "ongoing_measure"),
        ("FRISKMELDT", "other"),  # only old records have it
    ],
)
def test_every_exemption_ends_week_17(reason: str, code: str, tmp_path: Path) -> None:
    """One that comes after the due date withdraws the task."""
    for day in ("2026-04-10", "2026-05-05"):
        leave = Leave().candidate(f"{day}T10:00:00Z", "UNNTAK", reason)
        assert leave.state(tmp_path, WEEK_17) == f"done: exempted:{code}"


@pytest.mark.parametrize("arsak", ["STOPPUNKT", "LUKKET", "IKKE_AKTUELL"])
def test_what_nav_says_of_its_own_candidates_changes_nothing(arsak: str, tmp_path: Path) -> None:
    """The rulebook itself decides what STOPPUNKT says, and LUKKET is a clean-up.

    IKKE_AKTUELL closes NAV's candidate. Here it does not: the record gives no reason, and both parties are told of an
    exemption. What causes it is published as a fact of its own: a death, a meeting held, notes that end.
    """
    leave = Leave().candidate("2026-04-10T10:00:00Z", arsak)

    assert leave.state(tmp_path, WEEK_17) == FIRED


def test_an_answer_about_meeting_need_ends_nothing(tmp_path: Path) -> None:
    """An adviser reads the answer, in the seven days before the task is shown."""
    answer = {"personident": ANNE, "hendelsetype": "MOTEBEHOV_SVAR_MOTTATT"}
    leave = Leave().nav("2026-04-28T10:00:00Z", EVENTS, answer)

    assert leave.state(tmp_path, WEEK_17) == FIRED
