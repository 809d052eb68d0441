"""Where the tests find what lies in files: paths in this checkout, or in an unpacked archive of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
EXAMPLES = TESTS / "contract" / "examples"
CHANNEL_PAYLOADS = TESTS / "contract" / "channel_payloads"
SCENARIOS = TESTS / "acceptance" / "data"
LOCALHOST_PEM = TESTS / "tls" / "localhost.pem"
RULEBOOKS = ROOT / "services" / "scheduler" / "rulebooks"
SAMPLES = ROOT / "schemas" / "samples"

CODE = ("schemas", "services", "tests", "bench")
"""The folders with Python code."""


def project_files() -> Iterator[Path]:
    """Every file that is, or would be, committed; also where git is missing, as in an unpacked archive.

    What .gitignore names is left out: folders, which is all that it names.
    """
    ignored = [name.rstrip("/") for name in (ROOT / ".gitignore").read_text("utf-8").split()]
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = sorted(
            name
            for name in subfolders
            if name != ".git" and not any(fnmatch(name, pattern) for pattern in ignored)
        )
        yield from (Path(folder, name) for name in sorted(names) if name != ".git")


def python_files(*folders: str) -> list[Path]:
    """The Python files of the project in these folders, by default all of `CODE`."""
    below = tuple(ROOT / folder for folder in folders or CODE)
    return [
        path
        for path in project_files()
        if path.suffix == ".py" and any(path.is_relative_to(folder) for folder in below)
    ]
