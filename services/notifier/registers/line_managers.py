"""Who leads an employee at an employer now, from NAV's register of line managers, over HTTP."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from services.notifier.domain.addresses import email_address
from services.notifier.domain.delivery import Failed
from services.notifier.gateways.client import Gateway
from services.notifier.gateways.gateway_settings import GatewaySettings
from services.notifier.ports import RegisteredManager, RegisterUnavailable
from services.runtime.setting_kinds import Token, WebAddress

PATH = "/internal/api/v1/lookup"


class LineManagerSettings(GatewaySettings):
    """Read where LINE_MANAGER_REGISTER=nav."""

    line_managers_url: WebAddress = Field(description="http(s)://host of the register")
    line_managers_token: Token | None = Field(default=None, description="bearer token")


class LineManagerRegister:
    """`{"lineManager": null}` is an answer: nobody. Anything that cannot be read is none."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def manager(
        self, person_id: str, org_number: str, at: datetime
    ) -> RegisteredManager | None:
        question = {
            "employeeNationalIdentificationNumber": person_id,
            "organizationNumber": org_number,
        }
        answer = await self._gateway.call("POST", PATH, at=at, json=question)
        if isinstance(answer, Failed):
            raise RegisterUnavailable(answer.reason)
        if (refusal := self._gateway.refused(answer)) is not None:
            raise RegisterUnavailable(refusal.reason)
        if not isinstance(answer.body, dict) or "lineManager" not in answer.body:
            raise RegisterUnavailable(self._gateway.unreadable().reason)
        if answer.body["lineManager"] is None:
            return None
        manager = _manager(answer.body["lineManager"])
        if manager is None:
            raise RegisterUnavailable(self._gateway.unreadable().reason)
        return manager


def _manager(manager: object) -> RegisteredManager | None:
    if not isinstance(manager, dict):
        return None
    number, addresses = manager.get("nationalIdentificationNumber"), manager.get("emailAddresses")
    if not isinstance(number, str) or not isinstance(addresses, list):
        return None
    usable = (email_address(address) for address in addresses if isinstance(address, str))
    return RegisteredManager(
        number, next((address for address in usable if address is not None), None)
    )
