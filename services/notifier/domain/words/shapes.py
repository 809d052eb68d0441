"""The form of the files that hold the words: one TOML file a checkpoint, its languages side by side.

    step.<step>.<role>.<language>.<title | sms | notice>,  step.<step>.<role>.<language>.passed.<title | sms | notice>
    step.<step>.last_day,  guide.<n>.<language>

A key that is not known here is refused, so that a slip of the pen cannot hide a text. Five files begin with
`_` and belong to no checkpoint: `_common` (what frames e-mail and letter), `_sources` (what a guide line may
name as its source), `_exemptions` (what has to be said with each exemption), `_generic` (words for checkpoints
nobody wrote words for) and `_delivery` (titles of the adviser tasks that the notifier makes itself).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from schemas.messages import Language, Role
from services.notifier.domain.words.dates import MessageDates
from services.notifier.domain.words.rules import Dating, TextKind, faults, title_when_passed_faults

T = TypeVar("T")
Key = tuple[str | int, ...]
GuidePart = Literal["about", "prepare", "invite", "answer", "not_needed", "after"]
LANGUAGES: tuple[Language, ...] = ("nb", "nn", "en")
PEOPLE: dict[Role, TextKind] = {"employee": "sms", "line_manager": "notice"}
"""Whom messages go to, and what the sentence is called that each is about; an adviser gets tasks."""


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class InAllLanguages(Shape, Generic[T]):
    """The same thing in every language; none may be left out."""

    nb: T
    nn: T
    en: T

    def __getitem__(self, language: Language) -> T:
        return {"nb": self.nb, "nn": self.nn, "en": self.en}[language]


class EmployeeText(Shape):
    """`sms` is also the opening of the e-mail and the letter, and the notice on Min side."""

    title: str
    sms: str

    @property
    def notice(self) -> str:
        return self.sms


class EmployeeWords(EmployeeText):
    """`passed` is the second set: what is said once the date has passed."""

    passed: EmployeeText | None = None


class ManagerText(Shape):
    """`notice` is the employer notice, and the opening of the e-mail."""

    title: str
    notice: str


class ManagerWords(ManagerText):
    """`passed` as the employee's."""

    passed: ManagerText | None = None


class AdviserWords(Shape):
    title: str


class Step(Shape):
    """The words of one step, and which date they name.

    A reminder names the last day of the duty, not the day of the reminder: the event says it as its legal date.
    Where an event says none, and the law counts from the start of the case, that day is `last_case_day`, an offset
    as in a rulebook. Otherwise, and once that day has come, it is `last_day` days after the step's own `due_on`.
    `only_legal` marks a step of which no date can be counted: without a legal date its second set is used.

    `undated` says why a step has no date to name. `asks` marks a question: no date of it is named once it has passed.
    `only_informs` marks words that ask for nothing.
    """

    last_day: Annotated[int, Field(ge=0, le=60)] = 0
    last_case_day: Annotated[int, Field(ge=1, le=365)] | None = None
    only_legal: bool = False
    undated: str | None = None
    asks: bool = False
    only_informs: bool = False
    employee: InAllLanguages[EmployeeWords] | None = None
    line_manager: InAllLanguages[ManagerWords] | None = None
    adviser: InAllLanguages[AdviserWords] | None = None

    @property
    def names_what_passed(self) -> bool:
        """Whether the second set names the date, as one that has passed."""
        return not (self.asks or self.only_legal)

    def last_day_on(self, dates: MessageDates) -> date | None:
        """The last day to do what the step asks for, an Oslo date; None where there is none to name."""
        if self.undated is not None:
            return None
        if dates.legal_on is not None or self.only_legal:
            return dates.legal_on
        if self.last_case_day is not None:
            by_law = dates.case_start + timedelta(days=self.last_case_day)
            if dates.due_on <= by_law:
                return by_law
        return dates.due_on + timedelta(days=self.last_day)


class GuideLine(InAllLanguages[str]):
    """One line of a checkpoint's guide, the same words for everybody.

    `source` names an entry of `_sources`, `exemptions` are the entries of `_exemptions` that the line tells of.
    """

    part: GuidePart
    source: str
    exemptions: tuple[str, ...] = Field(default=(), strict=False)


class CheckpointWords(Shape):
    step: dict[str, Step] = Field(min_length=1)
    guide: tuple[GuideLine, ...] = Field(default=(), strict=False)


class Source(InAllLanguages[str]):
    """What a guide line rests on, named as people name it; `kind` as in a rulebook."""

    kind: Literal["law", "circular", "guidance", "practice", "study"]


class Sources(Shape):
    source: dict[str, Source]


class Common(Shape):
    """What stands around the words and the guide in e-mail and letter."""

    greeting: InAllLanguages[str]
    done_already: InAllLanguages[str]
    privacy: InAllLanguages[str]
    no_reply: InAllLanguages[str]
    login: InAllLanguages[str]
    letter_help: InAllLanguages[str]
    regards: InAllLanguages[str]
    source: InAllLanguages[str]
    heading: dict[GuidePart, InAllLanguages[str]]


def words_faults(words: CheckpointWords, sources: Sources) -> Iterator[tuple[Key, str]]:
    """Each fault in a checkpoint's file, with its key."""
    for name, step in words.step.items():
        yield from _step_faults(("step", name), step)
    has_recipients = any(step.employee or step.line_manager for step in words.step.values())
    if has_recipients and not words.guide:
        yield ("guide",), "is missing, and employee or line manager are told something"
    for number, line in enumerate(words.guide):
        if line.source not in sources.source:
            yield ("guide", number, "source"), "is not one of the sources in _sources.toml"
        for language in LANGUAGES:
            for fault in faults(line[language], "guide", language):
                yield ("guide", number, language), fault


def _step_faults(key: Key, step: Step) -> Iterator[tuple[Key, str]]:
    if step.undated is not None and (step.last_day or step.last_case_day or step.only_legal):
        yield (*key, "undated"), "stands beside a last day"
    first: Dating = "to_come" if step.undated is None else "undated"
    for language in LANGUAGES:
        for role, kind in PEOPLE.items():
            if in_languages := getattr(step, role):
                words: EmployeeWords | ManagerWords = in_languages[language]
                own = (*key, role, language)
                yield from _text_faults(own, words, kind, language, first)
                yield from _passed_faults((*own, "passed"), step, words.passed, kind, language)
        if step.adviser:
            for fault in faults(step.adviser[language].title, "title", language):
                yield (*key, "adviser", language, "title"), fault


def _passed_faults(
    key: Key,
    step: Step,
    text: EmployeeText | ManagerText | None,
    kind: TextKind,
    language: Language,
) -> Iterator[tuple[Key, str]]:
    if step.undated is not None:
        if text is not None:
            yield key, "stands beside a reason for naming no date"
    elif text is None:
        yield key, "is missing: these words name a date, and they may leave when it has passed"
    else:
        second: Dating = "passed" if step.names_what_passed else "undated"
        yield from _text_faults(key, text, kind, language, second)
        for fault in title_when_passed_faults(text.title):
            yield (*key, "title"), fault


def _text_faults(
    key: Key, text: EmployeeText | ManagerText, kind: TextKind, language: Language, dating: Dating
) -> Iterator[tuple[Key, str]]:
    for fault in faults(text.title, "title", language):
        yield (*key, "title"), fault
    for fault in faults(text.notice, kind, language, dating):
        yield (*key, kind), fault


def common_faults(common: Common) -> Iterator[tuple[Key, str]]:
    """Each fault in what frames e-mail and letter."""
    frames: dict[Key, InAllLanguages[str]] = {
        (field,): getattr(common, field) for field in Common.model_fields if field != "heading"
    }
    frames |= {("heading", part): heading for part, heading in common.heading.items()}
    for key, frame in frames.items():
        for language in LANGUAGES:
            for fault in faults(frame[language], "frame", language):
                yield (*key, language), fault
    for part in GuidePart.__args__:  # type: ignore[attr-defined]
        if part not in common.heading:
            yield ("heading", part), "is missing"
