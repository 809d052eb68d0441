"""How a letter's body is read: the form in which `texts` writes it, and everybody who prints it relies on."""

from __future__ import annotations

from dataclasses import dataclass

ITEM = "- "
"""What each item of a list begins with."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text, line by line."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with a list under it."""

    heading: str
    items: tuple[str, ...]


def parts_of(body: str) -> list[Paragraph | Section]:
    """The body's parts in order: an empty line stands between them, and a section's items begin with `- `."""
    parts: list[Paragraph | Section] = []
    for block in body.strip("\n").split("\n\n"):
        heading, *others = block.split("\n")
        if others and all(line.startswith(ITEM) for line in others):
            parts.append(Section(heading, tuple(line.removeprefix(ITEM) for line in others)))
        else:
            parts.append(Paragraph((heading, *others)))
    return parts
