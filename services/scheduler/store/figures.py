"""The figures per office and month, and the people whom they are counted from."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import UTC

from schemas.norway import ONE_DAY
from services.runtime.postgres import Connection, Queries
from services.scheduler.domain.people.figures import DAY_182, CountedMonth, Month
from services.scheduler.domain.people.person import Person
from services.scheduler.store.rows import by_person, fact_of, slot_of

_QUERIES = Queries("services.scheduler.sql")

PEOPLE_PER_BATCH = 100
"""How many are in memory at once, and counted before others have their turn."""
FIND_SECONDS = 300
"""What finding a month's people may take: a fifth of a second in a country with 3 million cases, and room for more."""


class FigureTables:
    """Reads and writes figures within one transaction; raises what PostgreSQL raises. An unknown office is empty."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def months(self) -> list[CountedMonth]:
        """Every month that has been counted, oldest first."""
        return [
            CountedMonth(Month(row["month"]), row["as_of"].astimezone(UTC), row["closed_at"])
            for row in await self._connection.fetch(_QUERIES["read_counted_months"])
        ]

    async def people_to_count(self, month: Month) -> AsyncIterator[Sequence[Person]]:
        """Everybody who may add to the month's figures, in batches, all as they were at one instant.

        Must be the first that the transaction does. A person has notes, facts and an office, and nothing else.
        """
        await self._connection.execute(_QUERIES["begin_snapshot"])
        await self._connection.execute(_QUERIES["allow_seconds"], str(FIND_SECONDS))
        cursor = await self._connection.cursor(
            _QUERIES["read_people_to_count"],
            month.first,
            month.last,
            (month.first - ONE_DAY).isoformat(),
            (month.first - DAY_182 - ONE_DAY).isoformat(),
            timeout=FIND_SECONDS,
        )
        while rows := await cursor.fetch(PEOPLE_PER_BATCH, timeout=FIND_SECONDS):
            yield await self._people([row["person"] for row in rows])

    async def save(self, counted: CountedMonth, figures: Mapping[str, Counter[str]]) -> bool:
        """Write a month's figures by office in the place of earlier ones; False where it was closed meanwhile."""
        month, rows = (
            counted.month.first,
            [
                (office, outcome, number)
                for office, counts in sorted(figures.items())
                for outcome, number in sorted(counts.items())
            ],
        )
        written = await self._connection.fetchval(
            _QUERIES["write_counted_month"], month, counted.as_of, counted.closed_at
        )
        if written is None:
            return False
        await self._connection.execute(_QUERIES["delete_figures"], month)
        columns = [[row[column] for row in rows] for column in range(3)]
        await self._connection.execute(_QUERIES["add_figures"], month, *columns)
        return True

    async def read(
        self, months: Collection[Month] | None = None, office: str | None = None
    ) -> dict[Month, dict[str, Counter[str]]]:
        """The figures of these months, or of every month; of all offices, or of one."""
        asked = None if months is None else [month.first for month in months]
        figures: dict[Month, dict[str, Counter[str]]] = {}
        for row in await self._connection.fetch(_QUERIES["read_figures"], asked, office):
            of_month = figures.setdefault(Month(row["month"]), {})
            of_month.setdefault(row["office"], Counter())[row["outcome"]] = row["number"]
        return figures

    async def _people(self, hashes: Sequence[bytes]) -> list[Person]:
        fetch = self._connection.fetch
        slots = by_person(await fetch(_QUERIES["read_slots_of_people"], hashes), slot_of)
        facts = by_person(await fetch(_QUERIES["read_facts"], hashes), fact_of)
        return [
            Person(
                person_id=row["person_id"],
                hash=bytes(row["person"]),
                office=row["office"],
                slots=tuple(slots.get(bytes(row["person"]), ())),
                facts=tuple(facts.get(bytes(row["person"]), ())),
            )
            for row in await fetch(_QUERIES["read_people"], hashes)
        ]
