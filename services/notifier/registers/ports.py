"""Look-ups over the notifier's own store and other people's registers: what each caller leans on.

A register is asked again at each attempt and nothing of its answer is kept. It fails closed: `RegisterUnavailable`
means that nobody has answered, and then nothing is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from schemas.messages import DeadlineDue, DeadlineWithdrawn
from services.notifier.domain.delivery import Delivery


class RegisterUnavailable(Exception):
    """A register gave no answer that can be used; its text is the register's name and a code."""


@dataclass(frozen=True, slots=True)
class AboutDelivery:
    """A delivery, and the event it is about under the person's present number.

    `received_at` is when the event came, `withdrawals` all that were made of it, `died_at` when the person
    was last said to have died.
    """

    delivery: Delivery
    event: DeadlineDue
    received_at: datetime
    withdrawals: tuple[DeadlineWithdrawn, ...] = ()
    died_at: datetime | None = None


class Deliveries(Protocol):
    async def about(self, delivery_id: str) -> AboutDelivery | None:
        """None where there is no such delivery; raises what PostgreSQL raises."""
        ...


@dataclass(frozen=True, slots=True)
class RegisteredContact:
    """The register's answer about a person; addresses as they stand there."""

    may_be_notified: bool
    phone: str | None
    email: str | None


class ContactRegister(Protocol):
    async def contact(self, person_id: str, at: datetime) -> RegisteredContact | None:
        """None where the register knows nobody by that number; raises RegisterUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class RegisteredManager:
    """An active line manager: the manager's own number, and one address or none."""

    person_id: str
    email: str | None


class ManagerRegister(Protocol):
    async def manager(
        self, person_id: str, org_number: str, at: datetime
    ) -> RegisteredManager | None:
        """None where the employee has no active line manager there; raises RegisterUnavailable."""
        ...
