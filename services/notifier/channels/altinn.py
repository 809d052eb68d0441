"""SMS and e-mail through Altinn 3 notification orders (contract 6.10).

The order's idempotency id is the delivery's, which has the channel in it: an order that Altinn has seen before it
answers with 200 and the old receipt, whatever the body says, and that is a success. Right before it sends, and
before a reminder, Altinn asks our condition endpoint whether there is still a reason to (`altinn_condition.py`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from schemas.messages import EmailRequested, SmsRequested
from schemas.norway import oslo_date
from services.notifier.channels.altinn_condition import serve_condition
from services.notifier.domain.addresses import email_address, phone_number
from services.notifier.domain.delivery import Failed, Outcome, Sent, State
from services.notifier.gateways.client import Answer, Gateway, static_token
from services.notifier.gateways.gateway_settings import GatewaySettings
from services.notifier.gateways.transport import ChannelParts, Transport
from services.notifier.ports import Channel, Kind, Outgoing, Recall
from services.runtime.setting_kinds import Host, Token, WebAddress

PATH = "/notifications/api/v1/future/orders"
# Altinn says that the caller hung up, though we did not: it may have stored the order, and the same id finds it.
_CUT_OFF = 499


class AltinnSettings(GatewaySettings):
    """Read where SMS_TRANSPORT or EMAIL_TRANSPORT is altinn."""

    altinn_url: WebAddress = Field(description="http(s)://host of Altinn's platform API")
    altinn_token: Token | None = Field(default=None, description="bearer token")
    altinn_sms_sender: str = Field(
        default="Nav", min_length=1, max_length=11, description="whom an SMS says it is from"
    )
    altinn_email_sender: str | None = Field(
        default=None, description="only one that Altinn has approved; another is dropped there"
    )
    altinn_condition_url: WebAddress | None = Field(
        default=None, description="how Altinn reaches the endpoint below; without it no closing"
    )
    altinn_condition_host: Host = Field(default="127.0.0.1", description="0.0.0.0 in a container")
    altinn_condition_port: int = Field(
        default=8081, ge=0, le=65535, description="where the endpoint listens; 0 takes a free one"
    )
    altinn_reminder_days: int | None = Field(
        default=None,
        ge=1,
        le=30,
        description="Altinn's own reminder; the rulebook has steps for it",
    )

    @field_validator("altinn_email_sender")
    @classmethod
    def _is_an_address(cls, sender: str | None) -> str | None:
        if sender is not None and email_address(sender) is None:
            raise ValueError("must be one e-mail address")
        return sender

    @model_validator(mode="after")
    def _a_reminder_can_be_stopped(self) -> Self:
        if self.altinn_reminder_days is not None and self.altinn_condition_url is None:
            raise ValueError("ALTINN_REMINDER_DAYS needs ALTINN_CONDITION_URL")
        return self


class Altinn:
    """An order is taken back by a no at the condition endpoint, as long as Altinn has not sent it."""

    def __init__(self, kind: Kind, gateway: Gateway, settings: AltinnSettings) -> None:
        self.kind: Kind = kind
        self.closes: frozenset[State] = (
            frozenset({"sent"}) if settings.altinn_condition_url else frozenset()
        )
        self._gateway = gateway
        self._settings = settings

    async def send(self, outgoing: Outgoing) -> Outcome:
        recipient = self._recipient(outgoing)
        if isinstance(recipient, Failed):
            return recipient
        order = self._order(outgoing, recipient)
        answer = await self._gateway.call("POST", PATH, at=outgoing.at, json=order)
        if isinstance(answer, Failed):
            return answer
        if answer.status == _CUT_OFF:
            return self._gateway.unreadable()
        refusal = self._gateway.refused(answer)
        if refusal is not None:
            return refusal
        ours = _reference(answer) == outgoing.delivery_id
        return Sent() if ours else self._gateway.unreadable()

    async def close(self, recall: Recall) -> Outcome:  # noqa: ARG002 - as the protocol has it
        if not self.closes:
            return Failed(permanent=True, reason="cannot_be_taken_back")
        # The withdrawal is stored, and from then on the endpoint says no. Altinn's own cancelling
        # needs five minutes before the order goes, and ours go at once.
        return Sent()

    def _recipient(self, outgoing: Outgoing) -> dict[str, Any] | Failed:
        settings = self._settings
        match outgoing.message:
            case SmsRequested() as sms:
                phone = phone_number(sms.to)
                if phone is None:
                    return Failed(permanent=True, reason="bad_number")
                words = {"sender": settings.altinn_sms_sender, "body": sms.text}
                return {"recipientSms": {"phoneNumber": phone, "smsSettings": _anytime(words)}}
            case EmailRequested() as email:
                address = email_address(email.to)
                if address is None:
                    return Failed(permanent=True, reason="bad_address")
                words = {"subject": email.subject, "body": email.text, "contentType": "Plain"}
                if settings.altinn_email_sender:
                    words["senderEmailAddress"] = settings.altinn_email_sender
                return {
                    "recipientEmail": {"emailAddress": address, "emailSettings": _anytime(words)}
                }
            case _:
                raise TypeError("only SMS and e-mail go through Altinn")

    def _order(self, outgoing: Outgoing, recipient: dict[str, Any]) -> dict[str, Any]:
        """Without a reminder where the date in its words will have passed by then: it says the same once more."""
        delivery_id, days = outgoing.delivery_id, self._settings.altinn_reminder_days
        order = {"idempotencyId": delivery_id, **self._message(delivery_id, recipient)}
        named_on = outgoing.named_on
        if days is not None and (
            named_on is None or oslo_date(outgoing.at) + timedelta(days=days) <= named_on
        ):
            reminder = self._message(delivery_id, recipient, suffix="-r1")
            order["reminders"] = [{"delayDays": days, **reminder}]
        return order

    def _message(
        self, delivery_id: str, recipient: dict[str, Any], *, suffix: str = ""
    ) -> dict[str, Any]:
        message = {"sendersReference": f"{delivery_id}{suffix}", "recipient": recipient}
        if self._settings.altinn_condition_url is not None:
            message["conditionEndpoint"] = f"{self._settings.altinn_condition_url}/{delivery_id}"
        return message


def _anytime(words: dict[str, str]) -> dict[str, str]:
    """At any time: our own window has been checked; Altinn's is shorter, and knows no holidays."""
    return {**words, "sendingTimePolicy": "Anytime"}


def _reference(answer: Answer) -> str | None:
    """The delivery that the receipt is about."""
    notification = answer.body.get("notification") if isinstance(answer.body, dict) else None
    reference = notification.get("sendersReference") if isinstance(notification, dict) else None
    return reference if isinstance(reference, str) else None


def build_sms(settings: AltinnSettings, parts: ChannelParts) -> Channel:
    return _build("sms", settings, parts)


def build_email(settings: AltinnSettings, parts: ChannelParts) -> Channel:
    return _build("email", settings, parts)


def _build(kind: Kind, settings: AltinnSettings, parts: ChannelParts) -> Channel:
    gateway = parts.gateway("altinn", settings.altinn_url, static_token(settings.altinn_token))
    if settings.altinn_condition_url is not None:
        serve_condition(
            parts, host=settings.altinn_condition_host, port=settings.altinn_condition_port
        )
    return Altinn(kind, gateway, settings)


TRANSPORTS = (
    Transport("sms", "altinn", AltinnSettings, build_sms),
    Transport("email", "altinn", AltinnSettings, build_email),
)
