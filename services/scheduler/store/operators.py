"""What operators ask about people, and that they did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.runtime.postgres import Connection, Queries
from services.scheduler.domain.people.state import PastPerson
from services.scheduler.store.past import PastTables

_QUERIES = Queries("services.scheduler.sql")


class OperatorTables:
    """Looks at people without locking them, within one transaction."""

    def __init__(self, connection: Connection, hash_of: Callable[[str], bytes]) -> None:
        self._connection = connection
        self._hash_of = hash_of

    async def now(self, person_id: str) -> PastPerson | None:
        """See `services.scheduler.ports.Operators.now`."""
        return await PastTables(self._connection, self._hash_of).now(person_id)

    async def as_of(self, person_id: str, at: datetime) -> PastPerson | None:
        """See `services.scheduler.ports.Operators.as_of`."""
        return await PastTables(self._connection, self._hash_of).as_of(person_id, at)

    async def add_audit(self, person_id: str, action: str, operator: str, now: datetime) -> None:
        """Write down what an operator has done, under the keyed hash of the number as it was given."""
        await self._connection.execute(
            _QUERIES["add_audit"], now, operator, action, self._hash_of(person_id)
        )
