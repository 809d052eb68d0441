"""Where rulebooks come from: those that are shipped, by name, or a file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from services.scheduler.domain.rulebook.model import Rulebook, RulebookError
from services.scheduler.domain.rulebook.reader import parse

_SHIPPED = files("services.scheduler") / "rulebooks"


class UnreadableRulebook(Exception):
    """A rulebook that is not there or cannot be used: `str()` is one sentence with file and line."""


def shipped_names() -> list[str]:
    """The names of the rulebooks that come with the scheduler."""
    return sorted(
        file.name.removesuffix(".toml")
        for file in _SHIPPED.iterdir()
        if file.name.endswith(".toml")
    )


def read_rulebook(name_or_path: str) -> Rulebook:
    """A shipped rulebook by its name, else the file at that path; raises UnreadableRulebook."""
    text, place = _text_of(name_or_path)
    try:
        return parse(text)
    except RulebookError as error:
        raise UnreadableRulebook(f"{place}:{error.line}: {error.sentence}") from None


def _text_of(name_or_path: str) -> tuple[str, str]:
    if name_or_path in shipped_names():
        return (_SHIPPED / f"{name_or_path}.toml").read_text("utf-8"), f"{name_or_path}.toml"
    try:
        return Path(name_or_path).read_text("utf-8"), name_or_path
    except FileNotFoundError:
        names = ", ".join(shipped_names())
        raise UnreadableRulebook(
            f"{name_or_path} is neither a file nor one of the rulebooks shipped: {names}."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableRulebook(
            f"{name_or_path} cannot be read ({type(error).__name__})."
        ) from None
