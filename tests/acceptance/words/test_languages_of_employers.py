"""Whoever reads an employer's mail is written to in a language of their own.

Once every manager was written to in bokmål, whatever language they read. Right is: a manager in the manager's own
language, an organisation's mailbox in its own, and bokmål where nobody says. What the employee reads decides neither.
"""

from __future__ import annotations

import pytest

from schemas.messages import EmailRequested
from tests.support.situations import (
    BYGG,
    EMAIL,
    SKOLE,
    Life,
    Lived,
    Situation,
    Situations,
    Story,
)

SITUATIONS = Situations()
GREETING = {"nb": "Hei.", "nn": "Hei.", "en": "Hello."}
PARTING = {"nb": "Vennlig hilsen", "nn": "Venleg helsing", "en": "Kind regards"}


@SITUATIONS.add
def en(life: Life) -> Story:
    life.contact(language="nn")
    life.manager(email="manager@example.invalid", language="en")
    life.sick("2026-01-05", "2026-03-01")
    return ["an English manager of somebody who reads nynorsk"]


@SITUATIONS.add
def nn(life: Life) -> Story:
    life.contact(language="en")
    life.manager(email="leiar@example.invalid", language="nn")
    life.sick("2026-01-05", "2026-03-01")
    return ["a manager who reads nynorsk, of somebody who reads English"]


@SITUATIONS.add
def nb(life: Life) -> Story:
    life.contact(language="en")
    life.manager()
    life.sick("2026-01-05", "2026-03-01")
    return ["a manager of whom nobody says a language"]


@SITUATIONS.add
def organisation_nn(life: Life) -> Story:
    life.contact()
    life.organisation(BYGG, "post@bygg.example.invalid", language="nn")
    life.sick("2026-01-05", "2026-03-01", org=BYGG)
    return ["a mailbox where nynorsk is read"]


@SITUATIONS.add
def organisation_nb(life: Life) -> Story:
    life.contact(language="en")
    life.manager(org=SKOLE, email=None, language="en")
    life.organisation(SKOLE, "post@skole.example.invalid")
    life.sick("2026-01-05", "2026-03-01", org=SKOLE)
    return [
        "a mailbox of which nobody says a language, where a manager without an address reads English"
    ]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
async def test_whoever_reads_it_is_written_to_in_a_language_of_their_own(
    situation: Situation, outcomes: Lived
) -> None:
    language = situation.name.rpartition("_")[2]
    messages = (message for _, message in outcomes.messages(situation.life))
    to_employer = [m for m in messages if isinstance(m, EmailRequested) and m.to != EMAIL]
    assert len(to_employer) >= 4  # Plan and meeting 1, a reminder and a deadline each.
    for mail in to_employer:
        assert mail.text.startswith(GREETING[language])
        assert PARTING[language] in mail.text
