"""`stoppunkt texts show`: every message as a person would see it, for translators and lawyers (contract 6.5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from services.cli.exits import WRONG_DATA, complain
from services.cli.options import JsonList
from services.cli.output.instants import date_option

if TYPE_CHECKING:
    from schemas.messages import Language, Role
    from services.notifier.domain.words.shapes import Step
    from services.notifier.domain.words.texts import EmailText, LetterText, Texts

EXAMPLE_DUE_ON = "2026-04-27"
LONG_BEFORE = timedelta(days=28)
ONE_DAY = timedelta(days=1)

commands = typer.Typer(name="texts", help="The words that leave for people.", no_args_is_help=True)


@commands.callback()
def _texts() -> None:
    """The words that leave for people."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One set of words as a recipient sees it; null for what that role does not get."""

    title: str
    notice: str | None
    sms: str | None
    sms_septets: int | None
    email: EmailText | None
    letter: LetterText | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What one recipient of one step sees in one language: the first set of words, and the second.

    `passed` is null where the words name no date; `passed_when` says when the second set is used.
    """

    checkpoint: str
    step: str
    role: Role
    language: Language
    title: str
    notice: str | None
    sms: str | None
    sms_septets: int | None
    email: EmailText | None
    letter: LetterText | None
    letter_template: str | None
    undated: str | None
    passed: Shown | None
    passed_when: str | None


def previews(
    texts: Texts, checkpoint: str, step: str, language: Language, due_on: date
) -> Iterator[Preview]:
    """One preview for each role that the step has words for, with that date in the words."""
    from schemas.messages import Role

    words = texts.checkpoints[checkpoint].step[step]
    for role in get_args(Role):
        if not texts.has(checkpoint, step, role):
            continue
        first, second = (
            _shown(texts, (checkpoint, step), role, language, due_on, leaves_on=leaves_on)
            for leaves_on in (due_on - LONG_BEFORE, due_on + ONE_DAY)
        )
        dated = role != "adviser" and words.undated is None
        employee = role == "employee"
        yield Preview(
            checkpoint=checkpoint,
            step=step,
            role=role,
            language=language,
            title=first.title,
            notice=first.notice,
            sms=first.sms,
            sms_septets=first.sms_septets,
            email=first.email,
            letter=first.letter,
            letter_template=texts.letter_template(checkpoint, step) if employee else None,
            undated=words.undated,
            passed=second if dated else None,
            passed_when=_passed_when(words) if dated else None,
        )


def _shown(
    texts: Texts,
    step: tuple[str, str],
    role: Role,
    language: Language,
    due_on: date,
    *,
    leaves_on: date,
) -> Shown:
    from services.notifier.domain.words.dates import MessageDates
    from services.notifier.domain.words.rules import septets

    if role == "adviser":
        return Shown(texts.step_title(*step, language), None, None, None, None, None)
    dates = MessageDates(due_on, case_start=due_on, legal_on=due_on, leaves_on=leaves_on)
    email = texts.email(*step, role, language, dates)
    sms = texts.sms(*step, role, language, dates) if role == "employee" else None
    return Shown(
        title=email.subject,
        notice=email.notice,
        sms=sms,
        sms_septets=septets(sms) if sms else None,
        email=email,
        letter=texts.letter(*step, language, dates) if role == "employee" else None,
    )


def _passed_when(words: Step) -> str:
    from services.notifier.domain.words.texts import LETTER_WORKING_DAYS

    when = (
        "when the date has passed on the day that the message leaves, and for a letter also "
        f"when it is less than {LETTER_WORKING_DAYS} working days ahead"
    )
    if words.only_legal:
        when += ", and where the event names no date"
    return when


@commands.command()
def show(
    which: Annotated[
        str | None, typer.Argument(metavar="[CHECKPOINT[.STEP]]", show_default=False)
    ] = None,
    language: Annotated[
        Literal["nb", "nn", "en"] | None,
        typer.Option(help="One language only.", show_default=False),
    ] = None,
    due_on: Annotated[
        date,
        typer.Option(
            parser=date_option, metavar="DATE", help="The date that the words name in the example."
        ),
    ] = EXAMPLE_DUE_ON,  # type: ignore[assignment]  # typer parses the default as it parses an option
    folder: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="Another folder of texts.", show_default=False
        ),
    ] = None,
    as_json: JsonList = False,
) -> None:
    """Shows all messages as people see them; exit 1 if the texts break a rule, with file and key of each fault.

    Example: stoppunkt texts show meeting_need.question --language nn
    """
    from schemas.messages import Language
    from services.cli.access.environment import read_settings
    from services.notifier.domain.words.texts import BadTexts
    from services.notifier.sender_settings import SenderSettings
    from services.notifier.texts_folder import load_texts

    try:
        texts = load_texts(folder, read_settings(SenderSettings).sender)
    except BadTexts as error:
        for fault in error.faults:
            complain(fault)
        raise typer.Exit(WRONG_DATA) from None
    languages: tuple[Language, ...] = (language,) if language else get_args(Language)
    shown = [
        preview
        for checkpoint, step in _chosen(texts, which)
        for shown_language in languages
        for preview in previews(texts, checkpoint, step, shown_language, due_on)
    ]
    if as_json:
        as_data = [asdict(preview) for preview in shown]
        typer.echo(json.dumps(as_data, ensure_ascii=False, indent=2, default=date.isoformat))
    else:
        typer.echo("\n\n".join(_page(preview) for preview in shown))


@commands.command()
def table(
    rulebook: Annotated[str, typer.Argument(metavar="[NAME or FILE]")] = "standard",
) -> None:
    """Prints who gets what, when, in which words, of a rulebook, as Markdown in bokmål: docs/messages.md is its output.

    Example: stoppunkt texts table > docs/messages.md
    """
    from services.cli.output.messages_page import messages_page
    from services.cli.rulebooks import rulebook_of
    from services.notifier.texts_folder import load_texts

    typer.echo(messages_page(rulebook_of(rulebook), load_texts()), nl=False)


def _chosen(texts: Texts, which: str | None) -> list[tuple[str, str]]:
    everything = [(name, step) for name, words in texts.checkpoints.items() for step in words.step]
    if which is None:
        return everything
    chosen = [pair for pair in everything if which in (pair[0], ".".join(pair))]
    if not chosen:
        names = ", ".join(texts.checkpoints)
        raise typer.BadParameter(f"no words are written for that; checkpoints with words: {names}")
    return chosen


def _page(preview: Preview) -> str:
    lines = [f"=== {preview.checkpoint}.{preview.step} · {preview.role} · {preview.language} ==="]
    lines.append(f"title ({len(preview.title)} characters): {preview.title}")
    if preview.undated:
        lines.append(f"names no date: {preview.undated}")
    lines += _notice_lines(preview)
    if preview.passed:
        title = preview.passed.title
        lines += ["", f"--- second set, used {preview.passed_when} ---"]
        lines.append(f"title ({len(title)} characters): {title}")
        lines += _notice_lines(preview.passed)
    if preview.email:
        lines += ["", f"--- e-mail: {preview.email.subject} ---", preview.email.text.rstrip()]
    if preview.letter:
        lines += ["", f"--- letter {preview.letter_template}: {preview.letter.title} ---"]
        lines.append(preview.letter.body)
    return "\n".join(lines)


def _notice_lines(shown: Preview | Shown) -> Iterator[str]:
    from services.notifier.domain.words.rules import NOTICE_CHARACTERS_MAX, SMS_SEPTETS_MAX

    if shown.sms:
        yield f"SMS ({shown.sms_septets} of {SMS_SEPTETS_MAX} septets): {shown.sms}"
    elif shown.notice:
        length = len(shown.notice)
        yield f"notice ({length} of {NOTICE_CHARACTERS_MAX} characters): {shown.notice}"
