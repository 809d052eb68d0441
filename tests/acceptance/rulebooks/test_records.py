"""`nav-2026` over records of NAV's own topics: what each status ends and leaves.

One leave from Monday 5 January to 30 June 2026: week 8 is assessed on 1 March, week 17 on 4 May.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.cli.files.fold import DeadRecord, fold
from services.cli.files.record_file import read_records
from services.cli.output.plan_json import persons_of
from services.scheduler.rulebook_file import read_rulebook
from tests.support.cli_records import ANNE, KAFE, Scenario

ASSESSMENTS = "teamsykefravr.aktivitetskrav-vurdering"
MEETINGS = "teamsykefravr.isdialogmote-dialogmote-statusendring"
CANDIDATES = "teamsykefravr.isdialogmotekandidat-dialogmotekandidat"
EVENTS = "teamsykefravr.personoppgavehendelse"
WEEK_8, WEEK_17 = ("activity_requirement", "assess"), ("dialogue_meeting_2_assessment", "assess")
LATER = "2026-05-06T12:00:00+02:00"
KEY = "7b7d6a53-0f8c-3f0f-9c3f-0f1b6f5f0a11"


class Story(Scenario):
    """A leave, and records of NAV's topics about it."""

    def __init__(self) -> None:
        super().__init__()
        self.note("2026-01-05T09:00:00Z", ANNE, "n1", "2026-01-05", "2026-06-30")

    def nav(self, at: str, topic: str, value: dict[str, Any]) -> Story:
        self.records.append({"at": at, "topic": topic, "key": KEY, "value": value})
        return self

    def assessed(self, at: str, status: str, frist: str | None = None) -> Story:
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

    def meeting(self, at: str, status: str) -> Story:
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

    def candidate(self, at: str, arsak: str, unntak: str | None = None) -> Story:
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
    ("statuses", "stands"),
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
        # An assessed requirement that is opened anew is to be assessed.
        (["OPPFYLT", "NY_VURDERING"], FIRED),
    ],
)
def test_a_status_before_the_day_decides_whether_week_8_is_asked(
    statuses: list[str], stands: str, tmp_path: Path
) -> None:
    """Which statuses are final."""
    story = Story()
    for number, status in enumerate(statuses):
        story.assessed(f"2026-02-{10 + number}T10:00:00Z", status)

    assert story.state(tmp_path, WEEK_8) == stands


def test_a_requirement_that_a_job_has_closed_was_not_assessed(tmp_path: Path) -> None:
    """NAV calls LUKKET final (2.3), though nobody has looked: its job closes what is nine months old.

    Otherwise the closing of a leave of long ago would end the requirement of today's.
    """
    assert Story().assessed("2026-02-10T10:00:00Z", "LUKKET").state(tmp_path, WEEK_8) == FIRED


def test_a_requirement_met_afterwards_takes_the_task_back(tmp_path: Path) -> None:
    story = Story().assessed("2026-03-10T10:00:00Z", "OPPFYLT")

    assert story.state(tmp_path, WEEK_8, "2026-03-10T10:59:00+01:00") == FIRED
    assert story.state(tmp_path, WEEK_8, "2026-03-10T11:00:00+01:00") == ASSESSED


@pytest.mark.parametrize(
    ("statuses", "stands"),
    [
        (["INNKALT"], FIRED),
        (["INNKALT", "NYTT_TID_STED"], FIRED),
        (["INNKALT", "AVLYST"], FIRED),
        (["INNKALT", "FERDIGSTILT"], "done: held"),
        (["INNKALT", "NYTT_TID_STED", "FERDIGSTILT"], "done: held"),
        (["FERDIGSTILT", "FERDIGSTILT"], "done: held"),
        # On purpose otherwise: a meeting that a job has closed was not held (contract 7), NAV ends the candidate by it.
        (["INNKALT", "LUKKET"], FIRED),
    ],
)
def test_a_meetings_status_decides_whether_week_17_is_asked(
    statuses: list[str], stands: str, tmp_path: Path
) -> None:
    """Held ends it, being summoned, moved or cancelled does not."""
    story = Story()
    for number, status in enumerate(statuses):
        story.meeting(f"2026-03-{10 + number}T10:00:00+00:00", status)

    assert story.state(tmp_path, WEEK_17) == stands


@pytest.mark.parametrize(
    ("reason", "told_as"),
    [
        ("MEDISINSKE_GRUNNER", "medical"),
        ("INNLEGGELSE_INSTITUSJON", "hospitalised"),
        ("FORVENTET_FRISKMELDING_INNEN_28UKER", "recovery_expected_within_28_weeks"),
        ("DOKUMENTERT_TILTAK_FRISKMELDING", "ongoing_measure"),
        ("FRISKMELDT", "other"),  # no longer given, still read
    ],
)
def test_every_exemption_ends_week_17(reason: str, told_as: str, tmp_path: Path) -> None:
    """One that came after the day takes the task back."""
    for day in ("2026-04-10", "2026-05-05"):
        story = Story().candidate(f"{day}T10:00:00Z", "UNNTAK", reason)
        assert story.state(tmp_path, WEEK_17) == f"done: exempted:{told_as}"


@pytest.mark.parametrize("arsak", ["STOPPUNKT", "LUKKET", "IKKE_AKTUELL"])
def test_what_nav_says_of_its_own_candidates_changes_nothing(arsak: str, tmp_path: Path) -> None:
    """STOPPUNKT is what the rulebook itself finds, LUKKET a cleaning job.

    IKKE_AKTUELL closes NAV's candidate (3.3); here it does not, for its reason is not sent, and an exemption is
    announced to both parties. What lies behind it comes as facts of their own: a death, a meeting held, notes that end.
    """
    story = Story().candidate("2026-04-10T10:00:00Z", arsak)

    assert story.state(tmp_path, WEEK_17) == FIRED


def test_an_answer_about_meeting_need_ends_nothing(tmp_path: Path) -> None:
    """The form is for the adviser to read, in the seven days before the task is seen."""
    answer = {"personident": ANNE, "hendelsetype": "MOTEBEHOV_SVAR_MOTTATT"}
    story = Story().nav("2026-04-28T10:00:00Z", EVENTS, answer)

    assert story.state(tmp_path, WEEK_17) == FIRED
