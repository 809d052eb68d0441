"""The form of the files that hold the words: one TOML file a checkpoint, its languages side by side.

    step.<step>.<role>.<language>.<title | sms | notice>,  step.<step>.last_day,  guide.<n>.<language>

A key that is not known here is refused, so that a slip of the pen cannot hide a text. Four files begin with
`_` and belong to no checkpoint: `_common` (what frames e-mail and letter), `_sources` (what a guide line may
name as its source), `_generic` (words for checkpoints nobody wrote words for) and `_delivery` (titles of the
adviser tasks that the notifier makes itself).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from schemas.messages import Language, Role
from services.notifier.domain.words.dates import MessageDates
from services.notifier.domain.words.rules import TextKind, faults

T = TypeVar("T")
Key = tuple[str | int, ...]
GuidePart = Literal["about", "prepare", "invite", "answer", "not_needed", "after"]
LANGUAGES: tuple[Language, ...] = ("nb", "nn", "en")
ROLES: tuple[Role, ...] = ("employee", "line_manager", "adviser")


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class InAllLanguages(Shape, Generic[T]):
    """The same thing in every language; none may be left out."""

    nb: T
    nn: T
    en: T

    def __getitem__(self, language: Language) -> T:
        return {"nb": self.nb, "nn": self.nn, "en": self.en}[language]


class EmployeeWords(Shape):
    """`sms` is also the opening of the e-mail and the letter, and the notice on Min side."""

    title: str
    sms: str


class ManagerWords(Shape):
    """`notice` is the employer notice, and the opening of the e-mail."""

    title: str
    notice: str


class AdviserWords(Shape):
    title: str


class Step(Shape):
    """The words of one step.

    A reminder names the last day of the duty, not the day of the reminder. Where the law counts from the
    start of the case, that day is `last_case_day`, an offset as in a rulebook; it holds whatever day a
    rulebook reminds on. Otherwise, and once that day has come, it is `last_day` days after the step's own
    `due_on`. `undated` says why a step has no date to name. `only_informs` marks words that ask for nothing.
    """

    last_day: Annotated[int, Field(ge=0, le=60)] = 0
    last_case_day: Annotated[int, Field(ge=1, le=365)] | None = None
    undated: str | None = None
    only_informs: bool = False
    employee: InAllLanguages[EmployeeWords] | None = None
    line_manager: InAllLanguages[ManagerWords] | None = None
    adviser: InAllLanguages[AdviserWords] | None = None

    def last_day_on(self, dates: MessageDates) -> date:
        """The date that the words name, an Oslo date: what the event says, else as the two offsets have it."""
        if dates.legal_on is not None:
            return dates.legal_on
        if self.last_case_day is not None:
            by_law = dates.case_start + timedelta(days=self.last_case_day)
            if dates.due_on <= by_law:
                return by_law
        return dates.due_on + timedelta(days=self.last_day)


class GuideLine(InAllLanguages[str]):
    """One line of a checkpoint's guide, the same words for everybody; `source` names an entry of `_sources`."""

    part: GuidePart
    source: str


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
        if step.undated is not None and (step.last_day or step.last_case_day):
            yield ("step", name, "undated"), "stands beside a last day"
        for role in ROLES:
            for language in LANGUAGES:
                yield from _role_faults(("step", name, role, language), step, role, language)
    has_recipients = any(step.employee or step.line_manager for step in words.step.values())
    if has_recipients and not words.guide:
        yield ("guide",), "is missing, and employee or line manager are told something"
    for number, line in enumerate(words.guide):
        if line.source not in sources.source:
            yield ("guide", number, "source"), "is not one of the sources in _sources.toml"
        for language in LANGUAGES:
            for fault in faults(line[language], "guide", language):
                yield ("guide", number, language), fault


def _role_faults(key: Key, step: Step, role: Role, language: Language) -> Iterator[tuple[Key, str]]:
    in_languages: (
        InAllLanguages[EmployeeWords]
        | InAllLanguages[ManagerWords]
        | InAllLanguages[AdviserWords]
        | None
    )
    in_languages = {
        "employee": step.employee,
        "line_manager": step.line_manager,
        "adviser": step.adviser,
    }[role]
    if in_languages is None:
        return
    words = in_languages[language]
    texts: list[tuple[str, str, TextKind]] = [("title", words.title, "title")]
    if isinstance(words, EmployeeWords):
        texts.append(("sms", words.sms, "sms"))
    if isinstance(words, ManagerWords):
        texts.append(("notice", words.notice, "notice"))
    for field, text, kind in texts:
        dated = kind != "title" and step.undated is None
        for fault in faults(text, kind, language, dated=dated):
            yield (*key, field), fault


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
