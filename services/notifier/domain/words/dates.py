"""The dates that the words of a message are chosen by, and the date that they name (contract 6.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from schemas.messages import DeadlineDue
from schemas.norway import oslo_date


@dataclass(frozen=True, slots=True)
class MessageDates:
    """Four Oslo dates of a message.

    `due_on` is the step's own date, which for a reminder is the day of the reminder; `case_start` is the first day of
    the case; `legal_on` is the last day by law, or by a demand of the office, for what the step is about, None where
    there is none or the event does not say; `leaves_on` is the day on which the message leaves.
    """

    due_on: date
    case_start: date
    legal_on: date | None
    leaves_on: date

    @classmethod
    def of(cls, event: DeadlineDue, leaves_at: datetime) -> Self:
        """Those of a message about that event which leaves at an aware instant."""
        return cls(event.due_on, event.case.start, event.legal_on, oslo_date(leaves_at))
