"""The house rules that a machine can see; ruff and mypy see the others."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

HOUSE = ROOT

FORBIDDEN = {
    "a package registry's host": re.compile(
        r"pypi\.(?:org|python\.org)|pythonhosted\.org"
        r"|repo1?\.maven\.(?:apache\.)?org|registry\.npmjs"
    ),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:work|home/\w+|root|Users/\w+)/"),
    "a document outside the project": re.compile(r"\.\./shared"),
}


def project_files() -> list[Path]:
    """Every file that is, or would be, committed."""
    listed = subprocess.run(
        [
            "git",
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=HOUSE,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = [HOUSE / name for name in listed.split("\0") if name]
    return [file for file in files if file.is_file()]


def text_of(file: Path) -> str:
    return file.read_bytes().decode("utf-8", errors="replace")


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names_what_only_one_machine_has(what: str) -> None:
    files = project_files()
    assert len(files) > 10
    guilty = [
        f"{file.relative_to(HOUSE)}:{text[: found.start()].count(chr(10)) + 1}"
        for file in files
        for text in [text_of(file)]
        for found in FORBIDDEN[what].finditer(text)
    ]
    assert not guilty, f"{what} is named in {', '.join(guilty)}"


# Each in two halves, or this file would be the first to break the rule.
@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a package registry's host", "https://pypi" + ".org/simple"),
        ("a package registry's host", "https://repo.maven" + ".apache.org/maven2"),
        ("a path of one machine", "open('/wo" + "rk/main/x')"),
        ("a path of one machine", "/ho" + "me/kari/x"),
        ("a document outside the project", ".." + "/shared/any.md"),
    ],
)
def test_the_search_finds_what_it_is_for(what: str, text: str) -> None:
    assert FORBIDDEN[what].search(text)


def test_the_import_contracts_are_kept() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=HOUSE,
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("package", ["services.scheduler.domain", "services.notifier.domain"])
def test_a_domain_that_asks_for_the_time_is_refused(package: str) -> None:
    """The ban is in ruff's settings; this proves that the settings reach the domains, and the domains alone."""
    clock = "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n"

    def complaints(path: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename", path, "-"],
            cwd=HOUSE,
            input=clock,
            check=False,
            capture_output=True,
            text=True,
        ).stdout

    folder = package.replace(".", "/")
    assert "TID251" in complaints(f"{folder}/new.py")
    assert "TID251" not in complaints("services/runtime/new.py")
