"""What a template may say (contract 6.5): each rule looks at one string and says in a sentence what is wrong.

The rules are asked when the folder is loaded, never when something is sent: a bad template must stop a
deployment, not a message. Words are matched by stems, in all three languages at once, since a translator may
leave a word of another language behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from string import Template
from typing import Final, Literal

from schemas.messages import Language

DATE: Final = "due_on"
TENSE: Final = "was"
SMS_SEPTETS_MAX: Final = 160
"""One SMS of GSM 03.38; a longer one is split, and some gateways refuse it."""
TITLE_CHARACTERS_MAX: Final = 40
"""The least that the channels take: the subject of a Min side e-mail."""
NOTICE_CHARACTERS_MAX: Final = 300
"""The least that the channels take: an employer notice."""
NAME_CHARACTERS_MAX: Final = 60
"""The name of a sender or of a place to log in: it has to fit on a line of a letter."""

TextKind = Literal["sms", "title", "notice", "guide", "frame"]
Dating = Literal["undated", "to_come", "passed"]
"""How a text names its date: not at all; as one to come, `$due_on`; or as one that may have passed, `$was $due_on`."""

# GSM 03.38, basic table (without the escape) and its extension, where a character costs two septets.
_GSM7_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_EXTENSION: Final = frozenset("\f^{}\\[~]|€")

_MONTHS_NORWEGIAN: Final = (
    *("januar", "februar", "mars", "april", "mai", "juni"),
    *("juli", "august", "september", "oktober", "november", "desember"),
)
_MONTHS_ENGLISH: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def written(day: date, language: Language) -> str:
    """The date as people write it: `27. april 2026` in both kinds of Norwegian, `27 April 2026` in English."""
    if language == "en":
        return f"{day.day} {_MONTHS_ENGLISH[day.month - 1]} {day.year}"
    return f"{day.day}. {_MONTHS_NORWEGIAN[day.month - 1]} {day.year}"


_TENSES: Final[dict[Language, tuple[str, str]]] = {
    "nb": ("er", "var"),
    "nn": ("er", "var"),
    "en": ("is", "was"),
}


def filled(template: str, day: date, language: Language, *, passed: bool) -> str:
    """The template with the date put in, as one that has passed or not."""
    is_, was = _TENSES[language]
    return Template(template).substitute(
        {DATE: written(day, language), TENSE: was if passed else is_}
    )


def septets(text: str) -> int:
    """How many septets the text takes as one GSM-7 message; ValueError names a character that GSM-7 lacks."""
    length = 0
    for character in text:
        if character in _GSM7_BASIC:
            length += 1
        elif character in _GSM7_EXTENSION:
            length += 2
        else:
            raise ValueError(f"the character U+{ord(character):04X} is not in GSM-7")
    return length


@dataclass(frozen=True, slots=True)
class _Ban:
    fault: str
    pattern: re.Pattern[str]


def _ban(fault: str, pattern: str) -> _Ban:
    return _Ban(fault, re.compile(pattern, re.IGNORECASE | re.VERBOSE))


_EVERYWHERE: Final = (
    _ban("has a control character", r"[\x00-\x1f\x7f]"),
    _ban("has braces; the date is written $due_on", r"[{}]"),
    _ban(
        "calls itself a reminder of what may never have been told",
        r"påminn | \bminne[rs]?\b | remind",
    ),
    # Channels make a link of a letter, a dot and a letter, also where only a space was forgotten.
    _ban("has link-like text", r":// | \bwww\b | \S@\S | [^\W\d_]\.[^\W\d_]"),
    _ban("has digits that may be a person, an employer or a phone", r"\d(?:[\s.\-/]?\d){4,}"),
    _ban(
        "has a diagnosis word",
        r"""diagnos | symptom | \bdepre[sc] | \bangst | \banxiety | \bkreft | \bcancer | \bpsyk | \bpsych
        | \butbren[td] | \bburn-?out | \bsmerte | \bpains?\b | \bs[jy]u?kdom | \billness | \bdisease
        | \blidelse | \bliding | \bdisorder | \bplager?\b | \bmuskel | \bgravid | \bpregnan""",
    ),
    _ban(
        "names a day relative to when it is read",
        r"""\bi[ ]?dag\b | \btoday\b | \bi[ ]?morg[eo]n\b | \btomorrow\b | \bi[ ]?går\b | \byesterday\b
        | \b(?:denne|neste)[ ](?:uk|vek) | \b(?:this|next)[ ]week\b""",
    ),
    _ban(
        "claims that something was not done",
        r"""\bhar[ ](?:\w+[ ])?(?:ikke|ikkje)\b | \b(?:ikke|ikkje)[ ](?:har|gjort|svart|levert|mottatt|fått)\b
        | \bmangl(?:er|ar|ende|ande)\b | \bgl(?:em|øym)t | \bforgot | \bha(?:ve|s|d)(?:[ ]not|n't)\b
        | \bfailed[ ]to\b | \bmissing\b | \boverdue\b | \bnot[ ]yet\b | \bfor[ ]sein?t\b | \bfor[ ]sent\b
        | \btoo[ ]late\b | \bdid(?:[ ]not|n't)\b | \bforsømt | \bneglect""",
    ),
)

# A text that lies open, on a locked screen or in a mailbox that others read, must not show that somebody is ill.
_IN_THE_OPEN: Final = _ban(
    "tells that somebody is on sick leave", r"\bsyk | \bsjuk | \bsick | \bill\b"
)

_LOG_IN: Final = re.compile(r"\blogg inn\b|\blog in\b", re.IGNORECASE)
_SOON: Final = re.compile(
    r"\bså snart som (?:mulig|mogleg)\b|\bas soon as possible\b", re.IGNORECASE
)
_DEADLINE: Final = _ban("tells of a deadline, and it may have passed", r"\bfrist | \bdeadline")


def faults(
    text: str, kind: TextKind, language: Language, dating: Dating = "undated"
) -> Iterator[str]:
    """Everything that is wrong with one template; nothing, where it is good."""
    if not text.strip() or text != text.strip():
        yield "is empty, or begins or ends with a space"
    for ban in _EVERYWHERE:
        if found := ban.pattern.search(text):
            yield f"{ban.fault}: {found.group()!r}"
    placeholder_faults = [*_placeholder_faults(text, dating)]
    yield from placeholder_faults
    if kind in ("sms", "title", "notice") and (found := _IN_THE_OPEN.pattern.search(text)):
        yield f"{_IN_THE_OPEN.fault}: {found.group()!r}"
    if kind in ("sms", "notice") and not _LOG_IN.search(text):
        yield "does not say to log in"
    if not placeholder_faults:
        yield from _length_faults(text, kind, language)


def name_fault(name: str) -> str | None:
    """What is wrong with the name of a sender or a place to log in; the sentence does not quote it."""
    if not name.strip() or name != name.strip():
        return "is empty, or begins or ends with a space"
    if len(name) > NAME_CHARACTERS_MAX:
        return f"has {len(name)} characters, and {NAME_CHARACTERS_MAX} are allowed"
    return next((ban.fault for ban in _EVERYWHERE if ban.pattern.search(name)), None)


def title_when_passed_faults(title: str) -> Iterator[str]:
    """What is wrong with a title of the second set that would be right in the first."""
    if found := _DEADLINE.pattern.search(title):
        yield f"{_DEADLINE.fault}: {found.group()!r}"


def _placeholder_faults(text: str, dating: Dating) -> Iterator[str]:
    names = []
    for match in Template.pattern.finditer(text):
        names.append(match["named"] or match["braced"])
        if names[-1] not in (DATE, TENSE):
            yield f"has {match.group()!r}, and the only placeholders are $due_on and $was"
    if dating == "passed":
        yield from _passed_faults(text)
    elif dating == "undated" and {DATE, TENSE} & {*names}:
        yield "names a date where none belongs"
    elif dating == "to_come":
        if DATE not in names:
            yield "does not say by which date ($due_on)"
        if TENSE in names:
            yield "names the date as one that has passed ($was), and it is still to come"


def _passed_faults(text: str) -> Iterator[str]:
    if "$was $due_on" not in text:
        yield "does not say which date has passed ($was $due_on)"
    if re.search(r"(?<!\$was )\$due_on", text):
        yield "names the date as one to come; one that has passed is written $was $due_on"
    if not _SOON.search(text):
        yield "does not say to do it as soon as possible"


def _length_faults(text: str, kind: TextKind, language: Language) -> Iterator[str]:
    longest = max(
        (filled(text, date(2028, month, 28), language, passed=True) for month in range(1, 13)),
        key=len,
    )
    if kind == "title" and len(text) > TITLE_CHARACTERS_MAX:
        yield f"has {len(text)} characters, and {TITLE_CHARACTERS_MAX} are allowed"
    if kind == "notice" and len(longest) > NOTICE_CHARACTERS_MAX:
        yield f"has {len(longest)} characters, and {NOTICE_CHARACTERS_MAX} are allowed"
    if kind == "sms":
        try:
            length = septets(longest)
        except ValueError as error:
            yield f"cannot be an SMS: {error}"
        else:
            if length > SMS_SEPTETS_MAX:
                yield f"takes {length} septets with the longest date, and {SMS_SEPTETS_MAX} are allowed"
