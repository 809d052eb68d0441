"""Tables as the operators' commands print them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Numbers to the right, nothing as a dash; texts fold and are never cut."""
    from rich.table import Table
    from rich.text import Text

    from services.cli.output.consoles import StdoutConsole

    found = [list(row) for row in rows]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for number, title in enumerate(titles):
        numeric = bool(found) and all(isinstance(row[number], int) for row in found)
        table.add_column(title, justify="right" if numeric else "left", overflow="fold")
    for row in found:
        table.add_row(*(Text("-" if each in (None, "") else str(each)) for each in row))
    StdoutConsole().print(table)
