"""Whose desk a task lands on, and which addresses may be written to (contract 6.2, 14.8)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.addresses import email_address, phone_number
from services.notifier.domain.recipients import (
    Adviser,
    Contacts,
    Desk,
    OpenTasks,
    PersonContact,
    allot,
    desks_for,
)

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


def desks(*advisers: Adviser, named: str | None = None, **others: object) -> tuple[Desk, ...]:
    contacts = Contacts(person=person(**others), advisers=advisers)
    return desks_for(contacts, named=named, org_numbers=[KAFE], special_office=SPECIAL)


SECOND_BY_DAY = Adviser("B2", OFFICE, birth_days=frozenset({14}))
SECOND_BY_EMPLOYER = Adviser("C2", OFFICE, org_numbers=frozenset({KAFE}))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (desks(BY_DAY, OTHER_DAYS), [Desk(OFFICE, "A")]),
        (desks(BY_DAY, BY_EMPLOYER), [Desk(OFFICE, "C")]),
        (desks(OTHER_DAYS), [Desk(OFFICE, None)]),
        (desks(ELSEWHERE), [Desk(OFFICE, None)]),
        (desks(ABSENT, BY_DAY), [Desk(OFFICE, "A")]),
        (desks(ABSENT), [Desk(OFFICE, None)]),
        (desks(BY_DAY, OTHER_DAYS, named="B"), [Desk(OFFICE, "B")]),
        (desks(BY_DAY, ABSENT, named="F"), [Desk(OFFICE, "A")]),
        (desks(BY_DAY, ELSEWHERE, named="D"), [Desk("0301", "D")]),
        (desks(BY_DAY, named="Z"), [Desk(OFFICE, "Z")]),
        (desks(BY_DAY, SPECIALIST, protected=True, named="A"), [Desk(SPECIAL, "E")]),
        (desks(BY_DAY, BY_EMPLOYER, protected=True), [Desk(SPECIAL, None)]),
        (desks(BY_DAY, office=None), [Desk(None, None)]),
        (desks(BY_EMPLOYER, office=None), [Desk(OFFICE, "C")]),
        (desks(BY_DAY, birth_date=None), [Desk(OFFICE, None)]),
        (desks(SECOND_BY_DAY, OTHER_DAYS, BY_DAY), [Desk(OFFICE, "A"), Desk(OFFICE, "B2")]),
        (
            desks(SECOND_BY_EMPLOYER, BY_DAY, BY_EMPLOYER),
            [Desk(OFFICE, "C"), Desk(OFFICE, "C2")],
        ),
        (desks(SECOND_BY_DAY, BY_DAY, named="B2"), [Desk(OFFICE, "B2")]),
    ],
)
def test_the_person_can_be_held_by(answer: tuple[Desk, ...], expected: list[Desk]) -> None:
    assert list(answer) == expected


def test_nobody_known_means_no_office() -> None:
    assert desks_for(Contacts(), named=None, org_numbers=[KAFE], special_office=SPECIAL) == (
        Desk(None, None),
    )


A, B, QUEUE = Desk(OFFICE, "A"), Desk(OFFICE, "B"), Desk(OFFICE, None)
ANNE, BJORN, CLARA = b"anne", b"bjorn", b"clara"


@pytest.mark.parametrize(
    ("wanted", "counts", "about", "expected"),
    [
        ([(ANNE, (A, B))], {}, {}, [A]),
        ([(ANNE, (A, B))], {"A": 2, "B": 1}, {}, [B]),
        ([(ANNE, (A, B))], {"A": 1, "B": 1}, {}, [A]),
        ([(ANNE, (A, B)), (BJORN, (A, B)), (CLARA, (A, B))], {"A": 1}, {}, [B, A, B]),
        ([(ANNE, (A, B)), (ANNE, (A, B))], {}, {}, [A, A]),
        ([(ANNE, (A, B))], {"A": 9, "B": 1}, {"A": [ANNE], "B": [BJORN]}, [A]),
        ([(ANNE, (A, B))], {"A": 9, "B": 1}, {"A": [ANNE], "B": [ANNE]}, [B]),
        ([(ANNE, (B,)), (ANNE, (A, B))], {"B": 9}, {}, [B, B]),
        ([(ANNE, (A,))], {"A": 9}, {"B": [ANNE]}, [A]),
        ([(ANNE, (QUEUE,)), (BJORN, (QUEUE,)), (CLARA, (A, B))], {}, {}, [QUEUE, QUEUE, A]),
    ],
)
def test_of_several_desks_the_one_with_the_fewest_open_tasks_gets_it(
    wanted: list[tuple[bytes, tuple[Desk, ...]]],
    counts: dict[str, int],
    about: dict[str, list[bytes]],
    expected: list[Desk],
) -> None:
    """A person's tasks stay together; each choice sees those before it."""
    assert allot(wanted, OpenTasks(counts, about)) == expected


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
