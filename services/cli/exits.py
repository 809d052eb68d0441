"""How a command ends: its exit code and at most one sentence, no traceback (contract 11).

0 all is well; 1 something is wrong with the data, or could not be done; 2 wrong use. What an unexpected error says
is never printed, because it may quote a record: its class and place are.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

import typer

WRONG_DATA, WRONG_USE = 1, 2
# What a shell gives for a program that a signal has ended: 128 and the signal's number.
INTERRUPTED, PIPE_CLOSED = 130, 141


def complain(sentence: str) -> None:
    """A line on stderr; results alone go to stdout."""
    typer.echo(sentence, err=True)


def refuse(sentence: str, code: int = WRONG_DATA) -> NoReturn:
    """End the command with one sentence and an exit code."""
    complain(sentence)
    raise typer.Exit(code)


def run(app: Callable[[], object]) -> NoReturn:
    """Run the whole program and exit. Ctrl-C, or a reader of stdout that has gone, end it without a message."""
    code = _code_of(app)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would flush again at exit, and print a complaint.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = PIPE_CLOSED
    sys.exit(code)


def _code_of(app: Callable[[], object]) -> int:
    stdout = sys.stdout
    try:
        app()
    except SystemExit as ending:
        # At a broken pipe typer puts another stdout in its place, which swallows everything.
        if sys.stdout is not stdout:
            return PIPE_CLOSED
        return ending.code if isinstance(ending.code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 - Python would print its text
        complain(f"This should not happen: {type(error).__name__} at {_place(error)}.")
        return WRONG_DATA
    return 0


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}services{os.sep}" in frame.filename] or frames
    frame = ours[-1]
    return f"{os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119 - a name, no file
