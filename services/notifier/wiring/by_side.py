"""E-mail in two ways: one to employees, another to employers (contract 6.10)."""

from __future__ import annotations

from services.notifier.domain.delivery import Delivery, Outcome, State, TooLate
from services.notifier.ports import Channel, Kind, Outgoing, Recall


class BySide:
    """Both channels take back the same states: `closes` is one answer, and has to hold for either."""

    kind: Kind = "email"

    def __init__(self, *, to_employee: Channel, to_employer: Channel) -> None:
        if to_employee.closes != to_employer.closes:
            raise ValueError("both sides' e-mail must be able to take back the same")
        self.closes: frozenset[State] = to_employer.closes
        self._to_employee = to_employee
        self._to_employer = to_employer

    async def send(self, outgoing: Outgoing) -> Outcome:
        return await self._side(outgoing.delivery).send(outgoing)

    async def close(self, recall: Recall) -> Outcome | TooLate:
        return await self._side(recall.delivery).close(recall)

    def _side(self, delivery: Delivery) -> Channel:
        return self._to_employee if delivery.role == "employee" else self._to_employer
