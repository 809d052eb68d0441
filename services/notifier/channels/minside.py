"""Notices on Min side, with an SMS, in NAV's own format on NAV's own topic (contract 6.10).

The notice's id is the delivery's, on Kafka as key too: a repeat is the same notice. It is shown until the delivery's
`not_after`; then the next step of the checkpoint has a notice of its own. An `oppgave` is notified of again by NAV
after seven days, which cannot be turned off; a `beskjed` never, but its reader can put it away. So what names a date
that has passed by then is a `beskjed`: the words would be said again, and no longer be true (contract 6.5).
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from schemas.messages import Language, SmsRequested
from schemas.norway import oslo_date
from schemas.wire import Record
from services.notifier.channels import minside_receipts
from services.notifier.domain.delivery import Failed, Outcome, Sent, State
from services.notifier.gateways.gateway_settings import GatewaySettings
from services.notifier.gateways.transport import ChannelParts, Decode, Transport
from services.notifier.ports import Channel, Kind, Outgoing, Recall
from services.records.relay import Publish
from services.runtime.setting_kinds import url_parts

TOPIC = "min-side.aapen-brukervarsel-v1"
LINK_CHARACTERS_MAX = 200
OPPGAVE_REPEATED_AFTER = timedelta(days=7)
NoticeType = Literal["oppgave", "beskjed"]

_NATIONAL_NUMBER = re.compile(r"^\d{11}$")
# NAV may send an e-mail instead of the SMS, so its title and text go along.
_EMAIL_TITLES: dict[Language, str] = {
    "nb": "Du har noe å følge opp hos Nav",
    "nn": "Du har noko å følgje opp hos Nav",
    "en": "You have something to do at Nav",
}


class MinSideSettings(GatewaySettings):
    """Read where SMS_TRANSPORT=minside. Cluster, namespace and name are the platform's own variables."""

    minside_link: str = Field(description="where a notice leads: https://…nav.no/…, at most 200")
    minside_notice: NoticeType = Field(
        default="oppgave", description="oppgave is notified of again after 7 days, beskjed is not"
    )
    nais_cluster_name: str = Field(min_length=1, description="the notices' producer: cluster")
    nais_namespace: str = Field(min_length=1, description="the notices' producer: team")
    nais_app_name: str = Field(min_length=1, description="the notices' producer: application")

    @field_validator("minside_link")
    @classmethod
    def _leads_to_nav(cls, link: str) -> str:
        parts = url_parts(link)
        host = (parts.hostname or "") if parts is not None and parts.scheme == "https" else ""
        nav = host == "nav.no" or host.endswith(".nav.no")
        if not nav or len(link) > LINK_CHARACTERS_MAX:
            raise ValueError(f"must be https, on nav.no, at most {LINK_CHARACTERS_MAX} characters")
        return link

    @model_validator(mode="after")
    def _is_a_name(self) -> Self:
        if any(name != name.strip() for name in (self.nais_namespace, self.nais_app_name)):
            raise ValueError("NAIS_NAMESPACE and NAIS_APP_NAME must not have spaces around them")
        return self

    @property
    def producer(self) -> dict[str, str]:
        """Who the notices are from, as NAV's formats write it."""
        return {
            "cluster": self.nais_cluster_name,
            "namespace": self.nais_namespace,
            "appnavn": self.nais_app_name,
        }


class MinSide:
    """A notice stays until it is taken back, whether it has been read or not."""

    kind: Kind = "sms"
    closes: frozenset[State] = frozenset({"sent", "delivered"})

    def __init__(
        self,
        publisher: Publish,
        *,
        link: str,
        notice: NoticeType,
        producer: dict[str, str],
    ) -> None:
        self._publisher = publisher
        self._link = link
        self._notice = notice
        self._producer = producer

    async def send(self, outgoing: Outgoing) -> Outcome:
        request = outgoing.message
        if not isinstance(request, SmsRequested):
            raise TypeError("only what would be an SMS becomes a notice")
        if not _NATIONAL_NUMBER.match(outgoing.known.event.person_id):
            return Failed(permanent=True, reason="no_national_number")
        await self._publish(outgoing.delivery_id, self._notice_of(outgoing, request))
        return Sent()

    async def close(self, recall: Recall) -> Outcome:
        value = {
            "@event_name": "inaktiver",
            "varselId": recall.delivery_id,
            "produsent": self._producer,
        }
        await self._publish(recall.delivery_id, value)
        return Sent()

    def _notice_of(self, outgoing: Outgoing, request: SmsRequested) -> dict[str, Any]:
        return {
            "@event_name": "opprett",
            "type": "beskjed" if _is_notified_of_too_late(outgoing, request) else self._notice,
            "varselId": outgoing.delivery_id,
            "ident": outgoing.known.event.person_id,
            "tekster": [{"spraakkode": outgoing.language, "tekst": request.text, "default": True}],
            "link": self._link,
            "sensitivitet": "high",
            "aktivFremTil": _instant(request.not_after),
            "eksternVarsling": {
                "prefererteKanaler": ["SMS"],
                "smsVarslingstekst": request.text,
                "epostVarslingstittel": _EMAIL_TITLES[outgoing.language],
                "epostVarslingstekst": f"<p>{request.text}</p>",
                "kanBatches": False,
            },
            "produsent": self._producer,
        }

    async def _publish(self, key: str, value: dict[str, Any]) -> None:
        data = json.dumps(value, ensure_ascii=False).encode()
        await self._publisher.publish([Record(TOPIC, key.encode(), data)])


def _is_notified_of_too_late(outgoing: Outgoing, request: SmsRequested) -> bool:
    """Whether NAV would repeat an `oppgave` when the date in its words has passed."""
    repeated_at = outgoing.at + OPPGAVE_REPEATED_AFTER
    named_on = outgoing.named_on
    return (
        named_on is not None
        and repeated_at < request.not_after
        and named_on < oslo_date(repeated_at)
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def build(settings: MinSideSettings, parts: ChannelParts) -> Channel:
    return MinSide(
        parts.publisher,
        link=settings.minside_link,
        notice=settings.minside_notice,
        producer=settings.producer,
    )


def _reading(settings: MinSideSettings, decode: Decode) -> Decode:
    return minside_receipts.reading(
        decode, namespace=settings.nais_namespace, app_name=settings.nais_app_name
    )


TRANSPORTS = (
    Transport(
        "sms",
        "minside",
        MinSideSettings,
        build,
        topics=(minside_receipts.TOPIC,),
        reading=_reading,
    ),
)
