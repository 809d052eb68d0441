"""A letter is whole: what it is about, what to do by which date, the guide, where to log in and who writes.

Three people who have declined digital messages fall ill on Monday 5 January 2026, one for each language, and stay ill
past week 16. Dates and words here are written by hand.
"""

from __future__ import annotations

import re
from datetime import date

import pytest

from schemas.messages import LetterRequested
from schemas.wire import Envelope, decode
from tests.support.situations import Life, Lived, Situations, Story

SITUATIONS = Situations()

DATED_ON = {
    "follow_up_plan.reminder": date(2026, 2, 1),  # the last day of the four weeks
    "follow_up_plan.deadline": date(2026, 2, 1),
    "dialogue_meeting_1.reminder": date(2026, 2, 22),  # the last day of the seven weeks
    "dialogue_meeting_1.deadline": date(2026, 2, 22),
    "activity_requirement.notice": date(2026, 3, 1),  # the last day of the eight weeks
    "meeting_need.question": None,  # a question that may be read after its date names none
    "meeting_need.reminder": None,
}
# These leave less than five working days before their date (contract 6.5): the plan's on Monday 26 and Friday
# 30 January, the meeting's on Friday 20 February.
TOO_LATE_FOR_PAPER = {
    "follow_up_plan.reminder",
    "follow_up_plan.deadline",
    "dialogue_meeting_1.deadline",
}
SOON = {"nb": "så snart som mulig", "nn": "så snart som mogleg", "en": "as soon as possible"}
NORWEGIAN = {
    date(2026, 2, 1): "1. februar 2026",
    date(2026, 2, 22): "22. februar 2026",
    date(2026, 3, 1): "1. mars 2026",
    date(2026, 4, 26): "26. april 2026",
}
ENGLISH = {
    date(2026, 2, 1): "1 February 2026",
    date(2026, 2, 22): "22 February 2026",
    date(2026, 3, 1): "1 March 2026",
    date(2026, 4, 26): "26 April 2026",
}
WRITTEN = {"nb": NORWEGIAN, "nn": NORWEGIAN, "en": ENGLISH}
GREETING = {"nb": "Hei.", "nn": "Hei.", "en": "Hello."}
LAST_WORDS = {
    "nb": "Her logger du inn: Min side hos Nav.\n"
    "Kan du ikke logge inn, kan du ringe Nav eller møte opp på et Nav-kontor.\n\n"
    "Vennlig hilsen\nNav",
    "nn": "Her loggar du inn: Min side hos Nav.\n"
    "Kan du ikkje logge inn, kan du ringje Nav eller møte opp på eit Nav-kontor.\n\n"
    "Venleg helsing\nNav",
    "en": "Where to log in: Min side hos Nav.\n"
    "If you cannot log in, you can call Nav or visit a Nav office.\n\n"
    "Kind regards\nNav",
}


def _reserved(life: Life, language: str) -> Story:
    life.contact(may_be_notified=False, language=language)
    life.manager()
    life.sick("2026-01-05", "2026-05-14")
    return ["letters"]


@SITUATIONS.add
def nb(life: Life) -> Story:
    return _reserved(life, "nb")


@SITUATIONS.add
def nn(life: Life) -> Story:
    return _reserved(life, "nn")


@SITUATIONS.add
def en(life: Life) -> Story:
    return _reserved(life, "en")


@pytest.fixture(scope="module")
def letters(outcomes: Lived) -> list[LetterRequested]:
    envelopes = [decode(departure.record) for _, departure in outcomes.left]
    messages = [one.message for one in envelopes if isinstance(one, Envelope)]
    return [message for message in messages if isinstance(message, LetterRequested)]


@pytest.mark.parametrize("language", WRITTEN)
async def test_every_letter_of_a_long_leave_is_whole(
    language: str, letters: list[LetterRequested]
) -> None:
    """contract 6.5, 10: title, body, and the date that the words name; not "by 1 February" on the Friday before it."""
    own = {letter.template: letter for letter in letters if letter.language == language}
    assert {template: letter.due_on for template, letter in own.items()} == DATED_ON
    for template, letter in own.items():
        greeting, what_to_do, *_ = letter.body.split("\n\n")
        assert letter.title
        assert greeting == GREETING[language]
        assert (SOON[language] in what_to_do) == (template in TOO_LATE_FOR_PAPER)
        if (day := DATED_ON[template]) is None:
            assert "2026" not in what_to_do
        else:
            assert WRITTEN[language][day] in what_to_do
        guide = [line for line in letter.body.splitlines() if line.startswith("- ")]
        assert guide
        assert all(re.search(r" \((kilde|kjelde|source): .+\)$", line) for line in guide)
        assert letter.body.endswith(f"\n\n{LAST_WORDS[language]}")


async def test_a_letter_is_written_in_the_language_of_its_reader(
    letters: list[LetterRequested],
) -> None:
    questions = {
        letter.language: letter.title
        for letter in letters
        if letter.template == "meeting_need.question"
    }
    assert questions == {
        "nb": "Ønsker du dialogmøte med Nav?",
        "nn": "Ønskjer du dialogmøte med Nav?",
        "en": "Do you want a meeting with Nav?",
    }


async def test_no_letter_names_anybody(letters: list[LetterRequested]) -> None:
    """contract 6.5, 14.1: a number of eleven digits stands in the field of its own, and in no word of the letter."""
    assert len(letters) == len(DATED_ON) * len(WRITTEN)
    for letter in letters:
        assert not re.search(r"\d{5}", letter.title + letter.body)
