"""A message that leaves after the date that it names says what the date was, and to do it as soon as possible.

Once a late note made "Deadline: 1 February" leave on 10 February, a meeting called ten days ahead asked for the plan
"by" a day gone by, a letter on a Friday named the Sunday, and the last day that an adviser set was not named at all.
Right is: no message names a date before the day that it leaves as one to come (contract 6.5).

Everybody is ill from Monday 5 January 2026: the plan's four weeks end on Sunday 1 February, the seven of meeting 1 on
Sunday 22 February, the question of week 16 asks for an answer by Sunday 26 April.
"""

from __future__ import annotations

import re
from datetime import date

import pytest

from schemas.messages import (
    DeathAnnulled,
    DialogueMeetingCancelled,
    DialogueMeetingSummoned,
    EmailRequested,
    ExemptionGranted,
    FollowUpPlanRequested,
    LetterRequested,
    PersonDied,
    SmsRequested,
)
from schemas.norway import oslo_date
from tests.support.situations import KAFE, Life, Lived, Situation, Situations, Story

SITUATIONS = Situations()
MONTHS = (
    *("januar", "februar", "mars", "april", "mai", "juni"),
    *("juli", "august", "september", "oktober", "november", "desember"),
)
PLAN_WAS_MANAGERS = (
    "Gjør oppfølgingsplanen ferdig sammen med en medarbeider, og del den så snart som mulig. Fristen var "
    "1. februar 2026."
)
PLAN_WAS_EMPLOYEES = (
    "Bidra til oppfølgingsplanen som arbeidsgiveren din skal lage så snart som mulig. Fristen var 1. "
    "februar 2026."
)
PLAN_IS_EMPLOYEES = (
    "Bidra til oppfølgingsplanen som arbeidsgiveren din skal lage så snart som mulig. Fristen er 1. "
    "februar 2026."
)
MEETING_WAS_MANAGERS = (
    "Sett en dato for dialogmøte med en medarbeider, og hold det så snart som mulig. Fristen for møtet "
    "var 22. februar 2026."
)
MEETING_WAS_EMPLOYEES = (
    "Ta del i dialogmøte på jobben. Arbeidsgiveren din skal sette dato så snart som mulig. Fristen var "
    "22. februar 2026."
)
MEETING_IS_EMPLOYEES = (
    "Ta del i dialogmøte på jobben. Arbeidsgiveren din skal sette dato så snart som mulig. Fristen er 22. "
    "februar 2026."
)
UPDATED_PLAN = (
    "Oppdater oppfølgingsplanen for en medarbeider, og send den til Nav senest en uke før dialogmøtet med "
    "Nav. Frist: 14. mai 2026."
)
SEND_PLAN = (
    "Send den oppdaterte oppfølgingsplanen for en medarbeider til Nav senest en uke før dialogmøtet med Nav. "
    "Frist: 14. mai 2026."
)
UPDATED_PLAN_WAS = (
    "Send den oppdaterte oppfølgingsplanen for en medarbeider til Nav så snart som mulig. Fristen var "
    "14. mai 2026, en uke før dialogmøtet med Nav."
)
QUESTION_MANAGERS = (
    "Svar på om du og en medarbeider trenger dialogmøte med Nav, helst så snart du kan, og skriv"
)
NAMED = re.compile(r"(?P<was>\bvar )?(?P<day>\d{1,2})\. (?P<month>\w+) (?P<year>\d{4})")


def _ill(life: Life, *, until: str = "2026-06-30", at: str = "2026-01-05 08:00") -> None:
    life.contact()
    life.manager()
    life.sick("2026-01-05", until, at=at)


def _asked_for_the_plan(life: Life, at: str, reply_by: date | None) -> None:
    _ill(life)
    fields = {"org_number": KAFE, "adviser_id": "A1", "reply_by": reply_by}
    life.fact(at, FollowUpPlanRequested, **fields)


@SITUATIONS.add
def asked_with_a_last_day(life: Life) -> Story:
    _asked_for_the_plan(life, "2026-04-28 12:00", date(2026, 5, 12))
    return [
        "2026-04-28 email Nav ber deg sende oppfølgingsplanen for en medarbeider innen 12. mai 2026.",
        "2026-05-09 email Nav ber om oppfølgingsplanen for en medarbeider. Send den innen 12. mai 2026.",
    ]


@SITUATIONS.add
def asked_without_a_last_day(life: Life) -> Story:
    """Fourteen days are given then."""
    _asked_for_the_plan(life, "2026-04-28 12:00", None)
    return [
        "2026-04-28 email Nav ber deg sende oppfølgingsplanen for en medarbeider innen 12. mai 2026.",
        "2026-05-09 email Nav ber om oppfølgingsplanen for en medarbeider. Send den innen 12. mai 2026.",
    ]


@SITUATIONS.add
def called_ten_days_ahead(life: Life) -> Story:
    """One week before the meeting is Ascension Day: it is told on the day before, when there is still time."""
    _ill(life)
    meeting = {"meeting": 2, "meeting_id": "m2", "takes_place_on": date(2026, 5, 21)}
    life.fact("2026-05-11 12:00", DialogueMeetingSummoned, **meeting)
    return [
        f"2026-05-11 email {UPDATED_PLAN}",
        f"2026-05-13 email {SEND_PLAN}",
    ]


@SITUATIONS.add
def called_three_days_ahead(life: Life) -> Story:
    """A week before the meeting has passed when it is called."""
    _ill(life)
    meeting = {"meeting": 2, "meeting_id": "m2", "takes_place_on": date(2026, 5, 21)}
    life.fact("2026-05-18 12:00", DialogueMeetingSummoned, **meeting)
    return [f"2026-05-18 email {UPDATED_PLAN_WAS}"]


@SITUATIONS.add
def called_and_cancelled(life: Life) -> Story:
    """The reminder of the question comes when the day to answer by is gone."""
    _ill(life)
    meeting = {"meeting": 2, "meeting_id": "m2", "takes_place_on": date(2026, 5, 21)}
    life.fact("2026-04-20 12:00", DialogueMeetingSummoned, **meeting)
    life.fact("2026-05-05 12:00", DialogueMeetingCancelled, **meeting)
    return [
        f"2026-05-05 email {QUESTION_MANAGERS}",
        "2026-05-05 sms Svar på om du ønsker dialogmøte med Nav, helst så snart du kan.",
    ]


@SITUATIONS.add
def one_late_note(life: Life) -> Story:
    _ill(life, until="2026-04-14", at="2026-02-10 12:00")
    return [
        f"2026-02-10 email {PLAN_WAS_MANAGERS}",
        f"2026-02-10 sms {PLAN_WAS_EMPLOYEES}",
    ]


@SITUATIONS.add
def a_death_that_was_none(life: Life) -> Story:
    _ill(life)
    life.fact("2026-01-25 12:00", PersonDied, on=date(2026, 1, 25))
    life.fact("2026-02-03 12:00", DeathAnnulled, on=date(2026, 1, 25))
    return [
        f"2026-02-03 email {PLAN_WAS_MANAGERS}",
        f"2026-02-03 sms {PLAN_WAS_EMPLOYEES}",
    ]


@SITUATIONS.add
def too_ill_for_a_meeting(life: Life) -> Story:
    """The exemption stands for 28 days; then a date is to be set."""
    _ill(life)
    granted = {
        "checkpoint": "dialogue_meeting_1",
        "reason": "too_ill_for_now",
        "granted_by": "employer",
        "org_number": KAFE,
    }
    life.fact("2026-02-10 12:00", ExemptionGranted, **granted)
    return [
        f"2026-03-11 email {MEETING_WAS_MANAGERS}",
        f"2026-03-11 sms {MEETING_WAS_EMPLOYEES}",
    ]


@SITUATIONS.add
def on_paper(life: Life) -> Story:
    """Friday's letter is not read by Sunday, nor surely Monday's; the one two weeks before the date is."""
    life.contact(may_be_notified=False)
    life.sick("2026-01-05", "2026-06-30")
    return [
        f"2026-01-26 letter {PLAN_IS_EMPLOYEES}",
        f"2026-01-30 letter {PLAN_IS_EMPLOYEES}",
        "2026-02-08 letter Forbered dialogmøtet med arbeidsgiveren din. Frist for møtet: 22. februar 2026.",
        f"2026-02-20 letter {MEETING_IS_EMPLOYEES}",
        "2026-04-20 letter Svar på om du ønsker dialogmøte med Nav, helst så snart du kan.",
    ]


def _sentences(outcomes: Lived, life: Life) -> list[tuple[date, str, str]]:
    """When each message left, as what, and the sentences that it is about."""
    return [
        (oslo_date(at), *words)
        for at, message in outcomes.messages(life)
        if (words := _words(message))
    ]


def _words(message: object) -> tuple[str, str] | None:
    match message:
        case SmsRequested():
            return "sms", message.text
        case EmailRequested():
            return "email", message.text.split("\n\n")[1]
        case LetterRequested():
            return "letter", message.body.split("\n\n")[1]
        case _:
            return None


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
async def test_what_leaves_says_what_the_date_was_or_will_be(
    situation: Situation, outcomes: Lived
) -> None:
    sent = [f"{day} {kind} {words}" for day, kind, words in _sentences(outcomes, situation.life)]
    for line in situation.story:
        assert any(one.startswith(line) for one in sent), (line, sent)


async def test_no_message_names_a_date_before_the_day_that_it_leaves_as_one_to_come(
    outcomes: Lived,
) -> None:
    dates = [
        (
            day,
            date(int(named["year"]), MONTHS.index(named["month"]) + 1, int(named["day"])),
            named["was"],
        )
        for situation in SITUATIONS
        for day, _, words in _sentences(outcomes, situation.life)
        for named in NAMED.finditer(words)
    ]
    assert len(dates) > 60
    assert all((named_on < left_on) is bool(was) for left_on, named_on, was in dates)


async def test_no_message_calls_itself_a_reminder(outcomes: Lived) -> None:
    for situation in SITUATIONS:
        for _, _, words in _sentences(outcomes, situation.life):
            assert not re.search("påminn|minner", words, re.IGNORECASE)
