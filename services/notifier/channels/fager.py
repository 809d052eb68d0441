"""Employer notifications on Min side for employers, with an e-mail, over GraphQL (contract 6.10).

A notification is known there by (label, our id), and our id is the delivery's. A 200 proves nothing: what counts is
the name of the result, and an `errors` list is an error. No `frist`: past it the task would be shown as lapsed, though
the duty remains.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import Any

from pydantic import Field

from schemas.messages import EmailRequested
from services.notifier.domain.delivery import Failed, Outcome, Sent, State
from services.notifier.gateways.client import Answer, Gateway, static_token
from services.notifier.gateways.gateway_settings import GatewaySettings
from services.notifier.gateways.transport import ChannelParts, Transport
from services.notifier.ports import Channel, Kind, ManagerRegister, Outgoing, Recall
from services.runtime.setting_kinds import Token, WebAddress

PATH = "/api/graphql"
# How long the people of a case may need the notification; then it is deleted there (policy).
DELETED_AFTER = "P4M"
# Their reads may lag behind their writes: only after this long does "unknown" mean that it was never created.
KNOWN_WITHIN = timedelta(hours=1)

CREATE = """mutation NyOppgave($nyOppgave: NyOppgaveInput!) {
  result: nyOppgave(nyOppgave: $nyOppgave) { __typename }
}"""
DONE = """mutation Utfoert($merkelapp: String!, $eksternId: String!) {
  result: oppgaveUtfoertByEksternId_V2(merkelapp: $merkelapp, eksternId: $eksternId) { __typename }
}"""
LAPSED = """mutation Utgaatt($merkelapp: String!, $eksternId: String!) {
  result: oppgaveUtgaattByEksternId(merkelapp: $merkelapp, eksternId: $eksternId) { __typename }
}"""

_CREATED = frozenset({"NyOppgaveVellykket", "DuplikatEksternIdOgMerkelapp"})
_CLOSED = frozenset(
    {"OppgaveUtfoertVellykket", "OppgaveUtgaattVellykket", "OppgavenErAlleredeUtfoert"}
)
_UNKNOWN_THERE = "NotifikasjonFinnesIkke"
_ABOUT_THIS_ONE = frozenset({"UgyldigMottaker", "UgyldigPaaminnelseTidspunkt"})
"""Results about this message. UgyldigMerkelapp, UkjentProdusent and the like are about our set-up: tried again."""
_NEVER_RUN = frozenset({"ValidationError", "InvalidSyntax"})


class FagerSettings(GatewaySettings):
    """Read where EMPLOYER_TRANSPORT=fager."""

    fager_url: WebAddress = Field(description="http(s)://host of the producers' GraphQL API")
    fager_token: Token | None = Field(default=None, description="bearer token")
    fager_label: str = Field(min_length=1, description="the label (merkelapp) we may use")
    fager_resource_id: str = Field(
        min_length=1, description="the Altinn resource whose holders see what has no line manager"
    )
    fager_link_url: WebAddress = Field(description="where a notification leads")


class Fager:
    """A notification is closed by the id it was created with, whoever is the line manager by then."""

    kind: Kind = "email"
    closes: frozenset[State] = frozenset({"sent"})

    def __init__(
        self,
        gateway: Gateway,
        managers: ManagerRegister | None,
        settings: FagerSettings,
    ) -> None:
        self._gateway = gateway
        self._managers = managers
        self._settings = settings

    async def send(self, outgoing: Outgoing) -> Outcome:
        request = outgoing.message
        if not isinstance(request, EmailRequested):
            raise TypeError("only what would be an e-mail becomes a notification")
        delivery, event = outgoing.delivery, outgoing.known.event
        recipient: dict[str, Any] = {
            "altinnRessurs": {"ressursId": self._settings.fager_resource_id}
        }
        if self._managers is not None and delivery.channel == "email":
            org_number = delivery.org_number or ""
            manager = await self._managers.manager(event.person_id, org_number, outgoing.at)
            if manager is None or manager.email is None:
                return Failed(permanent=True, reason="no_line_manager")
            request = request.model_copy(update={"to": manager.email})
            recipient = {
                "naermesteLeder": {
                    "naermesteLederFnr": manager.person_id,
                    "ansattFnr": event.person_id,
                }
            }
        variables = {"nyOppgave": self._task(outgoing, request, recipient)}
        answer = await self._gateway.call(
            "POST", PATH, at=outgoing.at, json={"query": CREATE, "variables": variables}
        )
        result = self._result(answer)
        if isinstance(result, Failed):
            return result
        return Sent() if result in _CREATED else self._refused(result)

    async def close(self, recall: Recall) -> Outcome:
        query = DONE if recall.reason.partition(":")[0] == "done" else LAPSED
        variables = {"merkelapp": self._settings.fager_label, "eksternId": recall.delivery_id}
        answer = await self._gateway.call(
            "POST", PATH, at=recall.at, json={"query": query, "variables": variables}
        )
        result = self._result(answer)
        if isinstance(result, Failed):
            return result
        if result == _UNKNOWN_THERE:
            begun = recall.delivery.sent_at or recall.delivery.planned_at
            return Sent() if recall.at - begun >= KNOWN_WITHIN else self._refused(result)
        return Sent() if result in _CLOSED else self._refused(result)

    def _task(
        self, outgoing: Outgoing, request: EmailRequested, recipient: dict[str, Any]
    ) -> dict[str, Any]:
        settings = self._settings
        return {
            "mottakere": [recipient],
            "notifikasjon": {
                "merkelapp": settings.fager_label,
                "tekst": outgoing.notice,
                "lenke": settings.fager_link_url,
            },
            "metadata": {
                "virksomhetsnummer": outgoing.delivery.org_number,
                "eksternId": outgoing.delivery_id,
                "hardDelete": {"om": DELETED_AFTER},
            },
            "eksterneVarsler": [_email(request)],
        }

    def _result(self, answer: Answer | Failed) -> str | Failed:
        """The name of the result; `Failed` where there is none."""
        if isinstance(answer, Failed):
            return answer
        if (refusal := self._gateway.refused(answer)) is not None:
            return refusal
        body = answer.body if isinstance(answer.body, dict) else {}
        if body.get("errors"):
            never_run = _classes(body["errors"]) & _NEVER_RUN
            reason = f"{self._gateway.name}:errors"
            return Failed(permanent=False, reason=reason, uncertain=not never_run)
        data = body.get("data")
        result = data.get("result") if isinstance(data, dict) else None
        name = result.get("__typename") if isinstance(result, dict) else None
        return name if isinstance(name, str) else self._gateway.unreadable()

    def _refused(self, result: str) -> Failed:
        known = result if result.isalpha() and result.isascii() else "unknown"
        permanent = result in _ABOUT_THIS_ONE
        return Failed(permanent=permanent, reason=f"{self._gateway.name}:{known[:40]}")


def _email(request: EmailRequested) -> dict[str, Any]:
    body = escape(request.text).replace("\n", "<br>")
    return {
        "epost": {
            "mottaker": {"kontaktinfo": {"epostadresse": request.to}},
            "epostTittel": request.subject,
            "epostHtmlBody": f"<body>{body}</body>",
            # At any time: our own window, with its holidays, has been checked (contract 6.4).
            "sendetidspunkt": {"sendevindu": "LOEPENDE"},
        }
    }


def _classes(errors: object) -> set[str]:
    """The errors' classifications, as the server's GraphQL library names them."""
    listed = errors if isinstance(errors, list) else []
    extensions = (error.get("extensions") for error in listed if isinstance(error, dict))
    return {
        str(extension.get("classification"))
        for extension in extensions
        if isinstance(extension, dict)
    }


def build(settings: FagerSettings, parts: ChannelParts) -> Channel:
    gateway = parts.gateway("fager", settings.fager_url, static_token(settings.fager_token))
    return Fager(gateway, parts.managers, settings)


TRANSPORTS = (Transport("employer", "fager", FagerSettings, build),)
