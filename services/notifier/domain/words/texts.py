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
from typing import TypeVar, get_args

from pydantic import ValidationError

from schemas.messages import Language, Role
from services.notifier.domain.words.dates import MessageDates
from services.notifier.domain.words.rules import filled
from services.notifier.domain.words.shapes import (
    CheckpointWords,
    Common,
    GuidePart,
    Key,
    Shape,
    Sources,
    Step,
    common_faults,
    words_faults,
)

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

    def title(self, checkpoint: str, step: str, role: Role, language: Language) -> str:
        """At most 40 characters: the subject of an e-mail, the heading of a notice, the title of a task."""
        step_words = self._step(checkpoint, step, role)
        if role == "employee" and step_words.employee:
            return step_words.employee[language].title
        if role == "line_manager" and step_words.line_manager:
            return step_words.line_manager[language].title
        if role == "adviser" and step_words.adviser:
            return step_words.adviser[language].title
        raise AssertionError("the generic words have every role, which loading has made sure of")

    def task_title(self, reason: str, language: Language) -> str:
        """The title of a task that the notifier itself makes: `no_line_manager`, `protected`, `undelivered`."""
        return self.title(DELIVERY, reason, "adviser", language)

    def date_named(
        self, checkpoint: str, step: str, role: Role, dates: MessageDates
    ) -> date | None:
        """The date by which the message says to do something; None for an adviser, and where its words name none."""
        words = self._step(checkpoint, step, role)
        return None if role == "adviser" or words.undated else words.last_day_on(dates)

    def notice(
        self,
        checkpoint: str,
        step: str,
        role: Role,
        language: Language,
        dates: MessageDates,
    ) -> str:
        """At most 300 characters for Min side or an employer notice; ValueError for an adviser."""
        step_words = self._step(checkpoint, step, role)
        day = step_words.last_day_on(dates)
        if role == "employee" and step_words.employee:
            return filled(step_words.employee[language].sms, day, language)
        if role == "line_manager" and step_words.line_manager:
            return filled(step_words.line_manager[language].notice, day, language)
        raise ValueError("an adviser gets tasks, and a task has a title only")

    def sms(
        self,
        checkpoint: str,
        step: str,
        role: Role,
        language: Language,
        dates: MessageDates,
    ) -> str:
        """One SMS of at most 160 GSM-7 septets; ValueError for anybody but the employee."""
        if role != "employee":
            raise ValueError("only an employee gets an SMS")
        return self.notice(checkpoint, step, role, language, dates)

    def email(
        self,
        checkpoint: str,
        step: str,
        role: Role,
        language: Language,
        dates: MessageDates,
    ) -> EmailText:
        """The notice, framed, with the checkpoint's guide; ValueError for an adviser."""
        notice = self.notice(checkpoint, step, role, language, dates)
        closing = [self._login(role, language), self.common.no_reply[language]]
        if role == "line_manager":
            closing.insert(0, self.common.privacy[language])
        text = self._framed(
            notice=notice,
            checkpoint=checkpoint,
            step=step,
            role=role,
            language=language,
            closing=closing,
        )
        return EmailText(self.title(checkpoint, step, role, language), f"{text}\n", notice)

    def letter(
        self,
        checkpoint: str,
        step: str,
        language: Language,
        dates: MessageDates,
    ) -> LetterText:
        """The same to an employee on paper, who may not be able to log in."""
        notice = self.notice(checkpoint, step, "employee", language, dates)
        closing = [self._login("employee", language), self.common.letter_help[language]]
        body = self._framed(
            notice=notice,
            checkpoint=checkpoint,
            step=step,
            role="employee",
            language=language,
            closing=closing,
        )
        named_on = self.date_named(checkpoint, step, "employee", dates)
        return LetterText(self.title(checkpoint, step, "employee", language), body, named_on)

    def letter_template(self, checkpoint: str, step: str) -> str:
        """The id that a letter is ordered by: `<checkpoint>.<step>`, or `generic` where the words are."""
        return f"{checkpoint}.{step}" if self.has(checkpoint, step, "employee") else "generic"

    def _written(self, checkpoint: str, step: str) -> Step | None:
        words = self.checkpoints.get(checkpoint)
        return words.step.get(step) if words else None

    def _step(self, checkpoint: str, step: str, role: Role) -> Step:
        found = self._written(checkpoint, step)
        if found is not None and getattr(found, role) is not None:
            return found
        return self.checkpoints[GENERIC].step["any"]

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
        if not self._step(checkpoint, step, role).only_informs:
            opening.append(self.common.done_already[language])
        regards = f"{self.common.regards[language]}\n{self.sender.name}"
        guide = self._guide(checkpoint, language)
        return "\n\n".join([*opening, *guide, "\n".join(closing), regards])

    def _login(self, role: Role, language: Language) -> str:
        employer = role == "line_manager"
        place = self.sender.login_place_employer if employer else self.sender.login_place
        return f"{self.common.login[language]}: {place}."

    def _guide(self, checkpoint: str, language: Language) -> list[str]:
        """One paragraph per part: a heading, then its lines, each with its source."""
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
    checkpoints: dict[str, CheckpointWords] = {}
    for name in sorted({*files, GENERIC, DELIVERY} - {"_common", "_sources"}):
        if words := _shape(CheckpointWords, name, files, faults):
            checkpoints[name] = words
    if common is not None:
        faults += [_fault("_common", key, fault) for key, fault in common_faults(common)]
    for name, words in checkpoints.items():
        known = sources or Sources(source={})
        found = words_faults(words, known) if sources else ()
        faults += [_fault(name, key, fault) for key, fault in found]
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
