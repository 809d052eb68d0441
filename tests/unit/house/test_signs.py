"""The signs in the documents point at what is there: paths, the tree of folders, the commands of the first hour."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import ROOT

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
ROOMS = (".ci", ".github", "bench", "deploy", "docs", "schemas", "services", "tests")

_PATH = re.compile(rf"(?<![\w/.-])(?:{'|'.join(map(re.escape, ROOMS))})/[\w./*-]*[\w*/]")
_TREE_LINE = re.compile(r"^(?P<indent> *)(?P<names>[\w./]+/(?: [\w.]+/)*)(?: |$)")


def paths_in(text: str) -> set[str]:
    """Every path from the project's root that a document names."""
    return set(_PATH.findall(text))


def exists(path: str) -> bool:
    """Whether the path, which may hold `*`, leads to a file or a folder."""
    return any(ROOT.glob(path.rstrip("/")))


def tree_of(text: str) -> Iterator[str]:
    """The folders that an indented tree names; several may stand on one line."""
    parents: list[tuple[int, str]] = []
    for line in text.splitlines():
        found = _TREE_LINE.match(line)
        if found is None:
            continue
        depth = len(found["indent"])
        parents = [parent for parent in parents if parent[0] < depth]
        above = parents[-1][1] if parents else ""
        names = [above + name for name in found["names"].split(" ")]
        parents.append((depth, names[0]))
        yield from names


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_path_that_a_document_names_exists(file: Path) -> None:
    assert [path for path in sorted(paths_in(file.read_text("utf-8"))) if not exists(path)] == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_name_that_a_document_takes_from_the_code_is_there(file: Path) -> None:
    """Classes, constants, values: whatever begins with a capital and stands in backticks."""
    names = set(re.findall(r"`([A-Z][A-Za-z]+)`", file.read_text("utf-8")))
    assert names - words_of_the_code() == set()


@cache
def words_of_the_code() -> frozenset[str]:
    """Every word of code, settings and messages that begins with a capital."""
    files = (
        file for room in ("deploy", "schemas", "services") for file in (ROOT / room).rglob("*")
    )
    texts = (file.read_text("utf-8") for file in files if file.suffix in (".py", ".toml", ".yaml"))
    return frozenset(word for text in texts for word in re.findall(r"\b[A-Z][A-Za-z]+\b", text))


def test_the_tree_of_folders_is_the_one_that_stands_here() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = list(tree_of(text.partition("## Where things stand")[2].partition("## ")[0]))
    assert [folder for folder in named if not (ROOT / folder).is_dir()] == []
    rooms = (file.parent for file in (ROOT / "services").glob("*/*/__init__.py"))
    unnamed = {f"{room.relative_to(ROOT)}/" for room in rooms} - set(named)
    assert unnamed == {"services/runtime/kafka/", "services/runtime/postgres/"}


def test_the_commands_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for file in DOCUMENTS:
        commands = re.findall(r"(?:^|`)make ([a-z-]+)", file.read_text("utf-8"), re.MULTILINE)
        assert set(commands) <= targets, file.name


def test_hooks_and_workflow_run_what_is_installed_here() -> None:
    """No hook is fetched from anywhere, and a forge runs the one script that everybody runs."""
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert re.findall(r"repo: (\S+)", hooks) == ["local"]
    assert all(entry.startswith(".venv/bin/") for entry in re.findall(r"entry: (\S+)", hooks))
    workflow = (ROOT / ".github" / "workflows" / "ci.yaml").read_text("utf-8")
    assert "run: .ci/run" in workflow


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("see services/scheduler/handlers.py.", []),
        ("see `services/scheduler/handler.py`", ["services/scheduler/handler.py"]),
        ("[x](../schemas/samples/*.json)", []),
        ("deploy/nothing", ["deploy/nothing"]),
    ],
)
def test_a_path_that_leads_nowhere_is_found(text: str, missing: list[str]) -> None:
    assert [path for path in sorted(paths_in(text)) if not exists(path)] == missing


def test_a_tree_is_read_by_its_indentation() -> None:
    tree = "services/    what runs\n  runtime/   lives\n  cli/       speaks\n    story/ output/ shows\ndocs/"
    assert list(tree_of(tree)) == [
        "services/",
        "services/runtime/",
        "services/cli/",
        "services/cli/story/",
        "services/cli/output/",
        "docs/",
    ]


_STOP = re.compile(r"^\| \d+ \| `([\w/]+\.py)` \| ([^|]+) \|", re.MULTILINE)
_CALL = re.compile(r"(\w+)\(\)")


def names_defined_in(source: str) -> set[str]:
    """Functions and classes of a module, and `Class.method`."""
    names: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (
                n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
            )
            names |= {f"{node.name}.{method.name}" for method in methods}
    return names


def stops_in(text: str) -> list[tuple[str, str]]:
    """File and function of every stop in a table."""
    return [
        (file, name)
        for file, cell in _STOP.findall(text)
        for name in re.findall(r"`([\w.]+)`", cell)
    ]


def test_every_stop_on_the_way_is_a_function_that_exists() -> None:
    stops = stops_in((ROOT / "docs" / "how-it-works.md").read_text("utf-8"))
    assert len(stops) > 30
    gone = [
        f"{file}: {name}"
        for file, name in stops
        if not (ROOT / file).is_file()
        or name not in names_defined_in((ROOT / file).read_text("utf-8"))
    ]
    assert gone == []


def test_every_call_in_a_drawing_is_a_stop() -> None:
    page = (ROOT / "docs" / "how-it-works.md").read_text("utf-8")
    drawn = {name for block in page.split("```")[1::2] for name in _CALL.findall(block)}
    assert len(drawn) > 15
    assert drawn - {name.rpartition(".")[2] for _, name in stops_in(page)} == set()


def test_a_stop_that_is_gone_is_found() -> None:
    (stop,) = stops_in("| 1 | `services/scheduler/handlers.py` | `Scheduler.nothing` | x |")
    assert stop == ("services/scheduler/handlers.py", "Scheduler.nothing")
    names = names_defined_in("class A:\n    async def b(self): ...\n\ndef c(): ...\n")
    assert names == {"A", "A.b", "c"}
