"""The contact and reservation register, through NAV's proxy of it, over HTTP.

`kanVarsles` is what counts: wider than `reservert`, it is also false where no address was confirmed lately.
One number a question, in the body: an address with a number in it would stand in access logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from services.notifier.domain.delivery import Failed
from services.notifier.gateways.client import Gateway
from services.notifier.gateways.gateway_settings import GatewaySettings
from services.notifier.ports import RegisteredContact, RegisterUnavailable
from services.runtime.setting_kinds import Token, WebAddress

PATH = "/rest/v1/personer"


class KrrSettings(GatewaySettings):
    """Read where CONTACT_REGISTER=krr."""

    krr_url: WebAddress = Field(description="http(s)://host of the register's proxy")
    krr_token: Token | None = Field(default=None, description="bearer token")


class KrrRegister:
    """Asked with POST for one person; a person in `feil`, or in neither list, has no record."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def contact(self, person_id: str, at: datetime) -> RegisteredContact | None:
        answer = await self._gateway.call("POST", PATH, at=at, json={"personidenter": [person_id]})
        if isinstance(answer, Failed):
            raise RegisterUnavailable(answer.reason)
        if (refusal := self._gateway.refused(answer)) is not None:
            # A 400 or 404 to a question that is always the same is a fault of the set-up, not of the person.
            raise RegisterUnavailable(refusal.reason)
        persons = _object(answer.body, "personer")
        faults = _object(answer.body, "feil")
        if persons is None or faults is None:
            raise RegisterUnavailable(self._gateway.unreadable().reason)
        if person_id not in persons:
            return None
        contact = _contact(persons[person_id])
        if contact is None:
            raise RegisterUnavailable(self._gateway.unreadable().reason)
        return contact


def _object(body: object, name: str) -> Mapping[str, Any] | None:
    """A list of the answer; one that is left out is empty, one of another shape is None."""
    if not isinstance(body, dict):
        return None
    part = body.get(name)
    if part is None:
        return {}
    return part if isinstance(part, dict) else None


def _contact(person: object) -> RegisteredContact | None:
    if not isinstance(person, dict) or not isinstance(person.get("kanVarsles"), bool):
        return None
    phone, email = person.get("mobiltelefonnummer"), person.get("epostadresse")
    return RegisteredContact(
        # Where the two fields disagree, the reservation counts.
        may_be_notified=person["kanVarsles"] and person.get("reservert") is not True,
        phone=phone if isinstance(phone, str) else None,
        email=email if isinstance(email, str) else None,
    )
