"""Whose desk a task lands on, and which addresses may be written to (contract 6.2, 14.8)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.addresses import email_address, phone_number
from services.notifier.domain.recipients import Adviser, Contacts, Desk, PersonContact, desk_for

OFFICE = "0219"
SPECIAL = "2103"
KAFE = "310200107"


def person(**others: object) -> PersonContact:
    known: dict[str, object] = {
        "may_be_notified": True,
        "phone": None,
        "email": None,
        "language": "nb",
        "protected": False,
        "office": OFFICE,
        "birth_date": date(1985, 3, 14),
    }
    return PersonContact(**(known | others))  # type: ignore[arg-type]


BY_DAY = Adviser("A", OFFICE, birth_days=frozenset(range(1, 16)))
OTHER_DAYS = Adviser("B", OFFICE, birth_days=frozenset(range(16, 32)))
BY_EMPLOYER = Adviser("C", OFFICE, org_numbers=frozenset({KAFE}))
ELSEWHERE = Adviser("D", "0301", frozenset(range(1, 32)), frozenset({KAFE}))
SPECIALIST = Adviser("E", SPECIAL, birth_days=frozenset(range(1, 32)))
ABSENT = Adviser("F", OFFICE, frozenset(range(1, 32)), frozenset({KAFE}), absent=True)


def desk(*advisers: Adviser, named: str | None = None, **others: object) -> Desk:
    contacts = Contacts(person=person(**others), advisers=advisers)
    return desk_for(contacts, named=named, org_numbers=[KAFE], special_office=SPECIAL)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (desk(BY_DAY, OTHER_DAYS), Desk(OFFICE, "A")),
        (desk(BY_DAY, BY_EMPLOYER), Desk(OFFICE, "C")),
        (desk(OTHER_DAYS), Desk(OFFICE, None)),
        (desk(ELSEWHERE), Desk(OFFICE, None)),
        (desk(ABSENT, BY_DAY), Desk(OFFICE, "A")),
        (desk(ABSENT), Desk(OFFICE, None)),
        (desk(BY_DAY, OTHER_DAYS, named="B"), Desk(OFFICE, "B")),
        (desk(BY_DAY, ABSENT, named="F"), Desk(OFFICE, "A")),
        (desk(BY_DAY, ELSEWHERE, named="D"), Desk("0301", "D")),
        (desk(BY_DAY, named="Z"), Desk(OFFICE, "Z")),
        (desk(BY_DAY, SPECIALIST, protected=True, named="A"), Desk(SPECIAL, "E")),
        (desk(BY_DAY, BY_EMPLOYER, protected=True), Desk(SPECIAL, None)),
        (desk(BY_DAY, office=None), Desk(None, None)),
        (desk(BY_EMPLOYER, office=None), Desk(OFFICE, "C")),
        (desk(BY_DAY, birth_date=None), Desk(OFFICE, None)),
    ],
)
def test_the_person_is_held_by(answer: Desk, expected: Desk) -> None:
    assert answer == expected


def test_of_several_the_same_one_holds_the_person_in_whatever_order_they_come() -> None:
    second = Adviser("B", OFFICE, birth_days=frozenset({14}))
    assert desk(second, BY_DAY) == desk(BY_DAY, second) == Desk(OFFICE, "A")


def test_nobody_known_means_no_office() -> None:
    empty = Contacts()
    assert desk_for(empty, named=None, org_numbers=[KAFE], special_office=SPECIAL) == Desk(
        None, None
    )


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+4790000001", "+4790000001"),
        ("90 00 00 01", "+4790000001"),
        ("0047 900 00 001", "+4790000001"),
        ("+46 70-123 45 67", "+46701234567"),
        ("", None),
        (None, None),
        ("12345", None),
        ("+47900000010000000", None),
        ("ring meg", None),
        ("+4790000001\n+4790000002", None),
    ],
)
def test_a_phone_number_is_one_number_or_none(written: str | None, number: str | None) -> None:
    assert phone_number(written) == number


@pytest.mark.parametrize(
    "written",
    [
        None, "", "nobody", "a@b", "a@example.invalid, b@example.invalid", "A <a@example.invalid>",
        "a@example.invalid\r\nBcc: b@example.invalid", "a b@example.invalid", "@example.invalid",
        "a@example.invalid;b@example.invalid", "æ@example.invalid", "a@[127.0.0.1]",
    ],
)  # fmt: skip
def test_what_is_not_exactly_one_address_is_none(written: str | None) -> None:
    assert email_address(written) is None


def test_an_address_is_kept_as_it_is() -> None:
    assert email_address(" post@kafe.example.invalid ") == "post@kafe.example.invalid"
    assert email_address("o'neil+nav@example.invalid") == "o'neil+nav@example.invalid"


@given(st.text())
def test_no_text_whatever_breaks_the_readers(text: str) -> None:
    address = email_address(text)
    number = phone_number(text)
    assert address is None or (address.count("@") == 1 and "\n" not in address)
    assert number is None or (number[0] == "+" and number[1:].isdigit())
