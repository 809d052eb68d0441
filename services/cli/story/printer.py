"""A story on the terminal: a heading a date, a line a message, and the sum of it at the end."""

from __future__ import annotations

from collections import Counter
from datetime import date

from rich.text import Text

from services.cli.output.console import StdoutConsole
from services.cli.story.story import Line, Page

_STYLES = {
    "in": "cyan",
    "due": "bold",
    "withdrawn": "yellow",
    "closed": "yellow",
    "dead": "red",
    "updated": "dim",
}
_SENT = ("SMS", "e-mail", "letter", "task")
_INDENT = 19


class StoryPrinter:
    """Prints pages on stdout as they come."""

    def __init__(self) -> None:
        self._console = StdoutConsole()
        self._today: date | None = None

    def print_page(self, page: Page) -> None:
        """One moment; nothing where it has no lines."""
        if not page.lines:
            return
        if page.at.date() != self._today:
            self._today = page.at.date()
            self._console.print()
            self._console.rule(Text(f"{page.at:%A} {page.at.day} {page.at:%B %Y}"), align="left")
        time = f"{page.at:%H:%M}"
        for line in page.lines:
            self._print(time, line)
            time = ""

    def print_totals(self, counts: Counter[str]) -> None:
        """The counts of the whole run."""
        self._console.print()
        self._console.rule(Text("In all"), align="left")
        sent = ", ".join(f"{counts[kind]} {_plural(kind, counts[kind])}" for kind in _SENT)
        self._console.print(f"  {counts['in']} facts came in, {counts['due']} deadlines fell due")
        self._console.print(f"  {sent} left")
        self._console.print(
            f"  {counts['withdrawn']} withdrawals; {counts['closed']} messages and tasks taken back"
            f" or closed, {counts['updated']} tasks updated"
        )
        if counts["dead"]:
            self._console.print(f"  {counts['dead']} records could never be understood")

    def _print(self, time: str, line: Line) -> None:
        style = _STYLES.get(line.kind, "green" if line.kind in _SENT else "")
        head = Text(f"  {time:<6}{line.kind:<11}")
        head.stylize(style, 8)
        body = Text.assemble((line.who, "bold"), ": ", line.text)
        width = max(self._console.width - _INDENT, 30)
        for number, part in enumerate(body.wrap(self._console, width)):
            part.rstrip()
            self._console.print((head if number == 0 else Text(" " * _INDENT)) + part)


def _plural(kind: str, count: int) -> str:
    return kind if count == 1 or kind == "SMS" else f"{kind}s"
