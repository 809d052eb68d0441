"""Whatever happens in a life, what leaves is true on the day on which it leaves.

Lives by chance go through the scheduler's plan and the notifier's own decisions, judgement and words. Each message is
then read as its receiver would: the dates in its sentences, the task's due date, and what the facts have settled.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from schemas.messages import AdviserTaskOpened, EmailRequested, LetterRequested, SmsRequested
from schemas.norway import oslo_date
from services.workdays import working_days_after
from tests.reference.compare import local
from tests.reference.life import START
from tests.reference.messages_of_lives import Leaving, leaving, life_of
from tests.reference.settled import settled

Dict = dict[str, Any]
LIVES = 300
LETTER_WORKING_DAYS = 5
"""A letter needs that many working days to be read in time."""
MONTHS = {
    name: number
    for names in (
        "januar februar mars april mai juni juli august september oktober november desember",
        "January February March April May June July August September October November December",
    )
    for number, name in enumerate(names.split(), start=1)
}
WRITTEN_DATE = re.compile(rf"(\d{{1,2}})\.? ({'|'.join(MONTHS)}) (\d{{4}})")
SENTENCE_END = re.compile(r"(?<=[^\d][.!?])\s+|\n+")
TOLD_AS_PASSED = re.compile(r"\b(?:var|was)\b")
TOLD_AS_PRESSING = re.compile(r"så snart (?:du|dere|de|som)|snarest|as soon as", re.IGNORECASE)


def _texts(message: Leaving) -> list[str]:
    """All that the receiver reads of it."""
    match message.outgoing.message:
        case SmsRequested(text=text):
            return [text]
        case EmailRequested(subject=subject, text=text):
            return [subject, text]
        case LetterRequested(title=title, body=body):
            return [title, body]
        case _:
            return []


def _dated_sentences(message: Leaving) -> Iterator[tuple[date, str]]:
    for text in _texts(message):
        for sentence in SENTENCE_END.split(text):
            for number, month, year in WRITTEN_DATE.findall(sentence):
                yield date(int(year), MONTHS[month], int(number)), sentence


@pytest.fixture(scope="module")
def lives() -> list[tuple[Dict, list[Leaving]]]:
    """The lives and all that leaves in each; they are the same at every run."""
    generated = [(number, life_of(number)) for number in range(LIVES)]
    return [(life, list(leaving(number, life))) for number, life in generated]


@pytest.fixture(scope="module")
def messages(lives: list[tuple[Dict, list[Leaving]]]) -> list[Leaving]:
    return [message for _, messages_of_life in lives for message in messages_of_life]


def test_no_date_is_told_as_one_to_come_once_it_has_passed(messages: list[Leaving]) -> None:
    seen: Counter[str] = Counter()
    for message in messages:
        leaves_on = oslo_date(message.at)
        for named, sentence in _dated_sentences(message):
            is_past = bool(TOLD_AS_PASSED.search(sentence))
            seen["passed" if named < leaves_on else "to come"] += 1
            if named < leaves_on:
                assert is_past, (message.path, leaves_on, sentence)
    assert min(seen["passed"], seen["to come"]) > LIVES, seen


def test_a_letter_that_cannot_arrive_in_time_says_as_soon_as_possible(
    messages: list[Leaving],
) -> None:
    pressing = 0
    for message in messages:
        letter = message.outgoing.message
        if isinstance(letter, LetterRequested) and letter.due_on is not None:
            soon = working_days_after(oslo_date(message.at), LETTER_WORKING_DAYS)
            if letter.due_on < soon:
                assert TOLD_AS_PRESSING.search(letter.body), (message.path, letter.body)
                pressing += 1
    assert pressing > LIVES // 10


def test_a_letter_is_whole(messages: list[Leaving]) -> None:
    """Its title, its words, and its date, which is every date that its words name."""
    letters = [
        message for message in messages if isinstance(message.outgoing.message, LetterRequested)
    ]
    for message in letters:
        letter = message.outgoing.message
        assert isinstance(letter, LetterRequested)
        assert letter.title.strip() and letter.body.strip(), message.path
        assert "$" not in letter.title + letter.body, message.path
        dates = {named for named, _ in _dated_sentences(message)}
        assert dates <= {letter.due_on}, (message.path, letter.due_on, dates)
    assert len(letters) > LIVES


def test_a_task_is_due_by_its_legal_date_and_not_before_it_opens(
    messages: list[Leaving],
) -> None:
    """One that opens after its legal date is due on the day that it opens."""
    seen: Counter[str] = Counter()
    for message in messages:
        task = message.outgoing.message
        if not isinstance(task, AdviserTaskOpened):
            continue
        opens_on = oslo_date(message.at)
        assert task.due_on >= opens_on, (message.path, opens_on, task.due_on)
        if task.legal_on is not None:
            assert task.due_on <= max(task.legal_on, opens_on), (message.path, task)
            seen["late" if task.legal_on < opens_on else "in time"] += 1
        assert task.case is not None
        assert task.case.start <= task.case.end
        assert task.case.day == (opens_on - task.case.start).days + 1
        assert task.case.week == (task.case.day - 1) // 7 + 1
    assert min(seen["late"], seen["in time"]) > LIVES // 10, seen


def test_nobody_is_asked_for_what_is_settled(lives: list[tuple[Dict, list[Leaving]]]) -> None:
    """By an exemption, an answer, a summons, a meeting, a plan or a death that is known when the message leaves."""
    for number, (life, messages_of_life) in enumerate(lives):
        for message in messages_of_life:
            delivery, now = message.delivery, local(message.at)
            assert now is not None
            start = (message.event.case.start - START).days
            why = settled(life, start, message.path, delivery.role, delivery.org_number, now)
            assert not why, (number, message.path, delivery.role, message.at, why)
