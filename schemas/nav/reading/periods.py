"""NAV's periods as canonical periods (contract 7), under the same rules as those of our own topic."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from schemas.dates import Day
from schemas.lists import NullIsEmpty
from schemas.messages import Period, PeriodKind, check_days
from schemas.nav.reading.fields import NavModel

PeriodType = Literal[
    "AKTIVITET_IKKE_MULIG", "GRADERT", "AVVENTENDE", "BEHANDLINGSDAGER", "REISETILSKUDD"
]

_KINDS: dict[str, PeriodKind] = {
    "AKTIVITET_IKKE_MULIG": "full",
    "AVVENTENDE": "waiting",
    "BEHANDLINGSDAGER": "treatment_days",
    "REISETILSKUDD": "travel_allowance",
}

FULL_GRADE = 100
PERIODS_MAX = 100


class NavPeriod(NavModel):
    """A period of a note, both ends included. The grade is `gradert.grad` on the topics of sent and confirmed
    notes, and `grad` on tsm's.
    """

    fom: Day
    tom: Day
    type: PeriodType
    gradert: Any = None
    grad: Any = None

    @model_validator(mode="after")
    def _is_a_period(self) -> NavPeriod:
        self.as_period()
        return self

    def as_period(self) -> Period:
        """The canonical period. Raises PydanticCustomError where the dates or the grade break its rules."""
        kind, grade = _KINDS.get(self.type, "graded"), None
        if kind == "graded":
            grade = self._grade()
            # A graded period of 100 per cent is a full sick leave.
            kind, grade = ("full", None) if grade == FULL_GRADE else ("graded", grade)
        try:
            return Period(from_=self.fom, to=self.tom, kind=kind, grade=grade)
        except ValidationError as error:
            fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
            # The text that a canonical note would get, reported with the publisher's own path.
            raise PydanticCustomError(
                cast("Any", fault["type"]), cast("Any", fault["msg"])
            ) from None

    def _grade(self) -> int | None:
        grade = self.gradert.get("grad") if isinstance(self.gradert, dict) else self.grad
        return grade if isinstance(grade, int) and not isinstance(grade, bool) else None


def _bounded(periods: tuple[NavPeriod, ...]) -> tuple[NavPeriod, ...]:
    # Not min_length: pydantic would also report an empty list where the only period has a fault.
    if not periods:
        raise PydanticCustomError("nav_no_period", "has no period")
    if len(periods) > PERIODS_MAX:
        raise PydanticCustomError("nav_many_periods", "has over 100 periods")
    check_days(period.as_period() for period in periods)
    return periods


NavPeriods = Annotated[tuple[NavPeriod, ...], NullIsEmpty(), AfterValidator(_bounded)]
