"""The words that leave for people: templates in three languages, read once, rendered purely (contract 6.5).

Nothing here knows a person. The one thing that is put into a template is a date, so no message can say more
than what to do, by which date, and to log in. Words that nobody wrote (a checkpoint of a rulebook from
elsewhere, or a role that a step did not go to) are the generic ones, so there are words for every due event.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeVar, get_args

from pydantic import ValidationError

from schemas.messages import Language, Role
from services.notifier.domain.words.dates import MessageDates
from services.notifier.domain.words.exemptions import Exemptions, exemption_faults
from services.notifier.domain.words.rules import filled
from services.notifier.domain.words.shapes import (
    CheckpointWords,
    Common,
    EmployeeText,
    EmployeeWords,
    GuidePart,
    Key,
    ManagerText,
    ManagerWords,
    Shape,
    Sources,
    Step,
    common_faults,
    words_faults,
)
from services.workdays import working_days_after

LETTER_WORKING_DAYS = 5
"""Policy: a letter is not sure to be read sooner than so many working days after it leaves."""
GENERIC = "_generic"
DELIVERY = "_delivery"
S = TypeVar("S", bound=Shape)


class BadTexts(ValueError):
    """The folder cannot be used; one line per fault: file, key, and what is wrong."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class EmailText:
    """An e-mail in plain text, lines as long as they are; `notice` is the sentence in it that it is about."""

    subject: str
    text: str
    notice: str


@dataclass(frozen=True, slots=True)
class LetterText:
    """A letter to an employee: all that stands under its title, in plain text, and the date that the words name."""

    title: str
    body: str
    due_on: date | None


class _Told(NamedTuple):
    """What one recipient is told, without its frame; `named_on` is the date in the notice."""

    title: str
    notice: str
    named_on: date | None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes, and where the employee and the employer log in: names as people read them, in every language."""

    name: str
    login_place: str
    login_place_employer: str


NAV = Sender("Nav", "Min side hos Nav", "Min side \N{EN DASH} arbeidsgiver")


@dataclass(frozen=True, slots=True)
class Texts:
    """All words, and the date that each of them names: a reminder's `due_on` is the day of the reminder, and people
    are told the last day of the duty.
    """

    checkpoints: Mapping[str, CheckpointWords]
    sources: Sources
    common: Common
    sender: Sender = NAV

    def has(self, checkpoint: str, step: str, role: Role) -> bool:
        """Whether somebody wrote words for that step and role; else the generic ones are used."""
        found = self._written(checkpoint, step)
        return found is not None and getattr(found, role) is not None

    def step_title(self, checkpoint: str, step: str, language: Language) -> str:
        """The title of an adviser's task, at most 40 characters."""
        if adviser := self.step_words(checkpoint, step, "adviser").adviser:
            return adviser[language].title
        raise AssertionError("the generic words have every role, which loading has made sure of")

    def task_title(self, reason: str, language: Language) -> str:
        """The title of a task that the notifier itself makes: `no_line_manager`, `protected`, `undelivered`."""
        return self.step_title(DELIVERY, reason, language)

    def date_named(
        self, checkpoint: str, step: str, role: Role, dates: MessageDates
    ) -> date | None:
        """The date that an SMS or an e-mail names, also one that has passed; None where it names none, as a task."""
        if role == "adviser":
            return None
        return self._told(checkpoint, step, role, "nb", dates).named_on

    def notice(
        self, checkpoint: str, step: str, role: Role, language: Language, dates: MessageDates
    ) -> str:
        """At most 300 characters for Min side or an employer notice; ValueError for an adviser."""
        return self._told(checkpoint, step, role, language, dates).notice

    def sms(
        self, checkpoint: str, step: str, role: Role, language: Language, dates: MessageDates
    ) -> str:
        """One SMS of at most 160 GSM-7 septets; ValueError for anybody but the employee."""
        if role != "employee":
            raise ValueError("only an employee gets an SMS")
        return self.notice(checkpoint, step, role, language, dates)

    def email(
        self, checkpoint: str, step: str, role: Role, language: Language, dates: MessageDates
    ) -> EmailText:
        """The notice, framed, with the checkpoint's guide; ValueError for an adviser."""
        told = self._told(checkpoint, step, role, language, dates)
        closing = [self._login(role, language), self.common.no_reply[language]]
        if role == "line_manager":
            closing.insert(0, self.common.privacy[language])
        text = self._framed(
            notice=told.notice,
            checkpoint=checkpoint,
            step=step,
            role=role,
            language=language,
            closing=closing,
        )
        return EmailText(told.title, f"{text}\n", told.notice)

    def letter(
        self, checkpoint: str, step: str, language: Language, dates: MessageDates
    ) -> LetterText:
        """The same to an employee on paper, who may not be able to log in, and may read it some days later."""
        told = self._told(checkpoint, step, "employee", language, dates, on_paper=True)
        closing = [self._login("employee", language), self.common.letter_help[language]]
        body = self._framed(
            notice=told.notice,
            checkpoint=checkpoint,
            step=step,
            role="employee",
            language=language,
            closing=closing,
        )
        return LetterText(told.title, body, told.named_on)

    def letter_template(self, checkpoint: str, step: str) -> str:
        """The id that a letter is ordered by: `<checkpoint>.<step>`, or `generic` where the words are."""
        return f"{checkpoint}.{step}" if self.has(checkpoint, step, "employee") else "generic"

    def _written(self, checkpoint: str, step: str) -> Step | None:
        words = self.checkpoints.get(checkpoint)
        return words.step.get(step) if words else None

    def step_words(self, checkpoint: str, step: str, role: Role) -> Step:
        """The words of a step, which that role has; the generic ones where nobody wrote any for that role."""
        found = self._written(checkpoint, step)
        if found is not None and getattr(found, role) is not None:
            return found
        return self.checkpoints[GENERIC].step["any"]

    def _told(
        self,
        checkpoint: str,
        step: str,
        role: Role,
        language: Language,
        dates: MessageDates,
        *,
        on_paper: bool = False,
    ) -> _Told:
        """The first set of words, or the second where the date has passed, or is too near for a letter."""
        step_words = self.step_words(checkpoint, step, role)
        in_languages = step_words.employee if role == "employee" else step_words.line_manager
        if role == "adviser" or in_languages is None:
            raise ValueError("an adviser gets tasks, and a task has a title only")
        words: EmployeeWords | ManagerWords = in_languages[language]
        text: EmployeeText | ManagerText = words
        day = step_words.last_day_on(dates)
        reached_on = working_days_after(dates.leaves_on, LETTER_WORKING_DAYS if on_paper else 0)
        if words.passed is not None and (day is None or day < reached_on):
            text = words.passed
            if not step_words.names_what_passed:
                day = None
        if day is None:
            return _Told(text.title, text.notice, None)
        notice = filled(text.notice, day, language, passed=day < dates.leaves_on)
        return _Told(text.title, notice, day)

    def _framed(
        self,
        *,
        notice: str,
        checkpoint: str,
        step: str,
        role: Role,
        language: Language,
        closing: list[str],
    ) -> str:
        opening = [self.common.greeting[language], notice]
        if not self.step_words(checkpoint, step, role).only_informs:
            opening.append(self.common.done_already[language])
        regards = f"{self.common.regards[language]}\n{self.sender.name}"
        guide = self.guide(checkpoint, language)
        return "\n\n".join([*opening, *guide, "\n".join(closing), regards])

    def _login(self, role: Role, language: Language) -> str:
        employer = role == "line_manager"
        place = self.sender.login_place_employer if employer else self.sender.login_place
        return f"{self.common.login[language]}: {place}."

    def guide(self, checkpoint: str, language: Language) -> list[str]:
        """A checkpoint's guide, one paragraph per part: a heading, then its lines, each with its source."""
        words = self.checkpoints.get(checkpoint, self.checkpoints[GENERIC])
        paragraphs: list[str] = []
        part: GuidePart
        for part in get_args(GuidePart):
            lines = [
                f"- {line[language]} ({self.common.source[language]}: "
                f"{self.sources.source[line.source][language]})"
                for line in words.guide
                if line.part == part
            ]
            if lines:
                paragraphs.append("\n".join([self.common.heading[part][language], *lines]))
        return paragraphs


def parse_texts(files: Mapping[str, str], sender: Sender = NAV) -> Texts:
    """All words from the texts of the files by name without `.toml`; BadTexts names every fault there is."""
    faults: list[str] = []
    common = _shape(Common, "_common", files, faults)
    sources = _shape(Sources, "_sources", files, faults)
    exemptions = _shape(Exemptions, "_exemptions", files, faults)
    checkpoints: dict[str, CheckpointWords] = {}
    for name in sorted({*files, GENERIC, DELIVERY} - {"_common", "_sources", "_exemptions"}):
        if words := _shape(CheckpointWords, name, files, faults):
            checkpoints[name] = words
    if common is not None:
        faults += [_fault("_common", key, fault) for key, fault in common_faults(common)]
    for name, words in checkpoints.items():
        if sources:
            faults += [_fault(name, *fault) for fault in words_faults(words, sources)]
        if exemptions:
            faults += [_fault(name, *fault) for fault in exemption_faults(words.guide, exemptions)]
    faults += _generic_faults(checkpoints.get(GENERIC))
    if faults or common is None or sources is None:
        raise BadTexts(faults)
    return Texts(checkpoints, sources, common, sender)


def _shape(shape: type[S], name: str, files: Mapping[str, str], faults: list[str]) -> S | None:
    if name not in files:
        faults.append(f"{name}.toml: is missing")
        return None
    try:
        return shape.model_validate(tomllib.loads(files[name]))
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{name}.toml: is not TOML: {error}")
    except ValidationError as error:
        faults += [
            _fault(name, fault["loc"], fault["msg"])
            for fault in error.errors(include_input=False, include_url=False)
        ]
    return None


def _generic_faults(generic: CheckpointWords | None) -> list[str]:
    if generic is None:
        return []
    words = generic.step.get("any")
    if words is None:
        return [_fault(GENERIC, ("step", "any"), "is missing")]
    return [
        _fault(GENERIC, ("step", "any", role), "is missing")
        for role in get_args(Role)
        if getattr(words, role) is None
    ]


def _fault(name: str, key: Key, fault: str) -> str:
    return f"{name}.toml: {'.'.join(map(str, key))}: {fault}"
