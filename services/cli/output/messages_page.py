"""Who gets what, when, in which words: a rulebook's steps and their texts as one page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from string import Template

from schemas.messages import Language, Role
from services.cli.output.rulebook_page import due_text
from services.notifier.domain.matrix import task_rule
from services.notifier.domain.words.rules import DATE, TENSE
from services.notifier.domain.words.shapes import EmployeeText, ManagerText
from services.notifier.domain.words.texts import LETTER_WORKING_DAYS, Texts
from services.scheduler.domain.rulebook.model import Checkpoint, Rulebook, Step

LANGUAGE: Language = "nb"
SHOWN = {DATE: "[dato]", TENSE: "var"}
HOW: dict[Role, str] = {
    "employee": "employee: SMS or letter",
    "line_manager": "line manager: e-mail",
}
HEAD = """\
# Who gets what, when, in which words

Generated from the rulebook `{name}` and the texts, in bokmål, by `stoppunkt texts table`. Change those, then run it
again; a test compares. The other languages, and e-mails and letters whole: `stoppunkt texts show`.

Day 1 is the first sick day, and a step's day counts the days after it. The title stands before the words; `[dato]` is
the date that the words name. The last column is the second set: it is used when the date has passed on the day that the
message leaves, and for a letter also when it is less than {letter_days} working days ahead; *var* is *er* in a letter
that leaves before the date. What an e-mail or a letter tells besides, the guide, is the same for everybody.

An employee gets an SMS, and an e-mail where that fails; a letter where that fails too, or where the register, a paper
note or a foreign one says so. Where a line manager has no e-mail address, the organisation's is used.
"""


def messages_page(rulebook: Rulebook, texts: Texts) -> str:
    """One table a checkpoint, one row for each step and recipient; ends with a line feed."""
    head = HEAD.format(name=rulebook.name, letter_days=LETTER_WORKING_DAYS)
    tables = [_table(checkpoint, rulebook, texts) for checkpoint in rulebook.checkpoints]
    return "\n".join([head, *tables])


def _table(checkpoint: Checkpoint, rulebook: Rulebook, texts: Texts) -> str:
    lines = [f"## {checkpoint.name}", "", f"Source: {checkpoint.source}.", ""]
    lines += ["| step | to | when | words | once the date has passed |", "|---|---|---|---|---|"]
    for step in checkpoint.steps:
        name = f"`{step.name}`" + ("" if step.enabled else " (off)")
        for role in step.to:
            cells = (name, _to(step, role), due_text(step, rulebook), *_words(step, role, texts))
            lines.append(f"| {' | '.join(cells)} |")
    guide = [*_guide(checkpoint, texts)]
    if guide:
        lines += ["", "The guide:", "", *guide]
    return "\n".join([*lines, ""])


def _to(step: Step, role: Role) -> str:
    if role != "adviser":
        return HOW[role]
    rule = task_rule(step.checkpoint, step.name, "step")
    days = "day" if rule.working_days == 1 else "days"
    priority = rule.priority + (" or high" if rule.high_where else "")
    by_law = ", at the latest by the legal date" if step.legal or step.tells_before else ""
    return f"adviser: task, {rule.working_days} working {days}{by_law}, {priority}"


def _words(step: Step, role: Role, texts: Texts) -> tuple[str, str]:
    """What is said, and what is said once the date has passed."""
    if role == "adviser":
        return texts.step_title(step.checkpoint, step.name, LANGUAGE), ""
    words = texts.step_words(step.checkpoint, step.name, role)
    in_languages = words.employee if role == "employee" else words.line_manager
    if in_languages is None:
        raise AssertionError("words that were found for a role have it")
    first: EmployeeText | ManagerText = in_languages[LANGUAGE]
    second = in_languages[LANGUAGE].passed
    return _said(first), _said(second) if second else "names no date"


def _said(text: EmployeeText | ManagerText) -> str:
    return f"**{text.title}** {Template(text.notice).substitute(SHOWN)}"


def _guide(checkpoint: Checkpoint, texts: Texts) -> Iterator[str]:
    people = {role for step in checkpoint.steps for role in step.to} - {"adviser"}
    if people:
        for part in texts.guide(checkpoint.name, LANGUAGE):
            heading, *lines = part.split("\n")
            yield from (f"- {heading}: {line.removeprefix('- ')}" for line in lines)
