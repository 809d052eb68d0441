"""What fits into a head: files in a folder, lines in a function, branches in a function, one direction of imports."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest
from radon.complexity import cc_rank, cc_visit

from tests.support.paths import ROOT, python_files

FILES_MAX = 15
LINES_MAX = 60
RANK_MAX = "C"

# A folder in which each file is one of a kind may grow with the kind: whoever looks for one knows its name.
ONE_OF_A_KIND = {
    "schemas/nav": "one file for each of the welfare office's topics",
    "services/notifier/channels": "one file for each channel",
}


def test_no_folder_has_more_files_than_can_be_looked_through() -> None:
    counts = Counter(str(file.parent.relative_to(ROOT)) for file in python_files())
    too_many = {folder: count for folder, count in counts.items() if count > FILES_MAX}
    assert {folder for folder in too_many if folder not in ONE_OF_A_KIND} == set()
    assert ONE_OF_A_KIND.keys() <= counts.keys()


def test_no_function_is_longer_than_a_screen() -> None:
    """Its docstring counts, its decorators do not."""
    too_long = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name} has {lines} lines"
        for file in python_files()
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LINES_MAX
    ]
    assert not too_long, "\n".join(too_long)


def test_no_function_has_more_branches_than_can_be_followed() -> None:
    """By radon's count of ways through a function: 20 of them are grade C, 21 are grade D."""
    assert (cc_rank(20), cc_rank(21)) == ("C", "D")
    too_many = [
        f"{file.relative_to(ROOT)}:{block.lineno} {block.fullname} has {block.complexity}"
        for file in python_files()
        for block in cc_visit(file.read_text("utf-8"))
        if cc_rank(block.complexity) > RANK_MAX
    ]
    assert not too_many, "\n".join(too_many)


@pytest.fixture(scope="module")
def imports() -> list[tuple[str, str]]:
    """Every import between two modules of the product: importer, imported."""
    graph = grimp.build_graph("schemas", "services", cache_dir=None)
    return [
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    ]


def test_no_module_imports_itself_by_a_detour(imports: list[tuple[str, str]]) -> None:
    assert len(imports) > 500
    assert _circle(imports) == []


def test_no_two_packages_side_by_side_import_each_other(imports: list[tuple[str, str]]) -> None:
    """In every package: what its parts import of each other, by whatever modules within them, has one direction."""
    of_parts: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for importer, imported in imports:
        parent, one, other = _siblings(importer, imported)
        if one and other:
            of_parts[parent].add((one, other))
    assert {"services", "services.scheduler", "services.notifier", "services.cli"} <= set(of_parts)
    circles = {parent: _circle(pairs) for parent, pairs in of_parts.items()}
    assert {parent: circle for parent, circle in circles.items() if circle} == {}


def test_the_search_for_circles_finds_one() -> None:
    assert _circle([("a", "b"), ("b", "c")]) == []
    assert set(_circle([("a", "b"), ("b", "c"), ("c", "a")])) == {"a", "b", "c"}
    assert _siblings("s.a.x", "s.b.y.z") == ("s", "a", "b")
    assert _siblings("s.a", "s.a.x") == ("s.a", "", "x")


def _siblings(importer: str, imported: str) -> tuple[str, str, str]:
    """The package that both are in, and their parts in it; no part for the package itself."""
    one, other = importer.split("."), imported.split(".")
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    return ".".join(one[:shared]), "".join(one[shared : shared + 1]), "".join(other[shared:][:1])


def _circle(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """One circle of these arrows, if there is one."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for importer, imported in pairs:
        sorter.add(importer, imported)
    try:
        sorter.prepare()
    except CycleError as error:
        return list(error.args[1])
    return []
