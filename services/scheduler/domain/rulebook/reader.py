"""Reads a rulebook from its TOML text, or says in one sentence and with a line why it cannot be used (contract 4).

What the form may hold is written down once, as models; what no form can say (an order that the law sets, a step
that counts from itself) is checked after that, for the file and again with each office's overrides.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time
from itertools import pairwise
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from schemas.messages import Meeting, Role
from services.scheduler.domain.rulebook.lines import line_of
from services.scheduler.domain.rulebook.model import (
    CATCH_UP_DAYS_DEFAULT,
    ORDER,
    Act,
    Checkpoint,
    Condition,
    ConditionName,
    FactAnchor,
    FactDate,
    Name,
    Rulebook,
    RulebookError,
    Step,
    Suspension,
    matches,
)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True, frozen=True)


_Strings = Annotated[tuple[str, ...], Field(strict=False)]
_Roles = Annotated[tuple[Role, ...], Field(strict=False, min_length=1)]
_Acts = Annotated[tuple[Act, ...], Field(strict=False)]
_Meetings = Annotated[tuple[Meeting, ...], Field(strict=False, min_length=1)]
_DAYS = re.compile(r"[0-9]{1,4}")
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
    after: str | None = None
    legal: str | None = None
    reasons: _Strings | None = None
    open_ended: bool = False
    tell: Literal["before"] | None = None
    held_back_by: Literal["summoned"] | None = None
    show_after_days: Annotated[int, Field(ge=0, le=3660)] | None = None
    meeting: Meeting | None = None
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


class _SuspendTable(_Table):
    steps: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    from_: Annotated[date, Field(alias="from")]
    until: date
    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    office: Annotated[str, StringConstraints(min_length=1)] | None = None


class _File(_Table):
    name: Annotated[str, StringConstraints(min_length=1, pattern=r"^[\w.-]+$")]
    version: Annotated[str, StringConstraints(min_length=1)]
    time: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "09:00"
    checkpoint: Annotated[tuple[_CheckpointTable, ...], Field(strict=False, min_length=1)]
    office: dict[str, dict[str, Any]] = Field(default_factory=dict)
    suspend: Annotated[tuple[_SuspendTable, ...], Field(strict=False)] = ()


def parse(text: str) -> Rulebook:
    """Read a rulebook from its TOML text; raises RulebookError with a line and a sentence."""
    text = text.replace("\r\n", "\n")  # An editor's line ends make no other rulebook of it.
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulebookError(f"This is not TOML: {error}.", _toml_line(str(error))) from None
    rulebook = _build(raw, text, office=None)
    suspended = [suspension.office for suspension in rulebook.suspensions if suspension.office]
    offices = {
        office: _build(_overridden(raw, text, office), text, office=office)
        for office in (*raw.get("office", {}), *suspended)
    }
    return replace(rulebook, offices=offices, text=text)


def _build(raw: dict[str, Any], text: str, *, office: str | None) -> Rulebook:
    try:
        file = _File.model_validate(raw)
    except ValidationError as error:
        raise _error_of(error, raw, text, office) from None
    suspensions = tuple(
        Suspension(table.steps, table.from_, table.until, table.source, table.office)
        for table in file.suspend
    )
    reaching = [suspension for suspension in suspensions if suspension.office in (None, office)]
    checkpoints = tuple(_checkpoint(table, reaching, text) for table in file.checkpoint)
    hours, minutes = file.time.split(":")
    rulebook = Rulebook(
        file.name,
        file.version,
        time(int(hours), int(minutes)),
        checkpoints,
        {},
        office,
        suspensions,
    )
    _refuse_contradictions(rulebook, text)
    return rulebook


def _checkpoint(
    table: _CheckpointTable, suspensions: Sequence[Suspension], text: str
) -> Checkpoint:
    steps = [_step(table, step, text) for step in table.step]
    return Checkpoint(
        table.name,
        table.source,
        table.meeting,
        tuple(
            replace(
                step,
                suspensions=tuple(
                    suspension for suspension in suspensions if suspension.covers(step.path)
                ),
            )
            for step in steps
        ),
    )


def _step(table: _CheckpointTable, step: _StepTable, text: str) -> Step:
    path = (table.name, step.name)
    to = step.to if step.to is not None else table.to
    if to is None:
        raise RulebookError(
            f"{table.name}.{step.name} goes to nobody: 'to' is missing.", line_of(text, *path)
        )
    anchors = [anchor is not None for anchor in (step.day, step.from_, step.on)]
    if anchors.count(True) != 1:
        raise RulebookError(
            f"{table.name}.{step.name} needs exactly one of 'day', 'from' and 'on'.",
            line_of(text, *path),
        )
    meeting = step.meeting if step.meeting is not None else table.meeting
    named = tuple(number for number in (step.meeting,) if number is not None)
    meetings = step.meetings or named or table.meetings or ((meeting,) if meeting else (1, 2, 3))
    return Step(
        checkpoint=table.name,
        name=step.name,
        to=to,
        when=tuple(
            _condition(condition, path, text)
            for condition in (step.when if step.when is not None else table.when)
        ),
        done_by=step.done_by if step.done_by is not None else table.done_by,
        catch_up_days=step.catch_up_days if step.catch_up_days is not None else table.catch_up_days,
        superseded_by=tuple(
            _path_within(table.name, other)
            for other in (
                step.superseded_by if step.superseded_by is not None else table.superseded_by
            )
        ),
        exempt_by=step.exempt_by if step.exempt_by is not None else table.exempt_by,
        meeting=meeting,
        meetings=meetings,
        day=step.day,
        full_days=step.full_days,
        from_=step.from_,
        on=step.on,
        date=step.date,
        days=step.days,
        working_days=step.working_days,
        notice_days=step.notice_days,
        after=_path_within(table.name, step.after) if step.after is not None else None,
        legal=_legal(table, step),
        reasons=step.reasons,
        is_open_ended=step.open_ended,
        tells_before=step.tell == "before",
        held_back_by_summons=step.held_back_by == "summoned",
        show_after_days=step.show_after_days,
        enabled=step.enabled,
    )


def _legal(table: _CheckpointTable, step: _StepTable) -> str | None:
    if step.legal is None or step.legal in get_args(FactDate):
        return step.legal
    return _path_within(table.name, step.legal)


def _path_within(checkpoint: str, name: str) -> str:
    """The step that a rulebook names: as `checkpoint.step`, or alone where it is of the same checkpoint."""
    return name if "." in name else f"{checkpoint}.{name}"


def _condition(text_of: str, path: tuple[str, str], text: str) -> Condition:
    name, _, detail = text_of.partition(":")
    known: tuple[ConditionName, ...] = get_args(ConditionName)
    if name == "assessment_not_near":
        if not _DAYS.fullmatch(detail):
            raise RulebookError(
                f"{'.'.join(path)}: '{name}' needs a number of days, as in '{name}:14'.",
                line_of(text, *path, text_of),
            )
        return Condition("assessment_not_near", days=int(detail))
    for condition in known:
        if condition == name and (not detail or name == "exempted"):
            return Condition(condition, tuple(detail.split(",")) if detail else ())
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
            _refuse_unknown(rulebook, step, other, text)
        _refuse_wrong_legal(rulebook, step, text)
        _refuse_wrong_limit(rulebook, step, text)
        if step.from_ is not None and _goes_in_a_ring(rulebook, step):
            raise RulebookError(f"{step.path} counts from itself.", line_of(text, *path))
        if (step.date is not None or step.working_days is not None) and step.on is None:
            raise RulebookError(
                f"{step.path} has 'date' or 'working_days', which only go with 'on'.",
                line_of(text, *path),
            )
        if step.is_open_ended and step.on != "exemption_granted":
            raise RulebookError(
                f"{step.path} has 'open_ended', which only goes with on = \"exemption_granted\".",
                line_of(text, *path),
            )
        if step.full_days is not None and step.day is None:
            raise RulebookError(
                f"{step.path} has 'full_days', which only goes with 'day'.", line_of(text, *path)
            )
    _refuse_wrong_order(rulebook, text, where)
    _refuse_wrong_suspensions(rulebook, text)


def _refuse_wrong_suspensions(rulebook: Rulebook, text: str) -> None:
    for number, suspension in enumerate(rulebook.suspensions, start=1):
        if suspension.from_ > suspension.until:
            raise RulebookError(
                f"A suspension from {suspension.from_} until {suspension.until} ends before it begins.",
                line_of(text, "suspend", "until", occurrence=number),
            )
        for pattern in suspension.steps:
            if not any(matches(pattern, step.path) for step in rulebook.steps):
                raise RulebookError(
                    f"A suspension names '{pattern}', which is no step of this rulebook: write checkpoint.step,"
                    " where * stands for any letters.",
                    line_of(text, "suspend", pattern, occurrence=number),
                )


def _refuse_unknown(rulebook: Rulebook, step: Step, other: str, text: str) -> None:
    if rulebook.find(other) is None:
        raise RulebookError(
            f"{step.path} names '{other}', which is no step of this rulebook.",
            line_of(text, step.checkpoint, step.name, other.removeprefix(f"{step.checkpoint}.")),
        )


def _refuse_wrong_legal(rulebook: Rulebook, step: Step, text: str) -> None:
    if step.legal is None:
        return
    line = line_of(text, step.checkpoint, step.name, "legal")
    if step.legal in get_args(FactDate):
        if step.on is None:
            raise RulebookError(
                f"{step.path}: 'legal' names '{step.legal}', a date that only a step with 'on' has.",
                line,
            )
        return
    _refuse_unknown(rulebook, step, step.legal, text)
    named = rulebook.find(step.legal)
    if named is not None and named.on not in (None, step.on):
        raise RulebookError(
            f"{step.path}: 'legal' names '{step.legal}', which hangs on another fact.", line
        )


def _refuse_wrong_limit(rulebook: Rulebook, step: Step, text: str) -> None:
    if step.after is None:
        return
    _refuse_unknown(rulebook, step, step.after, text)
    named = rulebook.find(step.after)
    line = line_of(text, step.checkpoint, step.name, "after")
    if named is not None and named.on is not None:
        raise RulebookError(
            f"{step.path}: 'after' names '{step.after}', which the start does not decide.", line
        )
    if step.on != "meeting_summoned":
        raise RulebookError(
            f"{step.path} has 'after', which only goes with on = \"meeting_summoned\".", line
        )


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
    for path, value in raw.get("office", {}).get(office, {}).items():
        checkpoint, _, rest = path.partition(".")
        step, _, name = rest.rpartition(".")
        tables = [table for table in checkpoints if table.get("name") == checkpoint]
        targets = (
            [
                step_table
                for table in tables
                for step_table in table["step"]
                if step_table.get("name") == step
            ]
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
    if office is not None:
        line = line_of(text, "office", office, key)
    elif loc[0] == "suspend" and len(loc) > 1:
        place, number = "suspend", int(loc[1]) + 1
        line = line_of(text, "suspend", key, occurrence=number)
    else:
        line = line_of(text, *names, key)
    return RulebookError(f"{place + ': ' if place else ''}{says}{where}.", line)


def _toml_line(message: str) -> int:
    _, _, rest = message.partition("at line ")
    digits = rest.split(",")[0]
    return int(digits) if digits.isdigit() else 1
