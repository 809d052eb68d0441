"""The worker's answers (`event.sporsmals`): only the self-certified days are read."""

from __future__ import annotations

from datetime import date

from pydantic import TypeAdapter, ValidationError

from schemas.messages import Day

_DAYS = TypeAdapter(tuple[Day, ...])
SELF_CERTIFIED_DAYS = "EGENMELDINGSDAGER"
DAYS_MAX = 400


class AnswerFault(ValueError):
    """An answer that is needed cannot be read; the text names the field."""


def self_certified_days(questions: object) -> tuple[date, ...] | None:
    """The days in `event.sporsmals`, or None where the question was not answered.

    The answer is a JSON list of dates inside a string. Raises AnswerFault over an answer that is neither
    empty nor such a list: without it the case would begin on a wrong day.
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
        days = _DAYS.validate_json(answer, strict=True)
    except ValidationError:
        raise AnswerFault(f"{field} is not a JSON list of dates (YYYY-MM-DD).") from None
    if len(days) > DAYS_MAX:
        raise AnswerFault(f"{field} has too many elements.")
    return tuple(sorted(set(days)))
