"""The rulebook: the only place where a checkpoint is defined (SPEC 4). Read, validated, and never guessed at.

A rulebook is a TOML text. `parse` turns it into values or raises `RulebookError`, which names the line and says
in one sentence what is wrong. A checkpoint that this code has never heard of is as good as any: what is fixed
are the words for anchors, conditions and acts below.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from schemas.messages import Meeting, Role
from services.scheduler.domain.rulebook_lines import line_of

NAME = r"^[a-z][a-z0-9_]*$"
Name = Annotated[str, StringConstraints(pattern=NAME)]
# A condition may carry a reason after a colon: `exempted:medical`.
ConditionName = Literal[
    "sick_listed", "employee", "graded", "full", "not_summoned", "exempted", "case_not_over"
]
Act = Literal[
    "plan_made",
    "plan_shared",
    "plan_shared_with_office",
    "held",
    "summoned",
    "moved",
    "cancelled",
    "assessed",
    "answered",
    "requested",
    "reassessment",
    "closed",
    "revoked",
]
FactAnchor = Literal[
    "meeting_requested",
    "meeting_summoned",
    "meeting_answered",
    "meeting_held",
    "reassessment_requested",
    "plan_requested",
    "exemption_granted",
    "activity_requirement_assessed",
]
FactDate = Literal["takes_place_on", "reply_by", "on"]

# Catching up after that many days helps nobody unless the file says otherwise (v).
CATCH_UP_DAYS_DEFAULT = 28
REPLY_DAYS_DEFAULT = 14

# Between these the law's order must hold, whatever an office decides (SPEC 4).
ORDER = (
    "meeting_need.question",
    "dialogue_meeting_2_assessment.assess",
    "dialogue_meeting_2_summons.last_day",
    "dialogue_meeting_2.deadline",
)


class RulebookError(ValueError):
    """A rulebook that cannot be used; `line` counts from 1."""

    def __init__(self, sentence: str, line: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold on the due date; `reasons` narrows `exempted` to those."""

    name: ConditionName
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One timer of a checkpoint, with all that it inherits from the checkpoint.

    Anchored in exactly one of: `day` (offset from the case's start), `from_` (`checkpoint.step`, plus `days`),
    `on` (a fact; with `date` one of the fact's dates plus `days` or `working_days`, else at once).
    """

    checkpoint: str
    name: str
    to: tuple[Role, ...]
    when: tuple[Condition, ...]
    done_by: tuple[Act, ...]
    catch_up_days: int
    superseded_by: tuple[str, ...]
    exempt_by: tuple[str, ...] | None
    meeting: Meeting | None
    meetings: tuple[Meeting, ...]
    day: int | None
    full_days: int | None
    from_: str | None
    on: FactAnchor | None
    date: FactDate | None
    days: int | None
    working_days: int | None
    notice_days: int | None
    reasons: tuple[str, ...] | None
    tells_before: bool
    held_back_by_summons: bool
    show_after_days: int | None
    enabled: bool

    @cached_property
    def path(self) -> str:
        return f"{self.checkpoint}.{self.name}"

    @property
    def is_at_once(self) -> bool:
        """Due at the fact's own instant."""
        return (
            self.on is not None
            and self.date is None
            and self.days is None
            and self.working_days is None
        )

    def requires(self, name: ConditionName) -> bool:
        return name in self._required

    @cached_property
    def _required(self) -> frozenset[ConditionName]:
        return frozenset(condition.name for condition in self.when)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    name: str
    source: str
    meeting: Meeting | None
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Rulebook:
    """A valid rulebook as it applies to one office (`office` None where no override does)."""

    name: str
    version: str
    at: time
    checkpoints: tuple[Checkpoint, ...]
    offices: Mapping[str, Rulebook]
    office: str | None = None

    def for_office(self, office: str | None) -> Rulebook:
        """The rulebook with that office's overrides, or this one where it has none."""
        return self.offices.get(office, self) if office is not None else self

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for checkpoint in self.checkpoints for step in checkpoint.steps)

    def find(self, path: str) -> Step | None:
        """The step named `checkpoint.step`; the first where a fact's kinds share the name."""
        return self._step_by_path.get(path)

    @cached_property
    def _step_by_path(self) -> dict[str, Step]:
        return {step.path: step for step in reversed(self.steps)}

    def offset_days(self, step: Step) -> int | None:
        """Days from the case's start to the plain due date, or None where a fact decides it."""
        if step.day is not None:
            return step.day
        if step.from_ is None:
            return None
        anchor = self.find(step.from_)
        before = self.offset_days(anchor) if anchor is not None else None
        return before + (step.days or 0) if before is not None else None


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True, frozen=True)


_Strings = Annotated[tuple[str, ...], Field(strict=False)]
_Roles = Annotated[tuple[Role, ...], Field(strict=False, min_length=1)]
_Acts = Annotated[tuple[Act, ...], Field(strict=False)]
_Meetings = Annotated[tuple[Meeting, ...], Field(strict=False, min_length=1)]
_Reach = Annotated[int, Field(ge=-3660, le=3660)]


class _StepTable(_Table):
    name: Name
    enabled: bool = True
    day: Annotated[int, Field(ge=0, le=3660)] | None = None
    full_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    from_: str | None = Field(default=None, alias="from")
    on: FactAnchor | None = None
    date: FactDate | None = None
    days: _Reach | None = None
    working_days: Annotated[int, Field(ge=0, le=3660)] | None = None
    notice_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    reasons: _Strings | None = None
    tell: Literal["before"] | None = None
    held_back_by: Literal["summoned"] | None = None
    show_after_days: Annotated[int, Field(ge=0, le=3660)] | None = None
    meetings: _Meetings | None = None
    when: _Strings | None = None
    done_by: _Acts | None = None
    to: _Roles | None = None
    catch_up_days: Annotated[int, Field(ge=0, le=3660)] | None = None
    superseded_by: _Strings | None = None
    exempt_by: _Strings | None = None


class _CheckpointTable(_Table):
    name: Name
    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    meeting: Meeting | None = None
    meetings: _Meetings | None = None
    when: _Strings = ("sick_listed",)
    done_by: _Acts = ()
    to: _Roles | None = None
    catch_up_days: Annotated[int, Field(ge=0, le=3660)] = CATCH_UP_DAYS_DEFAULT
    superseded_by: _Strings = ()
    exempt_by: _Strings | None = None
    step: Annotated[tuple[_StepTable, ...], Field(strict=False, min_length=1)]


class _File(_Table):
    name: Annotated[str, StringConstraints(min_length=1, pattern=r"^[\w.-]+$")]
    version: Annotated[str, StringConstraints(min_length=1)]
    time: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "09:00"
    checkpoint: Annotated[tuple[_CheckpointTable, ...], Field(strict=False, min_length=1)]
    office: dict[str, dict[str, Any]] = Field(default_factory=dict)


def parse(text: str) -> Rulebook:
    """Read a rulebook from its TOML text; raises RulebookError with a line and a sentence."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulebookError(f"This is not TOML: {error}.", _toml_line(str(error))) from None
    rulebook = _build(raw, text, office=None)
    offices = {
        office: _build(_overridden(raw, text, office), text, office=office)
        for office in raw.get("office", {})
    }
    return replace(rulebook, offices=offices)


def _build(raw: dict[str, Any], text: str, *, office: str | None) -> Rulebook:
    try:
        file = _File.model_validate(raw)
    except ValidationError as error:
        raise _error_of(error, raw, text, office) from None
    checkpoints = tuple(_checkpoint(table, text) for table in file.checkpoint)
    hours, minutes = file.time.split(":")
    rulebook = Rulebook(
        file.name, file.version, time(int(hours), int(minutes)), checkpoints, {}, office
    )
    _refuse_contradictions(rulebook, text)
    return rulebook


def _checkpoint(table: _CheckpointTable, text: str) -> Checkpoint:
    steps = tuple(_step(table, step, text) for step in table.step)
    return Checkpoint(table.name, table.source, table.meeting, steps)


def _step(table: _CheckpointTable, step: _StepTable, text: str) -> Step:
    path = (table.name, step.name)
    to = step.to if step.to is not None else table.to
    if to is None:
        raise RulebookError(
            f"{table.name}.{step.name} goes to nobody: 'to' is missing.", line_of(text, *path)
        )
    anchors = [each is not None for each in (step.day, step.from_, step.on)]
    if anchors.count(True) != 1:
        raise RulebookError(
            f"{table.name}.{step.name} needs exactly one of 'day', 'from' and 'on'.",
            line_of(text, *path),
        )
    named: tuple[Meeting, ...] = (table.meeting,) if table.meeting is not None else (1, 2, 3)
    meetings = step.meetings or table.meetings or named
    return Step(
        checkpoint=table.name,
        name=step.name,
        to=to,
        when=tuple(
            _condition(each, path, text)
            for each in (step.when if step.when is not None else table.when)
        ),
        done_by=step.done_by if step.done_by is not None else table.done_by,
        catch_up_days=step.catch_up_days if step.catch_up_days is not None else table.catch_up_days,
        superseded_by=tuple(
            each if "." in each else f"{table.name}.{each}"
            for each in (
                step.superseded_by if step.superseded_by is not None else table.superseded_by
            )
        ),
        exempt_by=step.exempt_by if step.exempt_by is not None else table.exempt_by,
        meeting=table.meeting,
        meetings=meetings,
        day=step.day,
        full_days=step.full_days,
        from_=step.from_,
        on=step.on,
        date=step.date,
        days=step.days,
        working_days=step.working_days,
        notice_days=step.notice_days,
        reasons=step.reasons,
        tells_before=step.tell == "before",
        held_back_by_summons=step.held_back_by == "summoned",
        show_after_days=step.show_after_days,
        enabled=step.enabled,
    )


def _condition(text_of: str, path: tuple[str, str], text: str) -> Condition:
    name, _, detail = text_of.partition(":")
    known: tuple[ConditionName, ...] = (
        "sick_listed",
        "employee",
        "graded",
        "full",
        "not_summoned",
        "exempted",
        "case_not_over",
    )
    for each in known:
        if each == name and (not detail or name == "exempted"):
            return Condition(each, tuple(detail.split(",")) if detail else ())
    raise RulebookError(
        f"{'.'.join(path)}: '{text_of}' in 'when' is not a condition; known are {', '.join(known)}.",
        line_of(text, *path, text_of),
    )


def _refuse_contradictions(rulebook: Rulebook, text: str) -> None:
    where = f" for office {rulebook.office}" if rulebook.office is not None else ""
    _refuse_twice(rulebook, text)
    for step in rulebook.steps:
        path = (step.checkpoint, step.name)
        for other in (*step.superseded_by, *([step.from_] if step.from_ else [])):
            if rulebook.find(other) is None:
                raise RulebookError(
                    f"{step.path} names '{other}', which is no step of this rulebook.",
                    line_of(text, *path, other.removeprefix(f"{step.checkpoint}.")),
                )
        if step.from_ is not None and _goes_in_a_ring(rulebook, step):
            raise RulebookError(f"{step.path} counts from itself.", line_of(text, *path))
        if (step.date is not None or step.working_days is not None) and step.on is None:
            raise RulebookError(
                f"{step.path} has 'date' or 'working_days', which only go with 'on'.",
                line_of(text, *path),
            )
        if step.full_days is not None and step.day is None:
            raise RulebookError(
                f"{step.path} has 'full_days', which only goes with 'day'.", line_of(text, *path)
            )
    _refuse_wrong_order(rulebook, text, where)


def _refuse_twice(rulebook: Rulebook, text: str) -> None:
    names: set[str] = set()
    for checkpoint in rulebook.checkpoints:
        if checkpoint.name in names:
            raise RulebookError(
                f"The checkpoint '{checkpoint.name}' is there twice.",
                line_of(text, checkpoint.name, occurrence=2),
            )
        names.add(checkpoint.name)
        seen: dict[str, set[Meeting]] = {}
        for step in checkpoint.steps:
            # One name may serve several kinds of meeting, as long as no meeting gets two timers.
            earlier = seen.setdefault(step.name, set())
            if earlier and (step.on is None or earlier & set(step.meetings)):
                raise RulebookError(
                    f"The step '{step.path}' is there twice.", line_of(text, *step.path.split("."))
                )
            earlier |= set(step.meetings)


def _goes_in_a_ring(rulebook: Rulebook, step: Step) -> bool:
    seen = {step.path}
    current: Step | None = step
    while current is not None and current.from_ is not None:
        if current.from_ in seen:
            return True
        seen.add(current.from_)
        current = rulebook.find(current.from_)
    return False


def _refuse_wrong_order(rulebook: Rulebook, text: str, where: str) -> None:
    steps = [step for path in ORDER if (step := rulebook.find(path)) is not None]
    for before, after in pairwise(steps):
        early, late = rulebook.offset_days(before), rulebook.offset_days(after)
        if early is not None and late is not None and early >= late:
            line = (
                line_of(text, after.checkpoint, after.name)
                if rulebook.office is None
                else line_of(text, "office", rulebook.office)
            )
            raise RulebookError(
                f"{before.path} (day {early}) must come before {after.path} (day {late}){where}.",
                line,
            )


def _overridden(raw: dict[str, Any], text: str, office: str) -> dict[str, Any]:
    """The file's tables with the single values of one office put in."""
    checkpoints = [
        {**table, "step": [dict(step) for step in table.get("step", [])]}
        for table in raw.get("checkpoint", [])
    ]
    for path, value in raw["office"][office].items():
        checkpoint, _, rest = path.partition(".")
        step, _, name = rest.rpartition(".")
        tables = [table for table in checkpoints if table.get("name") == checkpoint]
        targets = (
            [each for table in tables for each in table["step"] if each.get("name") == step]
            if step
            else tables
        )
        if not targets or name in ("", "name", "step"):
            raise RulebookError(
                f"Office {office} overrides '{path}', which this rulebook does not have.",
                line_of(text, "office", office, path),
            )
        for target in targets:
            target[name] = value
    return {**raw, "checkpoint": checkpoints, "office": {}}


def _error_of(
    error: ValidationError, raw: dict[str, Any], text: str, office: str | None
) -> RulebookError:
    fault = error.errors(include_url=False, include_input=False)[0]
    loc = [str(part) for part in fault["loc"]]
    names: list[str] = []
    table: Any = raw
    for part in fault["loc"]:
        if isinstance(part, int) and isinstance(table, list | tuple) and part < len(table):
            table = table[part]
            if isinstance(table, dict) and isinstance(table.get("name"), str):
                names.append(table["name"])
        elif isinstance(table, dict):
            table = table.get(str(part))
    key = loc[-1] if loc and not loc[-1].isdigit() else (loc[-2] if len(loc) > 1 else "")
    says = {
        "extra_forbidden": f"'{key}' is not a word that a rulebook knows",
        "missing": f"'{key}' is missing",
    }.get(fault["type"], f"'{key}': {fault['msg'][0].lower()}{fault['msg'][1:]}")
    place = ".".join(names)
    where = f" (after the overrides of office {office})" if office is not None else ""
    line = (
        line_of(text, "office", office, key) if office is not None else line_of(text, *names, key)
    )
    return RulebookError(f"{place + ': ' if place else ''}{says}{where}.", line)


def _toml_line(message: str) -> int:
    _, _, rest = message.partition("at line ")
    digits = rest.split(",")[0]
    return int(digits) if digits.isdigit() else 1
