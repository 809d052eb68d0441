"""Since when sick notes are known is one row: the earliest ever seen, in whatever order (contract 4.4)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

from schemas.messages import DeadlineDue, DeadlineUpdated
from schemas.wire import Record
from services.runtime.postgres import Pool, Queries
from tests.support.scheduler_bench import ANNE, BJORN, fact, no_note, note, scheduler_on

MONDAY = date(2026, 1, 5)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
MIGRATIONS = files("services.scheduler.sql.migrations")


def at(day: int) -> datetime:
    return START + timedelta(days=day)


async def row(pool: Pool) -> tuple[str, date]:
    """Which version of the one row stands, as PostgreSQL names it, and its date."""
    (found,) = await pool.fetch("select xmin::text, since from notes_known")
    return found["xmin"], found["since"]


def old_note(number: int, *, issued: date | None = None) -> Record:
    """A note of somebody else, published that many days from now on and issued on that day unless said otherwise."""
    published = at(number)
    return note(
        published,
        published.date(),
        3,
        person=BJORN,
        note_id=f"old-{number}",
        issued_on=issued or published.date(),
    )


async def test_only_an_earlier_note_is_written_down(database_url: str) -> None:
    async with scheduler_on(database_url, start=START) as bench:
        assert await bench.pool.fetch("select from notes_known") == []
        await bench.receive(note(at(0), MONDAY, 60), at=at(0))
        first = await row(bench.pool)
        await bench.receive(
            note(at(1), MONDAY, 90),
            no_note(at(1), "somebody's"),
            fact(at(1), "meeting.requested", meeting=2, party="employee"),
            at=at(1),
        )
        assert await row(bench.pool) == first
        assert first[1] == MONDAY
        await bench.receive(old_note(-400), at=at(2))
        assert (await row(bench.pool))[1] == at(-400).date()


async def test_a_note_counts_from_its_issue_where_its_record_says_it_is_older(
    database_url: str,
) -> None:
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(old_note(-400, issued=date(2025, 6, 1)), at=at(0))
        assert (await row(bench.pool))[1] == date(2025, 6, 1)


async def test_of_two_processes_the_earlier_date_stands_whichever_writes_last(
    database_url: str,
) -> None:
    """Each has read the row before the other wrote."""
    write = Queries("services.scheduler.sql")["write_notes_since"]
    async with scheduler_on(database_url, start=START) as bench:
        for number in (-10, -900, -400):
            await bench.pool.execute(write, at(number).date())
        assert (await row(bench.pool))[1] == at(-900).date()


async def test_what_leaves_says_since_when_as_it_is_then_and_an_older_note_sends_nothing(
    database_url: str,
) -> None:
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(at(0), MONDAY, 124), old_note(-400), at=at(0))
        await bench.turn_to(at(113))
        await bench.receive(old_note(-1500), at=at(114))
        request = fact(at(115), "meeting.requested", meeting=3, party="employee")
        await bench.receive(request, at=at(115))
        messages = bench.publisher.messages
    bases = [
        message.basis
        for message in messages
        if isinstance(message, DeadlineDue | DeadlineUpdated)
        and message.basis is not None
        and message.person_id == ANNE
    ]
    last = at(115).date()
    assert {(basis.history_since, basis.as_of == last) for basis in bases} == {
        (at(-400).date(), False),
        (at(-1500).date(), True),
    }
    for basis in bases:
        assert ("history_unknown" in basis.missing) is (basis.as_of != last)


async def test_a_database_that_has_notes_already_is_given_the_date_by_its_migration(
    database_url: str,
) -> None:
    text = (MIGRATIONS / "0011_since_when_notes_are_known.sql").read_text("utf-8")
    fill = text[text.index("insert into") :]
    async with scheduler_on(database_url, start=START) as bench:
        await bench.pool.execute(fill)
        assert await bench.pool.fetch("select from notes_known") == []
        await bench.receive(note(at(0), MONDAY, 60), old_note(-400), at=at(0))
        await bench.receive(old_note(-700, issued=date(2025, 1, 1)), no_note(at(0), "x"), at=at(0))
        (_, by_records) = await row(bench.pool)
        await bench.pool.execute("delete from notes_known")
        await bench.pool.execute(fill)
        assert (await row(bench.pool))[1] == by_records == at(-400).date()


async def test_a_timer_that_was_drafted_before_these_fields_were_there_still_fires(
    database_url: str,
) -> None:
    """It leaves as it was drafted; what has been added comes with the next fact."""
    added = "{notes_until,summon_by,meet_by,history_since}"
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(at(0), MONDAY, 124), at=at(0))
        await bench.pool.execute(
            "update timers set draft = jsonb_set(draft::jsonb, '{basis}', (draft::jsonb -> 'basis') - $1::text[])::text"
            " where draft::jsonb ->> 'basis' is not null",
            added.strip("{}").split(","),
        )
        await bench.turn_to(at(113))
        request = fact(at(115), "meeting.requested", meeting=3, party="employee")
        await bench.receive(request, at=at(115))
        messages = bench.publisher.messages
    (due,) = [
        m
        for m in messages
        if isinstance(m, DeadlineDue) and m.step == "assess" and m.due_on == at(112).date()
    ]
    (update,) = [
        m for m in messages if isinstance(m, DeadlineUpdated) and m.event_id == due.event_id
    ]
    assert due.basis is not None
    assert (due.basis.meet_by, due.basis.history_since) == (None, MONDAY)
    assert (update.basis.meet_by, update.basis.notes_until) == (at(181).date(), at(123).date())
