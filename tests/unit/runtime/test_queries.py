"""Named queries: what stands in the file is what PostgreSQL gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.runtime.postgres import Queries
from services.runtime.postgres.migrations import read_migrations
from services.runtime.postgres.queries import split_queries


def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> str:
    name = f"sql_of_{tmp_path.name.replace('-', '_')}"
    (tmp_path / name).mkdir()
    for file, text in files.items():
        (tmp_path / name / f"{file}.sql").write_text(text, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_a_query_keeps_its_reasons_and_its_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = folder(
        tmp_path,
        monkeypatch,
        a="-- about this file\n\n-- name: one\n-- because\nselect $1::int;\n\n-- name: two\nselect 2\n",
        b="-- name: three\nselect 3",
    )
    queries = Queries(package)
    assert queries["one"] == "-- because\nselect $1::int"
    assert queries.two == "select 2"
    assert sorted(queries) == ["one", "three", "two"]


def test_an_unknown_name_lists_the_known_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = Queries(folder(tmp_path, monkeypatch, a="-- name: one\nselect 1"))
    with pytest.raises(KeyError, match=r"no query oen; it has one"):
        queries["oen"]
    with pytest.raises(AttributeError, match=r"no query oen; it has one"):
        _ = queries.oen


def test_a_name_stands_once_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = folder(tmp_path, monkeypatch, a="-- name: one\nselect 1", b="-- name: one\nselect 2")
    with pytest.raises(ValueError, match="one is there twice"):
        Queries(package)


@pytest.mark.parametrize(
    "text",
    [
        "select 1",
        "select 1;\n-- name: one\nselect 2",
        "-- name: \nselect 1",
        "-- name: One-Two\nselect 1",
        "-- name: one\n-- nothing but a reason\n-- name: two\nselect 2",
    ],
)
def test_a_slip_in_a_file_is_found_at_the_start(text: str) -> None:
    with pytest.raises(ValueError, match=r"a\.sql"):
        list(split_queries(text, "a.sql"))


def test_migrations_are_numbered_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = folder(tmp_path, monkeypatch, **{"0001_a": "select 1", "0001_b": "select 2"})
    with pytest.raises(ValueError, match="same number"):
        read_migrations(package)


@pytest.mark.parametrize("name", ["1_a", "0001-a", "0001_A", "first"])
def test_a_migration_is_named_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(ValueError, match="0001_what_is_new"):
        read_migrations(folder(tmp_path, monkeypatch, **{name: "select 1"}))
