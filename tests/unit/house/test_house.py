"""The rules of this project that a machine can see in its files; ruff and mypy see the others."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import hypothesis
import pytest

from tests.support.paths import ROOT, project_files, python_files

FORBIDDEN = {
    "a package registry's host": re.compile(
        r"pypi\.(?:org|python\.org)|pythonhosted\.org"
        r"|repo1?\.maven\.(?:apache\.)?org|registry\.npmjs"
    ),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:work|home/\w+|root|Users/\w+)/"),
    "a document outside the project": re.compile(r"\.\./shared"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names_what_only_one_machine_has(what: str) -> None:
    files = list(project_files())
    assert len(files) > 10
    guilty = []
    for file in files:
        text = file.read_bytes().decode("utf-8", errors="replace")
        for found in FORBIDDEN[what].finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            guilty.append(f"{file.relative_to(ROOT)}:{line}")
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


def test_gitignore_names_folders_alone_as_the_search_understands_it() -> None:
    for line in (ROOT / ".gitignore").read_text("utf-8").splitlines():
        assert re.fullmatch(r"[\w.*-]+/", line), line


@pytest.mark.parametrize("package", ["services.scheduler.domain", "services.notifier.domain"])
def test_a_domain_that_asks_for_the_time_is_refused(package: str) -> None:
    """The ban is in ruff's settings; this proves that the settings reach the domains, and the domains alone."""
    clock = "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n"

    def complaints(path: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename", path, "-"],
            cwd=ROOT,
            input=clock,
            check=False,
            capture_output=True,
            text=True,
        ).stdout

    folder = package.replace(".", "/")
    assert "TID251" in complaints(f"{folder}/new.py")
    assert "TID251" not in complaints("services/runtime/new.py")


def test_property_tests_have_one_profile_and_it_measures_no_time() -> None:
    """A deadline for an example fails on a slow or busy machine, and never for the code's sake."""
    assert hypothesis.settings.default is not None
    assert hypothesis.settings.default.deadline is None
    guilty = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in python_files("tests")
        if file != ROOT / "tests" / "conftest.py"
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("settings")
        if "deadline" in {keyword.arg for keyword in node.keywords}
    ]
    assert not guilty
