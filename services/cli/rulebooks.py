"""The rulebook that a command is given: the name of a shipped one, or a file."""

from __future__ import annotations

from pathlib import Path

from services.cli.exits import WRONG_USE, refuse
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.rulebook_file import UnreadableRulebook, read_rulebook, shipped_names


def rulebook_of(name_or_file: str) -> Rulebook:
    """The rulebook of that name or file.

    One that cannot be used ends the command with 1 and a line `file:line: sentence`; a name or file that is not
    there with 2.
    """
    if name_or_file not in shipped_names() and not Path(name_or_file).is_file():
        names = ", ".join(shipped_names())
        refuse(
            f"{name_or_file} is neither a file nor one of the rulebooks shipped: {names}.",
            WRONG_USE,
        )
    try:
        return read_rulebook(name_or_file)
    except UnreadableRulebook as error:
        refuse(str(error))
