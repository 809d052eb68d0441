"""A channel that asks the registers right before each attempt, and sends nothing without their answer (contract 6.3).

The contacts topic has said which channel to try; a register over HTTP has the last word on whether, and on where to.
A no ends the delivery, and the next channel has its turn. No answer is our own trouble: nothing is sent, no attempt
is spent, and it is tried again.
"""

from __future__ import annotations

from dataclasses import replace

from schemas.messages import EmailRequested, SmsRequested
from services.notifier.domain.addresses import email_address, phone_number
from services.notifier.domain.delivery import Failed, Outcome, State, TooLate
from services.notifier.domain.relevance import REGISTER_PATIENCE
from services.notifier.ports import (
    Channel,
    ContactRegister,
    Kind,
    ManagerRegister,
    Outgoing,
    Recall,
)


class AskedFirst:
    """SMS and e-mail to the employee by the contact register, e-mail to a line manager by the managers'.

    Either may be missing, and then nobody is asked. An organisation's own address is in neither.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        contacts: ContactRegister | None,
        managers: ManagerRegister | None,
    ) -> None:
        self.kind: Kind = channel.kind
        self.closes: frozenset[State] = channel.closes
        self._channel = channel
        self._contacts = contacts
        self._managers = managers

    async def send(self, outgoing: Outgoing) -> Outcome:
        to = await self._address(outgoing)
        if isinstance(to, Failed):
            return to
        if to is None:
            return await self._channel.send(outgoing)
        message = outgoing.message.model_copy(update={"to": to})
        return await self._channel.send(replace(outgoing, message=message))

    async def close(self, recall: Recall) -> Outcome | TooLate:
        return await self._channel.close(recall)

    async def _address(self, outgoing: Outgoing) -> str | Failed | None:
        """An address, a no, or None where no register is asked about this recipient."""
        if not isinstance(outgoing.message, SmsRequested | EmailRequested):
            return None
        delivery = outgoing.delivery
        if delivery.role == "employee" and self._contacts is not None:
            return await _employees_address(self._contacts, outgoing)
        to_manager = delivery.role == "line_manager" and delivery.channel == "email"
        if to_manager and self._managers is not None:
            return await _managers_address(self._managers, outgoing)
        return None


async def _employees_address(register: ContactRegister, outgoing: Outgoing) -> str | Failed:
    contact = await register.contact(outgoing.known.event.person_id, outgoing.at)
    if contact is None:
        waited = outgoing.at - outgoing.known.received_at
        return Failed(permanent=waited >= REGISTER_PATIENCE, reason="no_record")
    if not contact.may_be_notified:
        return Failed(permanent=True, reason="reserved")
    if isinstance(outgoing.message, SmsRequested):
        return phone_number(contact.phone) or Failed(permanent=True, reason="no_phone")
    return email_address(contact.email) or Failed(permanent=True, reason="no_email")


async def _managers_address(register: ManagerRegister, outgoing: Outgoing) -> str | Failed:
    org_number = outgoing.delivery.org_number or ""
    manager = await register.manager(outgoing.known.event.person_id, org_number, outgoing.at)
    email = manager.email if manager is not None else None
    return email or Failed(permanent=True, reason="no_line_manager")
