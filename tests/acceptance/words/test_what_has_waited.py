"""When an exemption or a suspension ends, one message to each says what is to be done now.

Once four messages came the day after a meeting 1 had been put off, a reminder after the deadline among them and "by
22 February" on 11 March; and a notice of the activity requirement "by 4 March" came on 2 April. Right is: of each
checkpoint the latest step alone, once, with the date as one that was (contract 4, 6.5).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date

import pytest

from schemas.messages import AdviserTaskOpened, EmailRequested, ExemptionGranted, SmsRequested
from schemas.norway import ONE_DAY, oslo_date
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.domain.rulebook.reader import parse
from services.scheduler.rulebook_file import read_rulebook
from tests.support.postgres_and_kafka import Parts
from tests.support.situations import KAFE, OFFICE, Life, Lived, Situation, Situations, Story, lived

EXEMPTED, SUSPENDED = Situations(), Situations()
MONTHS = (
    *("januar", "februar", "mars", "april", "mai", "juni"),
    *("juli", "august", "september", "oktober", "november", "desember"),
)
DAYS = 21
NAMED = re.compile(r"(?P<was>\bvar )?(?P<day>\d{1,2})\. (?P<month>[a-z]+) (?P<year>\d{4})")


@EXEMPTED.add
def too_ill_for_meeting_1_for_four_weeks(life: Life) -> Story:
    """Notes of four weeks at a time; granted by the employer on 10 February, and so until 10 March."""
    life.contact()
    life.manager()
    for first, last in (
        ("2026-01-05", "2026-02-01"),
        ("2026-02-02", "2026-03-01"),
        ("2026-03-02", "2026-03-29"),
    ):
        life.sick(first, last)
    granted = {"checkpoint": "dialogue_meeting_1", "reason": "too_ill_for_now"}
    life.fact(
        "2026-02-10 11:00", ExemptionGranted, granted_by="employer", org_number=KAFE, **granted
    )
    return [
        "2026-03-11 sms: Ta del i dialogmøte på jobben.",
        "2026-03-11 email: Sett dato for dialogmøte",
    ]


@EXEMPTED.add
def no_activity_for_medical_reasons_until_april(life: Life) -> Story:
    """The eight weeks end on 4 March, on which an adviser exempts until 1 April."""
    life.contact()
    life.manager()
    life.sick("2026-01-08", "2026-04-20")
    granted = {"checkpoint": "activity_requirement", "reason": "medical", "granted_by": "adviser"}
    life.fact("2026-03-04 11:00", ExemptionGranted, until=date(2026, 4, 1), **granted)
    return ["2026-04-02 task activity_requirement.assess due 2026-04-02 law 2026-03-04"]


@SUSPENDED.add
def ill_through_a_stop_of_all_meetings(life: Life) -> Story:
    """From 6 February until 9 July; the plan of four weeks is older, the eight weeks are not suspended."""
    life.contact()
    life.manager()
    life.sick("2026-01-05", "2026-08-30")
    return [
        "2026-07-10 sms: Ta del i dialogmøte på jobben.",
        "2026-07-10 email: Sett dato for dialogmøte",
        "2026-07-10 task dialogue_meeting_2_assessment.assess due 2026-07-10 law 2026-07-05",
        "2026-07-10 task dialogue_meeting_2_summons.last_day due 2026-07-10 law 2026-06-14",
        "2026-07-10 task dialogue_meeting_2.deadline due 2026-07-10 law 2026-07-05",
        "2026-07-11 sms: Svar på om du ønsker dialogmøte med Nav, helst så snart du kan.",
        "2026-07-11 email: Svar om dialogmøte med Nav",
    ]


def _lines(found: Lived, life: Life, since: date) -> list[str]:
    """What left from that day on, until the next three weeks are over, with the first sentence of what people read."""
    lines = []
    for at, message in found.messages(life):
        day = oslo_date(at)
        if 0 <= (day - since).days < DAYS:
            match message:
                case SmsRequested():
                    lines.append(f"{day} sms: {message.text.split('.')[0]}.")
                case EmailRequested():
                    lines.append(f"{day} email: {message.subject}")
                case AdviserTaskOpened():
                    due = f"due {message.due_on} law {message.legal_on}"
                    lines.append(f"{day} task {message.checkpoint}.{message.step} {due}")
    return lines


def _text(message: object) -> str:
    return message.text if isinstance(message, SmsRequested | EmailRequested) else ""


@pytest.fixture(scope="module")
async def exempted(
    parts: Parts, template_database: str, topic_prefixes: list[str]
) -> AsyncIterator[Lived]:
    async with lived(EXEMPTED, parts, template_database, topic_prefixes) as became:
        yield became


@pytest.fixture(scope="module")
async def suspended(
    parts: Parts, template_database: str, topic_prefixes: list[str]
) -> AsyncIterator[Lived]:
    async with lived(
        SUSPENDED, parts, template_database, topic_prefixes, rulebook=_suspending()
    ) as became:
        yield became


def _suspending() -> Rulebook:
    return parse(
        read_rulebook("standard").text
        + '\n[[suspend]]\nsteps = ["dialogue_meeting_*.*", "meeting_need.*"]\nfrom = 2026-02-06\n'
        f'until = 2026-07-09\nsource = "practice: a national stop"\noffice = "{OFFICE}"\n'
    )


@pytest.mark.parametrize("situation", EXEMPTED, ids=lambda one: one.name)
async def test_after_an_exemption_each_hears_of_the_latest_step_once(
    situation: Situation, exempted: Lived
) -> None:
    """Nothing else leaves in the three weeks from the exemption's last day on."""
    last_day = date.fromisoformat(situation.story[0].split()[0]) - ONE_DAY
    assert sorted(_lines(exempted, situation.life, last_day)) == sorted(situation.story)


async def test_after_a_suspension_each_hears_of_the_latest_step_of_every_checkpoint_once(
    suspended: Lived,
) -> None:
    """The second message waits a day, as every second message to somebody does."""
    [situation] = SUSPENDED
    told = _lines(suspended, situation.life, date(2026, 7, 10))
    assert sorted(told) == sorted(situation.story)


async def test_of_what_is_suspended_nothing_leaves_within_the_span(suspended: Lived) -> None:
    """The plan and the activity requirement are not suspended."""
    [situation] = SUSPENDED
    left = [
        (oslo_date(at), message)
        for at, message in suspended.messages(situation.life)
        if date(2026, 2, 6) <= oslo_date(at) <= date(2026, 7, 9)
    ]
    tasks = {m.checkpoint for _, m in left if isinstance(m, AdviserTaskOpened)}
    assert tasks == {"activity_requirement"}
    words = [_text(message) for _, message in left]
    assert any(words)
    assert not [text for text in words if "dialogmøte" in text.split("\n\nDette gjelder")[0]]


async def test_no_date_gone_by_is_told_as_one_to_come(exempted: Lived, suspended: Lived) -> None:
    lives = [(exempted, one.life) for one in EXEMPTED] + [(suspended, SUSPENDED[0].life)]
    past = 0
    for found, life in lives:
        for at, message in found.messages(life):
            for named in NAMED.finditer(_text(message).split("\n\nDette gjelder")[0]):
                month = MONTHS.index(named["month"]) + 1
                is_past = date(int(named["year"]), month, int(named["day"])) < oslo_date(at)
                assert is_past is bool(named["was"])
                past += is_past
    assert past == 4
