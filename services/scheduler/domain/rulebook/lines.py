"""Where in a rulebook's text something stands, for errors that point at a line.

The TOML reader of the standard library keeps no positions; a rulebook is written for people, one table a
checkpoint, so its lines can be found by the names in them.
"""

from __future__ import annotations

import re


def line_of(text: str, *words: str, occurrence: int = 1) -> int:
    """The line (from 1) of the last of `words` that is found, each looked for after the one before.

    The first word is a checkpoint's name, or `office` followed by an office's name, or `suspend`; of these and of
    checkpoints of one name, `occurrence` (from 1) says which is meant.
    """
    lines = text.splitlines()
    at = 0
    if words and words[0] == "suspend":
        table = re.compile(r"^\s*\[\[\s*suspend\s*\]\]")
        tables = [n for n, line in enumerate(lines) if table.match(line)]
        if len(tables) >= occurrence:
            at = tables[occurrence - 1]
            words = words[1:]
    elif words and words[0] == "office":
        table = re.compile(rf'^\s*\[office\."?{re.escape(words[1])}"?\]')
        at = next((n for n, line in enumerate(lines) if table.match(line)), 0)
        words = words[2:]
    elif words:
        named = re.compile(rf'name\s*=\s*"{re.escape(words[0])}"')
        found = [n for n, line in enumerate(lines) if named.search(line)]
        if len(found) >= occurrence:
            at = found[occurrence - 1]
            words = words[1:]
    for word in words:
        sought = re.compile(rf"(?<![\w]){re.escape(word)}(?![\w])")
        at = next((n for n in range(at, len(lines)) if sought.search(lines[n])), at)
    return at + 1
