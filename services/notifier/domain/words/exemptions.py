"""An exemption that a guide tells of is told with all of its conditions, or it is a false one (contract 6.5).

What an exemption is called and what belongs to it stands in `_exemptions.toml`, language by language. Words are
looked for as they are written there, whatever their case: a guide that says the same in other words is refused until
the file knows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from services.notifier.domain.words.shapes import (
    LANGUAGES,
    GuideLine,
    InAllLanguages,
    Key,
    Shape,
)

Stems = Annotated[tuple[str, ...], Field(min_length=1, strict=False)]


class ExemptionWords(Shape):
    """A line in which all of `named` stand tells of the exemption; all of `conditions` have to stand there too."""

    named: Stems
    conditions: Stems


class Exemptions(Shape):
    """By checkpoint and reason, as facts name them."""

    exemption: dict[str, dict[str, InAllLanguages[ExemptionWords]]]

    def by_code(self) -> dict[str, InAllLanguages[ExemptionWords]]:
        """By `<checkpoint>.<reason>`, which is how a guide line names one."""
        return {
            f"{checkpoint}.{reason}": words
            for checkpoint, reasons in self.exemption.items()
            for reason, words in reasons.items()
        }


def exemption_faults(
    guide: tuple[GuideLine, ...], exemptions: Exemptions
) -> Iterator[tuple[Key, str]]:
    """Each exemption that the guide tells wrongly, with the key of the line."""
    known = exemptions.by_code()
    for number, line in enumerate(guide):
        key: Key = ("guide", number)
        for code in line.exemptions:
            if code not in known:
                yield (*key, "exemptions"), f"names {code}, which is not in _exemptions.toml"
        for code, words in known.items():
            yield from _line_faults(key, line, code, words)
    yield from _left_out(guide, exemptions)


def _line_faults(
    key: Key, line: GuideLine, code: str, words: InAllLanguages[ExemptionWords]
) -> Iterator[tuple[Key, str]]:
    for language in LANGUAGES:
        text = line[language].casefold()
        absent = [stem for stem in words[language].named if stem.casefold() not in text]
        if code not in line.exemptions:
            if not absent:
                yield (*key, language), f"tells of {code}, which is not among its `exemptions`"
            continue
        absent += [stem for stem in words[language].conditions if stem.casefold() not in text]
        if absent:
            yield (*key, language), f"tells of {code} without saying {', '.join(map(repr, absent))}"


def _left_out(guide: tuple[GuideLine, ...], exemptions: Exemptions) -> Iterator[tuple[Key, str]]:
    lines = [line for line in guide if line.part == "not_needed"]
    codes = {code for line in lines for code in line.exemptions}
    if lines and not codes:
        yield ("guide",), "says when it is not needed and names no exemption (`exemptions`)"
    for checkpoint, reasons in exemptions.exemption.items():
        own = {f"{checkpoint}.{reason}" for reason in reasons}
        if codes & own:
            for code in sorted(own - codes):
                yield ("guide",), f"leaves out {code} where it says when it is not needed"
