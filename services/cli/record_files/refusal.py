"""A file of records that cannot be used is wrong use of a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.cli.exits import WRONG_USE, refuse
from services.cli.record_files.read import NotRecords


@contextmanager
def refuse_unusable(file: Path) -> Iterator[None]:
    """End the command with 2 where the block meets a line that is no record, or may not read the file."""
    try:
        yield
    except NotRecords as fault:
        refuse(str(fault), WRONG_USE)
    except PermissionError:
        refuse(f"{file} cannot be read.", WRONG_USE)
