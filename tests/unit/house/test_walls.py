"""The import contracts of pyproject.toml are kept, and each of them refuses what it is there to refuse.

Wrong imports and modules that no layer names are planted into a copy of the code, and the contracts checked on that.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT

CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))[
    "tool"
]["importlinter"]["contracts"]
LAYERS = [contract for contract in CONTRACTS if contract["type"] == "layers"]
FORBIDDEN = [contract for contract in CONTRACTS if contract["type"] == "forbidden"]


class Copy:
    """The code in a folder of its own, to plant something in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__", "*.json", "*.sql")
        for package in ("schemas", "services"):
            shutil.copytree(ROOT / package, folder / package, ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", folder)

    def plant(self, importer: str, imported: str) -> None:
        """Let a module, or a package by its `__init__`, import another."""
        path = self.folder.joinpath(*importer.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        file.write_text(f"{file.read_text('utf-8')}\nimport {imported}\n", "utf-8")

    def add(self, module: str) -> None:
        self.folder.joinpath(*module.split(".")).with_suffix(".py").write_text("", "utf-8")

    def check(self) -> tuple[bool, str]:
        """Whether all contracts are kept, and what is said about it, in one line."""
        checked = subprocess.run(
            [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
            cwd=self.folder,
            env={"COLUMNS": "1000"},
            check=False,
            capture_output=True,
            text=True,
        )
        return checked.returncode == 0, " ".join(checked.stdout.split())


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_the_import_contracts_are_kept(copy: Copy) -> None:
    kept, report = copy.check()
    assert kept, report


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("services.scheduler.domain.rulebook.reader", "services.scheduler.rulebook_file"),
        ("services.scheduler.domain.plan.assess", "services.scheduler.rulebook_file"),
        ("services.notifier.domain.window", "services.notifier.inbox"),
        ("services.notifier.domain.words", "services.notifier.inbox"),
        ("services.notifier.channels.http_sms", "services.notifier.sending.turns"),
        ("services.notifier.channels.altinn", "services.notifier.store"),
    ],
)
def test_an_import_through_a_wall_is_refused(copy: Copy, importer: str, imported: str) -> None:
    copy.plant(importer, imported)
    kept, report = copy.check()
    assert not kept
    assert f"{importer} -> {imported} " in report


@pytest.mark.parametrize("container", ["services", "services.scheduler", "services.notifier"])
def test_a_new_module_has_to_say_where_it_stands(copy: Copy, container: str) -> None:
    copy.add(f"{container}.planted")
    kept, report = copy.check()
    assert not kept
    assert f"{container}.planted" in report


def test_every_list_of_layers_is_complete(copy: Copy) -> None:
    """A module beside the layers that none of them names is refused in every room that has layers."""
    assert all(contract["exhaustive"] for contract in LAYERS)
    planted = [f"{room}.planted" for contract in LAYERS for room in contract["containers"]]
    for module in planted:
        copy.add(module)
    _, report = copy.check()
    assert [module for module in planted if module not in report] == []


def test_every_wall_between_two_layers_holds(copy: Copy) -> None:
    """Each layer imports each one above it, and its independent neighbours: all of it is refused."""
    planted = [pair for contract in LAYERS for pair in _refused(contract)]
    assert len(planted) > 100
    for importer, imported in planted:
        copy.plant(importer, imported)
    _, report = copy.check()
    let_through = [pair for pair in planted if f"{pair[0]} -> {pair[1]} " not in report]
    assert let_through == []


def test_what_is_forbidden_by_name_is_refused(copy: Copy) -> None:
    planted = [
        (source, forbidden)
        for contract in FORBIDDEN
        for source in contract["source_modules"]
        for forbidden in contract["forbidden_modules"]
    ]
    assert len(planted) > 50
    for importer, imported in planted:
        copy.plant(importer, imported)
    _, report = copy.check()
    let_through = [pair for pair in planted if f"{pair[0]} -> {pair[1]} " not in report]
    assert let_through == []


def _refused(contract: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The pairs (importer, imported) that a list of layers rules out."""
    (room,) = contract["containers"]
    layers = [
        [f"{room}.{name.strip()}" for name in layer.split("|")] for layer in contract["layers"]
    ]
    for upper, lower in combinations(layers, 2):
        yield from ((importer, imported) for importer in lower for imported in upper)
    for layer in layers:
        yield from permutations(layer, 2)
