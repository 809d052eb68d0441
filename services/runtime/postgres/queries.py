"""Named queries: SQL lives in .sql files beside the code that uses it, with its reasons as comments.

    -- name: claim_due_timers
    -- Oldest first; …
    select … where due_at <= $1

Own code, since aiosql turns each query into a function that takes the connection, rewrites `:name`
parameters and is untyped: here a query is just text, given to asyncpg with `$1` parameters, so that
what is read in the file is what PostgreSQL gets, EXPLAIN guards included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files

_NAME = re.compile(r"^-- name:\s*(\S*)\s*$", re.MULTILINE)
_IDENTIFIER = re.compile(r"^[a-z][a-z0-9_]*$")


class Queries(Mapping[str, str]):
    """All queries in the .sql files of one package folder, by name, as `queries["name"]`.

    Raises at construction for a name that is missing, malformed or used twice in the folder, for
    text before the first name and for a query without a statement; a name that nobody wrote is a
    KeyError that lists those there are.
    """

    def __init__(self, package: str) -> None:
        self._package = package
        self._texts: dict[str, str] = {}
        sources = [entry for entry in files(package).iterdir() if entry.name.endswith(".sql")]
        for source in sorted(sources, key=lambda entry: entry.name):
            for name, text in split_queries(source.read_text("utf-8"), source.name):
                if name in self._texts:
                    raise ValueError(f"{package}/{source.name}: query {name} is there twice")
                self._texts[name] = text
        if not self._texts:
            raise ValueError(f"{package} has no queries")

    def __getitem__(self, name: str) -> str:
        try:
            return self._texts[name]
        except KeyError:
            known = ", ".join(sorted(self._texts))
            raise KeyError(f"{self._package} has no query {name}; it has {known}") from None

    def __getattr__(self, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def split_queries(text: str, source: str) -> Iterator[tuple[str, str]]:
    """The (name, statement) pairs of one file; comments stay in the statement."""
    head, *parts = _NAME.split(text)
    if _without_comments(head):
        raise ValueError(f"{source}: a statement stands before the first '-- name:'")
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if not _IDENTIFIER.match(name):
            raise ValueError(f"{source}: '-- name:' needs a name in lower case, got {name!r}")
        if not _without_comments(body):
            raise ValueError(f"{source}: query {name} has no statement")
        yield name, body.strip().removesuffix(";")


def _without_comments(text: str) -> str:
    return "".join(line.partition("--")[0] for line in text.splitlines()).strip()
