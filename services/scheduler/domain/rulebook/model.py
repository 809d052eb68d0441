"""The rulebook: the only place where a checkpoint is defined (contract 4). Read, validated, and never guessed at.

Its text is TOML and is read by `reader`. A checkpoint that this code has never heard of is as good as
any: what is fixed are the words for anchors, conditions and acts below.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Literal

from pydantic import StringConstraints

from schemas.messages import Meeting, Role
from schemas.norway import ONE_DAY

NAME = r"^[a-z][a-z0-9_]*$"
Name = Annotated[str, StringConstraints(pattern=NAME)]
# Each has a row in plan/conditions.py. A detail may follow after a colon: `exempted:medical`, `assessment_not_near:14`.
ConditionName = Literal[
    "sick_listed",
    "employee",
    "graded",
    "full",
    "plan_made",
    "not_summoned",
    "exempted",
    "assessment_not_near",
    "case_not_over",
]
# Each has a row in plan/acts.py.
Act = Literal[
    "plan_made",
    "plan_shared",
    "plan_shared_with_office",
    "plan_shared_with_practitioner",
    "held",
    "summoned",
    "summoned_in_time",
    "moved",
    "cancelled",
    "assessed",
    "answered",
    "requested",
    "reassessment",
    "closed",
    "revoked",
    "minutes_sent",
    "moved_in_time",
]
# Each has a row in plan/fact_anchors.py.
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

# Catching up after that many days helps nobody unless the file says otherwise (policy).
CATCH_UP_DAYS_DEFAULT = 28
REPLY_DAYS_DEFAULT = 14

ASSESSMENT_OF_MEETING_2 = "dialogue_meeting_2_assessment.assess"

# Between these the law's order must hold, whatever an office decides (contract 4).
ORDER = (
    "meeting_need.question",
    ASSESSMENT_OF_MEETING_2,
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
    """What must hold on the due date.

    `reasons` narrows `exempted` to those. `days`: how near is near, for `assessment_not_near`.
    """

    name: ConditionName
    reasons: tuple[str, ...] = ()
    days: int = 0


@dataclass(frozen=True, slots=True)
class Suspension:
    """A span of dates, both included, in which steps wait, such as a national stop of meetings.

    `steps` are patterns of paths as the file has them (`meeting_need.*`); `office` None: for people of every office.
    """

    steps: tuple[str, ...]
    from_: date
    until: date
    source: str
    office: str | None = None

    def covers(self, path: str) -> bool:
        """Whether it suspends the step named `checkpoint.step`."""
        return any(matches(pattern, path) for pattern in self.steps)

    def holds_on(self, day: date) -> bool:
        return self.from_ <= day <= self.until


def matches(pattern: str, path: str) -> bool:
    """Whether a path `checkpoint.step` is one that the pattern means; `*` stands for any letters but a full stop."""
    patterns, names = pattern.split("."), path.split(".")
    return len(patterns) == len(names) and all(map(fnmatchcase, names, patterns))


def day_after_suspensions(day: date, suspensions: Iterable[Suspension]) -> date:
    """The day itself where none of these suspensions holds, else the first on which none does."""
    for suspension in sorted(suspensions, key=lambda suspension: suspension.from_):
        if suspension.holds_on(day):
            day = suspension.until + ONE_DAY
    return day


@dataclass(frozen=True)
class Step:
    """One timer of a checkpoint, with all that it inherits from the checkpoint.

    Anchored in exactly one of: `day` (offset from the case's start), `from_` (`checkpoint.step`, plus `days`),
    `on` (a fact; with `date` one of the fact's dates plus `days` or `working_days`, else at once).
    `legal` names what gives the last day by law: a step as `checkpoint.step`, or a date of the fact. `after` names a
    step: only a meeting that is put after its due date asks.
    `suspensions` are those that reach it, whatever the date.
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
    after: str | None
    legal: str | None
    reasons: tuple[str, ...] | None
    is_open_ended: bool
    tells_before: bool
    held_back_by_summons: bool
    show_after_days: int | None
    enabled: bool
    suspensions: tuple[Suspension, ...] = ()

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
    """A valid rulebook as it applies to one office (`office` None where the office has nothing of its own).

    `suspensions` are all of the file, also those of other offices. `text` is the whole file that it was read from, with
    line feeds as its line ends.
    """

    name: str
    version: str
    at: time
    checkpoints: tuple[Checkpoint, ...]
    offices: Mapping[str, Rulebook]
    office: str | None = None
    suspensions: tuple[Suspension, ...] = ()
    text: str = field(default="", repr=False, compare=False)

    @property
    def title(self) -> str:
        """What people call it: its name and version."""
        return f"{self.name} {self.version}"

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the text in hex: comments count, for they hold the reasons (ADR 24)."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def is_same_as(self, other: Rulebook) -> bool:
        """Whether both have the same name, version and content."""
        return (self.title, self.content_hash) == (other.title, other.content_hash)

    def for_office(self, office: str | None) -> Rulebook:
        """The rulebook with that office's overrides and suspensions, or this one where it has none."""
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
