"""A letter as a PDF that can be printed, filed and read aloud: PDF/UA-1 and PDF/A-2a in one file (ADR 28).

Typst lays it out and refuses what neither standard allows: no title, no language, a sign that no font has. The same
letter on the same day is the same file, byte for byte.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from importlib.resources import files
from importlib.util import find_spec

from schemas.messages import LetterRequested
from services.notifier.domain.words.letter_form import parts_of
from services.notifier.domain.words.rules import written

_TEMPLATE = files("services.notifier").joinpath("printing", "letter.typ").read_bytes()


class NotPrintable(Exception):
    """The letter cannot be laid out, now or ever; without a text, which might quote the letter."""


def can_print() -> bool:
    """Whether what lays out letters is installed."""
    return find_spec("typst") is not None


def letter_pdf(letter: LetterRequested, *, sender: str, dated_on: date) -> bytes:
    """The letter as it leaves on that date; raises NotPrintable."""
    # Not at the head: without the extra `letters` everything but this works.
    import typst

    content = {
        "title": letter.title,
        "sender": sender,
        "language": letter.language,
        "dated": (dated_on.year, dated_on.month, dated_on.day),
        "dated_on": written(dated_on, letter.language),
        "parts": [asdict(part) for part in parts_of(letter.body)],
    }
    try:
        pdf: bytes = typst.compile(
            _TEMPLATE,
            sys_inputs={"letter": json.dumps(content)},
            pdf_standards=["a-2a", "ua-1"],
            ignore_system_fonts=True,
        )
    except typst.TypstError:
        raise NotPrintable from None
    return pdf
