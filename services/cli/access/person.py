"""Whom an operator asks about, and which operator asks."""

from __future__ import annotations

import os
import pwd
import sys

from services.cli.exits import WRONG_USE, refuse


def read_person(given: str) -> str:
    """PERSON as it was given, or the first line of stdin for `-`; an empty one is wrong use."""
    number = (sys.stdin.readline() if given == "-" else given).strip()
    if not number:
        refuse("No person was given.", WRONG_USE)
    return number


def operator_account() -> str:
    """The account that the command runs as: what the audit remembers."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"
