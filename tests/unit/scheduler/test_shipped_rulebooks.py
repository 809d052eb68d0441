"""A shipped rulebook never changes under its name and version: services would refuse it (contract 4.6)."""

from __future__ import annotations

import hashlib

from services.scheduler.domain.rulebook.reader import parse
from services.scheduler.rulebook_file import read_rulebook, shipped_names
from tests.support.paths import RULEBOOKS

# Whoever changes a rulebook gives it another version and adds a line; a line that stands here stays as it is.
CONTENT_HASHES = {
    "employer-example 2026-11": "2daac96fd52a0185e2e45723e562e40358a850b2f5255d024bb4298bce99e5d5",
    "employer-example 2026-12": "827d4e62ede698e5aed9686d9b38f188df281c88896d536bbcbf3c428fc14491",
    "nav-2026 2026-11": "c09e20d8089d53927188923211f0f25ec5d2b4328ed3a96ea9069cd46cd2b551",
    "nav-2026 2026-12": "2eaa92473ee4d3db5f87bd77ac1e3d98f34810a5cf9c73036bd19ed4a648b778",
    "standard 2026-11": "4e1971a5ca01e6eba025a5044f08d9d0b969775f08bd1278d8343babf3857d63",
    "standard 2026-12": "0c0e1bfa3b7a61d3da5d213bda2275cce0916b69e7abb2382838c81df026aa8e",
}


def test_a_shipped_rulebook_that_changes_gets_another_version() -> None:
    shipped = [read_rulebook(name) for name in shipped_names()]
    assert len(shipped) == 3
    for rulebook in shipped:
        assert CONTENT_HASHES.get(rulebook.title) == rulebook.content_hash, (
            f"{rulebook.title} reads differently: give it another version, and add that with its hash above"
        )


def test_the_hash_is_of_the_text_whatever_ends_its_lines() -> None:
    """contract 4.6: anybody can compute it; a comment counts, an editor's line ends do not."""
    data = (RULEBOOKS / "standard.toml").read_bytes()
    text = data.decode()
    assert parse(text).content_hash == hashlib.sha256(data).hexdigest()
    assert parse(text.replace("\n", "\r\n")).is_same_as(parse(text))
    assert not parse(text + "# a reason\n").is_same_as(parse(text))
