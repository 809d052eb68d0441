"""How what an earlier version has stored is read: rows must load for ever, whatever the contract refuses today.

Ids and reasons were once texts, and dates reached to 2150. Such a row is mended where the contract no longer allows
what it holds, and nowhere else: a text that is no code becomes a stand-in, so that it never leaves in a message.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas import codes, dates
from schemas.messages import Data

D = TypeVar("D", bound=Data)

PASSES = 3
"""Faults of fields are found before those of a whole, such as a note with too many days."""
LAST_DAY = f"{dates.LAST_YEAR_OF_FACTS}-12-31"


def read_stored(model: type[D], text: str) -> D:
    """A message, or a part of one, from its stored JSON; raises ValidationError for what no version has stored."""
    for _ in range(PASSES):
        try:
            return model.model_validate_json(text)
        except ValidationError as error:
            value = json.loads(text)
            for fault in error.errors(include_url=False):
                _mend(value, fault)
            text = json.dumps(value)
    return model.model_validate_json(text)


def stand_in(text: str) -> str:
    """The code itself; digits without the blanks between them; else a code that does not tell what the text said.

    The two hex digits tell one person's ids apart, and are too few to find the text by trying. The migrations that
    mend columns follow the same rule.
    """
    if codes.is_code(text):
        return text
    packed = str(codes.without_blanks(text))
    if packed.isascii() and packed.isdigit() and codes.is_code(packed):
        return packed
    return _unreadable(text)


def _unreadable(text: str) -> str:
    return f"not_a_code.{hashlib.sha256(text.encode()).hexdigest()[:2]}"


def _mend(value: Any, fault: ErrorDetails) -> None:  # noqa: ANN401 - JSON
    """Put what the contract allows in the place of the fault; other faults are left as they are."""
    if fault["type"] == "same_person":
        # Only blanks were taken out of a number: nobody has the old one any more.
        value["old_person_id"] = _unreadable(value["old_person_id"])
    if fault["type"] == "period_sum":  # Two periods always have few enough days together.
        value["periods"] = value["periods"][:2]
    if fault["type"] not in (codes.OWN_FAULT, dates.OWN_FAULT) or not fault["loc"]:
        return
    *above, last = fault["loc"]
    for step in above:
        value = value[step]
    text = str(value[last])
    if fault["type"] == dates.OWN_FAULT:
        value[last] = LAST_DAY + text[10:]
    elif fault.get("ctx", {}).get("most") == codes.LONG_CODE_CHARACTERS_MAX:
        # Put together by the services: a word of theirs, a colon, and what a fact said.
        word, colon, detail = text.partition(":")
        value[last] = stand_in(word) + colon + (stand_in(detail) if colon else "")
    else:
        value[last] = stand_in(text)
