"""Rulebooks as the commands are given them: by a shipped name, or as a file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from services.cli.ends import WRONG_USE, refuse
from services.scheduler.domain.rulebook import Rulebook, RulebookError, parse

STANDARD = "standard"


def shipped() -> list[str]:
    """The names of the rulebooks that come with the scheduler."""
    folder = files("services.scheduler.rulebooks")
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    )


def rulebook_of(name_or_file: str) -> Rulebook:
    """The rulebook of that name or file.

    One that cannot be used ends the command with 1 and a line `file:line: sentence`; a name or file that is not
    there with 2.
    """
    where, text = _text_of(name_or_file)
    try:
        return parse(text)
    except RulebookError as error:
        refuse(f"{where}:{error.line}: {error.sentence}")


def _text_of(name_or_file: str) -> tuple[str, str]:
    if name_or_file in shipped():
        entry = files("services.scheduler.rulebooks") / f"{name_or_file}.toml"
        return name_or_file, entry.read_text("utf-8")
    try:
        return name_or_file, Path(name_or_file).read_text("utf-8")
    except UnicodeDecodeError:
        refuse(f"{name_or_file}:1: This is not text in UTF-8.")
    except OSError as error:
        refuse(
            f"{name_or_file}: no rulebook of that name ({', '.join(shipped())}), and no file that"
            f" can be read ({type(error).__name__}).",
            WRONG_USE,
        )
