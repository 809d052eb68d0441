"""The terminal as rich sees it, without its own way of ending on a broken pipe."""

from __future__ import annotations

from typing import NoReturn

from rich.console import Console


class StdoutConsole(Console):
    """A console on stdout; nothing in a text is coloured by guessing."""

    def __init__(self) -> None:
        super().__init__(highlight=False)

    def on_broken_pipe(self) -> NoReturn:
        """The reader has gone: the command ends as for every other output (`exits.run`)."""
        raise BrokenPipeError
