"""`portfolio`, and `forecast` per adviser, beside both services (contract 9, 11)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.wire import Record
from tests.support.both_services import BothServices, Terminal, both_services_on, terminal_on
from tests.support.scheduler_bench import KAFE, event, fact, note

MONDAY = date(2026, 1, 5)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
CONTACTS = "stoppunkt.contacts.v1"
SHARED = [f"148385{number:05d}" for number in range(4)]
OF_THE_ABSENT, AT_ANOTHER_OFFICE = "20838500005", "14838500006"
EVERYBODY = [*SHARED, OF_THE_ABSENT, AT_ANOTHER_OFFICE]


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, 5, hour, tzinfo=UTC) + timedelta(days=day)


def contact(kind: str, key: str, **fields: Any) -> Record:
    return event(CONTACTS, f"{kind}.changed", at(0), key, **fields)


def person(person_id: str) -> Record:
    return contact(
        "person_contact",
        f"person/{person_id[-5:]}",
        person_id=person_id,
        may_be_notified=True,
        phone="+4790000001",
        language="nb",
        office="0301" if person_id == AT_ANOTHER_OFFICE else "0219",
        birth_date=f"1985-03-{person_id[:2]}",
    )


def adviser(adviser_id: str, first: int, last: int, *, absent: bool = False) -> Record:
    days = list(range(first, last + 1))
    fields = {"adviser_id": adviser_id, "office": "0219", "birth_days": days, "absent": absent}
    return contact("adviser", f"adviser/{adviser_id}", **fields)


async def fell_sick(services: BothServices) -> None:
    """Six people for eight weeks and more. Two advisers share those born on a 14th; that of the others is absent."""
    await services.receive(
        adviser("Z990001", 1, 15),
        adviser("Z990002", 1, 15),
        adviser("Z990003", 16, 31, absent=True),
        contact("organisation_contact", f"org/{KAFE}", org_number=KAFE, email="post@kafe.example.invalid"),
        *map(person, EVERYBODY),
        *(note(at(0), MONDAY, 60, person=number, note_id=number) for number in EVERYBODY),
        at=at(0),
    )  # fmt: skip
    asked = fact(at(2), "meeting.requested", person=SHARED[0], meeting=2, party="practitioner")
    await services.receive(asked, at=at(2))


async def shown(database_url: str, monkeypatch: pytest.MonkeyPatch, on: datetime) -> Terminal:
    terminal = terminal_on(monkeypatch, database_url)
    async with both_services_on(database_url, start=START) as services:
        await fell_sick(services)
        await services.turn_to(on)
    terminal.set_clock(on)
    return terminal


FRIDAY = at(46)
"""20 February: the assessments of the activity requirement fall due at the end of next week."""


async def test_open_tasks_and_those_to_come_are_counted_per_adviser(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person stays with the adviser who has an open task; the others are shared out; the absent adviser's lie."""
    terminal = await shown(database_url, monkeypatch, FRIDAY)
    run = await terminal.run("portfolio", "--weeks", "2", "--json")
    assert run.exit_code == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["as_of"] == "2026-02-20"
    nothing = {"absent": False, "open": 0, "overdue": 0, "due_this_week": 0}
    weeks = [("2026-02-16", 0), ("2026-02-23", 2)]
    coming = [{"week_from": monday, "tasks": tasks} for monday, tasks in weeks]
    one_more = [coming[0], coming[1] | {"tasks": 1}]
    assert told["portfolios"] == [
        {"office": "0219", "adviser_id": "Z990001"}
        | nothing
        | {"open": 1, "overdue": 1, "coming": coming},
        {"office": "0219", "adviser_id": "Z990002"} | nothing | {"coming": coming},
        {"office": "0219", "adviser_id": "Z990003"}
        | nothing
        | {"absent": True, "coming": one_more},
        {"office": "0301", "adviser_id": None} | nothing | {"coming": one_more},
    ]


@pytest.mark.parametrize(
    ("on", "counts"),
    [
        (datetime(2026, 1, 8, 12, tzinfo=UTC), (1, 0, 0)),  # due on Monday the 12th
        (datetime(2026, 1, 12, 12, tzinfo=UTC), (1, 0, 1)),
        (datetime(2026, 1, 13, 12, tzinfo=UTC), (1, 1, 0)),
    ],
)
async def test_a_task_is_overdue_after_its_own_date(
    database_url: str, monkeypatch: pytest.MonkeyPatch, on: datetime, counts: tuple[int, int, int]
) -> None:
    terminal = await shown(database_url, monkeypatch, on)
    told = json.loads((await terminal.run("portfolio", "--office", "0219", "--json")).stdout)
    first = told["portfolios"][0]
    assert (first["open"], first["overdue"], first["due_this_week"]) == counts


async def test_a_portfolio_is_shown_as_a_table_that_names_nobody_but_advisers(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = await shown(database_url, monkeypatch, FRIDAY)
    monkeypatch.setenv("COLUMNS", "80")
    run = await terminal.run("portfolio")
    lines = [line.split() for line in run.stdout.splitlines()]
    assert max(map(len, run.stdout.splitlines())) <= 80
    assert lines[0] == [
        "office",
        "adviser",
        "open",
        "overdue",
        "by",
        "Sunday",
        "w8",
        "w9",
        "w10",
        "w11",
    ]
    assert ["0219", "Z990001", "1", "1", "0", "0", "2", "0", "0"] in lines
    assert ["0219", "Z990003", "(absent)", "0", "0", "0", "0", "1", "0", "0"] in lines
    assert ["0301", "queue", "0", "0", "0", "0", "1", "0", "0"] in lines
    assert "absent: what stands there" in run.stderr
    everything = run.stdout + run.stderr
    assert not any(secret in everything for secret in (*EVERYBODY, KAFE, "+4790000001"))


async def test_one_office_is_shown_alone(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = await shown(database_url, monkeypatch, FRIDAY)
    other = json.loads((await terminal.run("portfolio", "--office", "0301", "--json")).stdout)
    assert [one["office"] for one in other["portfolios"]] == ["0301"]
    nobody = await terminal.run("portfolio", "--office", "none")
    assert (nobody.exit_code, nobody.stdout) == (0, "There is no such portfolio.\n")


async def test_a_forecast_by_adviser_adds_up_to_the_one_by_office(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = await shown(database_url, monkeypatch, FRIDAY)
    by_office = json.loads((await terminal.run("forecast", "--json")).stdout)
    run = await terminal.run("forecast", "--by-adviser", "--json")
    assert run.exit_code == 0, run.stderr
    by_adviser = json.loads(run.stdout)
    sums: dict[tuple[str, str, str], int] = {}
    for row in by_adviser["days"]:
        key = (row["due_on"], row["checkpoint"], row["office"])
        sums[key] = sums.get(key, 0) + row["timers"]
    assert sums == {
        (row["due_on"], row["checkpoint"], row["office"]): row["timers"]
        for row in by_office["days"]
    }
    assert {row["adviser_id"] for row in by_adviser["days"]} == {
        *("Z990001", "Z990002", "Z990003"), None,
    }  # fmt: skip
    table = await terminal.run("forecast", "--by-adviser")
    assert "adviser" in table.stdout.splitlines()[0]
    assert not any(number in table.stdout for number in EVERYBODY)
