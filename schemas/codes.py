"""Codes instead of texts: every field that is no number, date, truth value, name or address is one (contract 2).

What is only ever a code cannot carry a diagnosis, a telephone number or a line break into a message, a reason or a log.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from schemas.dates import END

OWN_FAULT = "code_fault"
"""The type of every fault that is found here; its text holds no value and follows the field's name."""

CODE_CHARACTERS_MAX = 64
_CHARACTER = "[A-Za-z0-9_.:-]"
_CODE = re.compile(_CHARACTER + f"{{1,{CODE_CHARACTERS_MAX}}}")

# Blanks of any kind and marks that nobody sees, as copied from a spreadsheet or a web page: tabs and line breaks,
# spaces of every width, the soft hyphen, joiners, marks of direction, the byte order mark.
_BLANK = (
    r"[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064"
    r"\u2066-\u2069\u3000\ufeff]"
)
_BLANKS = re.compile(_BLANK + "+")
_BLANKS_AROUND = re.compile(f"^{_BLANK}+|{_BLANK}+$")


def is_code(value: object) -> bool:
    """Whether this is a code: 1 to 64 of the letters A to Z and a to z, digits and `_ . : -`."""
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def without_blanks(value: object) -> object:
    """A text without the blanks around it, and a number without those between its digits; other values as they are.

    Between letters they stay: several words are no id, and must not become one.
    """
    if not isinstance(value, str):
        return value
    packed = _BLANKS.sub("", value)
    return packed if packed.isascii() and packed.isdigit() else _BLANKS_AROUND.sub("", value)


def _checker(characters_max: int) -> Callable[[object], object]:
    pattern = re.compile(f"{_CHARACTER}{{1,{characters_max}}}")

    def checked(value: object) -> object:
        if not isinstance(value, str) or pattern.fullmatch(value):
            return value
        if not value:
            raise PydanticCustomError(OWN_FAULT, "is empty")
        raise PydanticCustomError(
            OWN_FAULT,
            "is not a code of at most {most} letters A-Z, digits and the signs _ . : -",
            {"most": characters_max},
        )

    return checked


def _schema(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}{END}"})


Code = Annotated[
    str,
    BeforeValidator(_checker(CODE_CHARACTERS_MAX)),
    _schema(f"{_CHARACTER}{{1,{CODE_CHARACTERS_MAX}}}"),
]

BlankFreeCode = Annotated[
    str,
    # The last one is asked first.
    BeforeValidator(_checker(CODE_CHARACTERS_MAX)),
    BeforeValidator(without_blanks),
    _schema(
        f"{_BLANK}*(?:{_CHARACTER}{{1,{CODE_CHARACTERS_MAX}}}"
        f"|[0-9](?:{_BLANK}*[0-9]){{0,{CODE_CHARACTERS_MAX - 1}}}){_BLANK}*"
    ),
]
"""An organisation number or a person's id: blanks around it and between its digits mean nothing, and are taken out."""

LONG_CODE_CHARACTERS_MAX = 200
LongCode = Annotated[
    str,
    BeforeValidator(_checker(LONG_CODE_CHARACTERS_MAX)),
    _schema(f"{_CHARACTER}{{1,{LONG_CODE_CHARACTERS_MAX}}}"),
]
"""A code in what the services say: a name from a rulebook, or one that is put together from several codes."""
