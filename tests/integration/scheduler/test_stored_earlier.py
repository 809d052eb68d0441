"""What the first version has stored loads for ever, and no text in it leaves (contract 2, 8), on a real PostgreSQL."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

from rich.console import Console

from schemas.messages import (
    DeadlineDue,
    DeadlineUpdated,
    DeadlineWithdrawn,
    SickNoteRegistered,
)
from schemas.stored import read_stored, stand_in
from services.cli.output.explain_page import page_of
from services.runtime.postgres import Pool
from services.scheduler.explain.as_json import explanation_form
from services.scheduler.explain.ask import explain
from services.scheduler.jobs.reconcile import Reconciliation
from services.scheduler.store import begin_on
from tests.support.scheduler_bench import (
    ANNE,
    BJORN,
    KAFE,
    Bench,
    event,
    fact,
    hash_of,
    no_note,
    note,
    scheduler_on,
)

MONDAY = date(2026, 1, 5)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
# A person whose number the first version took as it was written.
UNNUMBERED = "Bjørn, født 1. mars"

# What the first version took for a code, by what these tests send in its place.
EARLIER = {
    KAFE: "310 200 107",
    "REASON": "Anne has an illness, tel. 90000001",
    "MEETING": "møte om ryggen",
    "OFFICE": "kontoret på Grünerløkka",
    "WHEN": "on her birthday, 90000001",
    "ADVISER": "Kari Nordmann",
    "NOTE": "note 17",
    "2100-12-31": "2150-06-30",
    BJORN: UNNUMBERED,
}
WORDS = ("illness", "90000001", "ryggen", "Grün", "birthday", "Kari", "født", "310 200")
COLUMNS = {
    "people": ("person_id", "office"),
    "facts": ("payload",),
    "note_slots": ("note", "note_id"),
    "note_versions": ("note", "note_id"),
    "timers": ("draft", "subject"),
    "due_events": ("payload", "basis"),
    "withdrawals": ("org_number", "adviser_id", "detail"),
}


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, 5, hour, tzinfo=UTC) + timedelta(days=day)


async def lived_until_day_60(bench: Bench) -> None:
    """Two people of whom much is known, with due events, withdrawals and timers."""
    contact = {"may_be_notified": True, "language": "nb", "protected": False, "office": "OFFICE"}
    exemption = {"reason": "REASON", "granted_by": "adviser"}
    look_again = {"reassessment_id": "WHEN", "on": "2026-06-08", "adviser_id": "ADVISER"}
    meeting: dict[str, Any] = {
        "meeting": 2,
        "meeting_id": "MEETING",
        "takes_place_on": "2026-06-02",
    }
    asked = {"org_number": KAFE, "adviser_id": "ADVISER"}
    records = [
        event(
            "stoppunkt.contacts.v1", "person_contact.changed", at(0), "p", person_id=ANNE, **contact
        ),
        note(at(0), MONDAY, 200, note_id="NOTE"),
        note(at(0), MONDAY, 200, person=BJORN, note_id="of-another"),
        note(at(0), date(2100, 12, 1), 31, note_id="far-away"),
        fact(at(2), "follow_up_plan.requested", **asked),
        fact(at(2), "exemption.granted", checkpoint="dialogue_meeting_1", **exemption),
        fact(at(2), "exemption.granted", checkpoint="dialogue_meeting_2", **exemption),
        fact(at(2), "reassessment.requested", **look_again),
        fact(at(3), "dialogue_meeting.summoned", **meeting),
        fact(at(3), "dialogue_meeting.summoned", person=BJORN, **meeting | {"meeting_id": "m-9"}),
    ]
    await bench.receive(*records, at=at(3))
    exempted = fact(at(23), "exemption.granted", checkpoint="follow_up_plan", **exemption)
    await bench.receive(exempted, at=at(23))
    await bench.turn_to(at(60))


async def as_the_first_version_had_it(pool: Pool) -> None:
    """Put its texts where codes are, in every column; then migrate as a new version does."""
    for table, columns in COLUMNS.items():
        for column in columns:
            for code, text in EARLIER.items():
                change = f"update {table} set {column} = replace({column}, $1, $2)"  # noqa: S608 - our own names
                await pool.execute(change, code, text)
    for table in ("facts", "note_slots", "note_versions", "timers", "due_events", "withdrawals"):
        change = f"update {table} set person = $2 where person = $1"  # noqa: S608 - our own names
        await pool.execute(change, hash_of(BJORN), hash_of(UNNUMBERED))
    change = "update people set person = $2 where person = $1"
    await pool.execute(change, hash_of(BJORN), hash_of(UNNUMBERED))
    for file in files("services.scheduler.sql.migrations").iterdir():
        if "codes_in_place_of_texts" in file.name:
            await pool.execute(file.read_text("utf-8"))


async def explained(bench: Bench, person: str) -> str:
    """Both forms of `explain`."""
    begin = begin_on(bench.pool, hash_of)
    explanation = await explain(begin, bench.clock, person, None, operator="test")
    assert explanation is not None
    page = io.StringIO()
    Console(file=page, width=200).print(page_of(explanation))
    return page.getvalue() + json.dumps(explanation_form(explanation), ensure_ascii=False)


async def test_the_migrations_put_the_same_code_as_the_reading(database_url: str) -> None:
    texts = [
        *("medical", "310 200 107", "\u00a0310200107\t", "two words", "Anne", "x" * 64, "x" * 65),
        *("9" * 65, " ", "møte", "a\nb", "1 2\u202f3", "not_a_code.3f", "٣"),
    ]
    for service in ("scheduler", "notifier"):
        (file,) = (
            file
            for file in files(f"services.{service}.sql.migrations").iterdir()
            if "codes_in_place_of_texts" in file.name
        )
        function, _, _ = file.read_text("utf-8").partition("$$;")
        async with scheduler_on(database_url, start=START) as bench:
            await bench.pool.execute(function + "$$;")
            codes = [await bench.pool.fetchval("select code_of($1)", text) for text in texts]
            await bench.pool.execute("drop function code_of(text)")
        assert codes == [stand_in(text) for text in texts]


async def test_rows_of_the_first_version_go_on_without_their_texts(database_url: str) -> None:
    async with scheduler_on(database_url, start=START - timedelta(days=1)) as bench:
        await lived_until_day_60(bench)
        earlier_messages = bench.publisher.messages
        await as_the_first_version_had_it(bench.pool)
        texts_kept = await bench.pool.fetchval(
            "select count(*) from facts where payload like '%illness%'"
        )
        assert texts_kept == 3
        bench.publisher.records.clear()

        # Everybody is compared; a correction, a revocation and an answer meet what was stored; time goes on.
        await Reconciliation(begin_on(bench.pool, hash_of), bench.clock).run()
        await bench.receive(
            fact(at(61), "follow_up_plan.made", org_number=KAFE, made_on="2026-03-06"),
            fact(at(61), "fact.withdrawn", fact_id="unknown"),
            note(at(61), MONDAY, 210, note_id="again"),
            no_note(at(61), "far-away"),
            at=at(61),
        )
        await bench.turn_to(at(260))
        text = await explained(bench, ANNE) + (await explained(bench, UNNUMBERED)).replace(
            f"Person {UNNUMBERED}", ""
        ).replace(f'"person_id": "{UNNUMBERED}"', "")
        left = await bench.pool.fetchval("select count(*) from timers")
    messages = bench.publisher.messages
    assert {type(message) for message in messages} == {
        *(DeadlineDue, DeadlineUpdated, DeadlineWithdrawn)
    }
    text += "".join(message.model_dump_json() for message in messages)
    assert [word for word in WORDS if word in text] == []
    assert "not_a_code." in text
    # Nothing is sent twice, and what stood is followed to its end.
    due = [message.event_id for message in messages if isinstance(message, DeadlineDue)]
    earlier_due = [m.event_id for m in earlier_messages if isinstance(m, DeadlineDue)]
    assert len({*due, *earlier_due}) == len(due) + len(earlier_due)
    assert {m.person_id for m in messages} >= {ANNE} and len({m.person_id for m in messages}) == 2  # type: ignore[attr-defined]
    assert left == 0


async def test_somebody_known_under_a_number_with_blanks_moves_with_the_note(
    database_url: str,
) -> None:
    spaced = f"{ANNE[:6]} {ANNE[6:]}"
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(at(0), MONDAY, 60), at=at(0))
        for table, column in (
            ("people", "person_id"),
            ("note_slots", "note"),
            ("note_versions", "note"),
        ):
            change = f"update {table} set {column} = replace({column}, $1, $2)"  # noqa: S608 - our own names
            await bench.pool.execute(change, ANNE, spaced)
        for table in ("people", "note_slots", "note_versions", "cases", "timers"):
            change = f"update {table} set person = $2 where person = $1"  # noqa: S608 - our own names
            await bench.pool.execute(change, hash_of(ANNE), hash_of(spaced))
        await bench.turn_to(at(22))
        (reminder,) = bench.publisher.messages
        assert isinstance(reminder, DeadlineDue)
        await bench.receive(note(at(22), MONDAY, 70), at=at(22))
        await bench.turn_to(at(60))
        people = await bench.pool.fetch("select person_id from people join timers using (person)")
        timers_left = {row["person_id"] for row in people}
    assert reminder.person_id == ANNE
    assert spaced not in timers_left
    assert {m.person_id for m in bench.publisher.messages} == {ANNE}  # type: ignore[attr-defined]


def test_a_stored_note_with_more_days_than_a_note_may_have_today_loads() -> None:
    period = {"from": "2026-01-01", "to": "2027-01-31", "kind": "full"}
    text = json.dumps(
        {
            "note_id": "note-1",
            "person_id": ANNE,
            "form": "digital",
            "issued_on": "2026-01-01",
            "periods": [period] * 3,
        }
    )
    assert len(read_stored(SickNoteRegistered, text).periods) == 2
