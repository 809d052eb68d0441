"""SMS through a gateway over HTTP, with the delivery's id as its idempotency key (contract 6.10, 14.8).

    POST <SMS_GATEWAY_URL>/messages
    Idempotency-Key: <delivery id>
    {"reference": <delivery id>, "to": "+47…", "text": …, "sender": …, "valid_until": <instant>}

Any 2xx is a yes. A gateway that honours the key answers a repeat with 2xx too, and sends nothing.
"""

from __future__ import annotations

from pydantic import Field

from schemas.messages import SmsRequested
from services.notifier.domain.addresses import phone_number
from services.notifier.domain.delivery import Failed, Outcome, Sent, State
from services.notifier.gateways.client import Gateway, static_token
from services.notifier.gateways.gateway_settings import GatewaySettings
from services.notifier.gateways.transport import ChannelParts, Transport
from services.notifier.ports import Channel, Kind, Outgoing, Recall
from services.runtime.setting_kinds import Token, WebAddress


class HttpSmsSettings(GatewaySettings):
    """Read where SMS_TRANSPORT=http."""

    sms_gateway_url: WebAddress = Field(description="http(s)://host/path of the SMS gateway")
    sms_gateway_token: Token | None = Field(default=None, description="bearer token")
    sms_sender: str = Field(
        default="Stoppunkt", min_length=1, max_length=11, description="who the SMS says it is from"
    )


class HttpSms:
    """It cannot take anything back: what the gateway has is on its way."""

    kind: Kind = "sms"
    closes: frozenset[State] = frozenset()

    def __init__(self, gateway: Gateway, *, sender: str) -> None:
        self._gateway = gateway
        self._sender = sender

    async def send(self, outgoing: Outgoing) -> Outcome:
        request = outgoing.message
        if not isinstance(request, SmsRequested):
            raise TypeError("only SMS goes to an SMS gateway")
        to = phone_number(request.to)
        if to is None:
            return Failed(permanent=True, reason="bad_number")
        answer = await self._gateway.call(
            "POST",
            "/messages",
            at=outgoing.at,
            headers={"Idempotency-Key": outgoing.delivery_id},
            json={
                "reference": outgoing.delivery_id,
                "to": to,
                "text": request.text,
                "sender": self._sender,
                "valid_until": request.not_after.isoformat(),
            },
        )
        if isinstance(answer, Failed):
            return answer
        return self._gateway.refused(answer) or Sent()

    async def close(self, recall: Recall) -> Outcome:  # noqa: ARG002 - as the protocol has it
        return Failed(permanent=True, reason="cannot_be_taken_back")


def build(settings: HttpSmsSettings, parts: ChannelParts) -> Channel:
    token = static_token(settings.sms_gateway_token)
    return HttpSms(
        parts.gateway("sms_gateway", settings.sms_gateway_url, token), sender=settings.sms_sender
    )


TRANSPORTS = (Transport("sms", "http", HttpSmsSettings, build),)
