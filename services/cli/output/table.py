"""A table as the operators' commands print it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from services.cli.output.console import StdoutConsole


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Numbers to the right, nothing as a dash; texts fold and are never cut."""
    cells = [list(row) for row in rows]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for number, title in enumerate(titles):
        numeric = bool(cells) and all(isinstance(row[number], int) for row in cells)
        table.add_column(title, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text("-" if cell in (None, "") else str(cell)) for cell in row))
    StdoutConsole().print(table)
