"""The worker's answers in `event.sporsmals`, of which only the self-certified days are read."""

from __future__ import annotations

from datetime import date

from pydantic import TypeAdapter, ValidationError

from schemas import dates
from schemas.dates import Day

_DAYS = TypeAdapter(tuple[Day, ...] | None)
SELF_CERTIFIED_DAYS = "EGENMELDINGSDAGER"
DAYS_MAX = 400


class AnswerFault(ValueError):
    """The self-certified days cannot be read; the text names the field and holds no value."""


def self_certified_days(questions: object) -> tuple[date, ...] | None:
    """The days in `event.sporsmals`, sorted; None where the question is not among the answers.

    The answer is text that holds a JSON list of dates. Raises AnswerFault over an answer that is neither
    empty nor such a list: a note without these days would begin its case on a wrong date.
    """
    if not isinstance(questions, list):
        return None
    for index, question in enumerate(questions):
        if isinstance(question, dict) and question.get("shortName") == SELF_CERTIFIED_DAYS:
            return _days(question.get("svar"), f"event.sporsmals.{index}.svar")
    return None


def _days(answer: object, field: str) -> tuple[date, ...]:
    if answer is None or answer == "":
        return ()
    try:
        if not isinstance(answer, str):
            raise AnswerFault(f"{field} is not text.")
        days = _DAYS.validate_json(answer, strict=True) or ()
    except ValidationError as error:
        raise AnswerFault(f"{field} {_fault(error)}.") from None
    if len(days) > DAYS_MAX:
        raise AnswerFault(f"{field} has too many elements.")
    return tuple(sorted(set(days)))


def _fault(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == dates.OWN_FAULT:
        return f"has an element that {first['msg']}"
    return "is not a JSON list of dates (YYYY-MM-DD)"
