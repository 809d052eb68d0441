"""E-mail in two ways: one to employees, another to employers (contract 6.10)."""

from __future__ import annotations

from services.notifier.domain.delivery import Outcome, State
from services.notifier.ports import Channel, Kind, Outgoing, Recall
from services.notifier.registers.ports import AboutDelivery, Deliveries


class BySide:
    """Both can take back the same states: one answer has to hold for either."""

    kind: Kind = "email"

    def __init__(
        self, deliveries: Deliveries, *, to_employee: Channel, to_employer: Channel
    ) -> None:
        if to_employee.closes != to_employer.closes:
            raise ValueError("both sides' e-mail must be able to take back the same")
        self.closes: frozenset[State] = to_employer.closes
        self._deliveries = deliveries
        self._to_employee = to_employee
        self._to_employer = to_employer

    async def send(self, outgoing: Outgoing) -> Outcome:
        return await (await self._side(outgoing.delivery_id)).send(outgoing)

    async def close(self, recall: Recall) -> Outcome:
        return await (await self._side(recall.delivery_id)).close(recall)

    async def _side(self, delivery_id: str) -> Channel:
        about: AboutDelivery | None = await self._deliveries.about(delivery_id)
        if about is None:
            raise LookupError("a delivery that is not there")
        return self._to_employee if about.delivery.role == "employee" else self._to_employer
