"""Adviser tasks in NAV's Oppgave API (contract 6.10).

It has no idempotency key, so a task is looked for before it is made: by its reference, which is the delivery's id. A
reference can only be put on a task that is there, together with its adviser: one call makes the task, the next
marks it. Killed between the two, or with the first call's answer lost, there will be one more task; where only the
mark fails, only the mark is repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field

from schemas.messages import AdviserTaskOpened
from schemas.norway import oslo_date
from services.notifier.domain.delivery import Failed, Outcome, Sent, State
from services.notifier.domain.words.rules import written
from services.notifier.domain.words.texts import Texts
from services.notifier.gateways.client import (
    ONE_OF_SEVERAL_SECONDS,
    Answer,
    Gateway,
    static_token,
)
from services.notifier.gateways.gateway_settings import GatewaySettings
from services.notifier.gateways.transport import ChannelParts, Transport
from services.notifier.ports import Channel, Kind, Outgoing, Recall
from services.runtime.setting_kinds import Token, WebAddress

PATH = "/api/v1/oppgaver"
# The office number that automatic changes are recorded under.
MACHINE_OFFICE = "9999"
# Somebody else may change the task while we do: then it is read again, at most so many times.
CLOSE_TRIES = 3
_PRIORITIES = {"high": "HOY", "normal": "NORM", "low": "LAV"}
# Tasks that the notifier makes for somebody who is not reached have these as their step (messages.py).
STAND_INS = frozenset({"no_line_manager", "protected", "undelivered"})
_CLOSED = frozenset({"FERDIGSTILT", "FEILREGISTRERT"})
_STALE = 409
_GONE = frozenset({404, 410})
_CLOSING_COMMENT = "Oppgaven er ikke lenger aktuell og lukkes automatisk."


class OppgaveSettings(GatewaySettings):
    """Read where ADVISER_TASK_TRANSPORT=oppgave. Their code lists (kodeverk) say which codes go together."""

    oppgave_url: WebAddress = Field(description="http(s)://host of the Oppgave API")
    oppgave_token: Token | None = Field(default=None, description="bearer token")
    oppgave_tema: str = Field(min_length=3, max_length=3, description="tema, as SYM")
    oppgave_type: str = Field(min_length=1, max_length=20, description="oppgavetype")
    oppgave_behandlingstype: str | None = Field(
        default=None, max_length=7, description="the code of every task's behandlingstype, if any"
    )
    oppgave_behandles_av: str | None = Field(
        default=None, max_length=40, description="the application that the task is handled in"
    )


@dataclass(frozen=True, slots=True)
class _Task:
    task_id: int
    version: int
    status: str


class Oppgave:
    """A task is open until it is closed, by us or by whoever has done it."""

    kind: Kind = "adviser_task"
    closes: frozenset[State] = frozenset({"sent", "delivered"})

    def __init__(self, gateway: Gateway, texts: Texts, settings: OppgaveSettings) -> None:
        self._gateway = gateway
        self._texts = texts
        self._settings = settings
        # Created and not marked yet: after a failed mark the task is taken from here, and not created twice.
        self._unmarked: dict[str, _Task] = {}

    async def send(self, outgoing: Outgoing) -> Outcome:
        request = outgoing.message
        if not isinstance(request, AdviserTaskOpened):
            raise TypeError("only tasks become tasks")
        task = self._unmarked.get(request.task_id)
        if task is None:
            tasks = await self._find(request.task_id, outgoing.at)
            if isinstance(tasks, Failed):
                return tasks
            if tasks:
                return Sent()
            created = await self._create(request, outgoing.at)
            if isinstance(created, Failed):
                return created
            self._unmarked[request.task_id] = task = created
        return await self._mark(task, request, outgoing.at)

    async def close(self, recall: Recall) -> Outcome:
        unmarked = self._unmarked.pop(recall.delivery_id, None)
        tasks = await self._find(recall.delivery_id, recall.at)
        if isinstance(tasks, Failed):
            return tasks
        for task in [*tasks, *([unmarked] if unmarked else [])]:
            failed = await self._finish(task, recall)
            if failed is not None:
                return failed
        return Sent()

    async def _find(self, reference: str, at: datetime) -> list[_Task] | Failed:
        """The tasks with that reference, open or not."""
        query = {"saksreferanse": reference, "tema": self._settings.oppgave_tema, "limit": "10"}
        answer = await self._call("GET", PATH, reference, at, params=query)
        if isinstance(answer, Failed):
            return answer
        listed = answer.body.get("oppgaver") if isinstance(answer.body, dict) else None
        if not isinstance(listed, list):
            return self._gateway.unreadable()
        # A search that ignores the reference answers with other people's tasks: none of them is touched.
        if not all(isinstance(task, dict) and "saksreferanse" in task for task in listed):
            return self._gateway.unreadable()
        tasks = [_task(task) for task in listed if task["saksreferanse"] == reference]
        known = [task for task in tasks if task is not None]
        return known if len(known) == len(tasks) else self._gateway.unreadable()

    async def _create(self, request: AdviserTaskOpened, at: datetime) -> _Task | Failed:
        answer = await self._call("POST", PATH, request.task_id, at, json=self._body(request, at))
        if isinstance(answer, Failed):
            return answer
        return _task(answer.body) or self._gateway.unreadable()

    async def _mark(self, task: _Task, request: AdviserTaskOpened, at: datetime) -> Outcome:
        """Give the task its reference and its adviser."""
        mark: dict[str, Any] = {"saksreferanse": request.task_id}
        if request.adviser_id is not None:
            mark["tilordnetRessurs"] = request.adviser_id
        outcome = await self._change(task, mark, request.task_id, at)
        if isinstance(outcome, Failed):
            # The task exists, so the delivery must not fail for good: the mark is tried again.
            return Failed(permanent=False, reason=outcome.reason, uncertain=True)
        self._unmarked.pop(request.task_id, None)
        return outcome

    async def _finish(self, task: _Task, recall: Recall) -> Failed | None:
        done: dict[str, Any] = {
            "status": "FERDIGSTILT",
            "kommentar": {"tekst": _CLOSING_COMMENT, "automatiskGenerert": True},
        }
        outcome = await self._change(task, done, recall.delivery_id, recall.at)
        return outcome if isinstance(outcome, Failed) else None

    async def _change(
        self, task: _Task, change: dict[str, Any], reference: str, at: datetime
    ) -> Outcome:
        """PATCH the task while it is open; read it again where somebody was first. Closed or gone is fine."""
        path = f"{PATH}/{task.task_id}"
        for _ in range(CLOSE_TRIES):
            if task.status in _CLOSED:
                return Sent()
            body = {"versjon": task.version, "endretAvEnhetsnr": MACHINE_OFFICE, **change}
            answer = await self._call(
                "PATCH", path, reference, at, json=body, heeds=_GONE | {_STALE}
            )
            if isinstance(answer, Failed):
                return answer
            if answer.status != _STALE:
                return Sent()
            read = await self._call("GET", path, reference, at, heeds=_GONE)
            if isinstance(read, Failed):
                return read
            if read.status in _GONE:
                return Sent()
            again = _task(read.body)
            if again is None:
                return self._gateway.unreadable()
            task = again
        return Failed(permanent=False, reason=f"{self._gateway.name}:{_STALE}")

    async def _call(
        self,
        method: str,
        path: str,
        reference: str,
        at: datetime,
        *,
        json: object = None,
        params: dict[str, str] | None = None,
        heeds: frozenset[int] = frozenset(),
    ) -> Answer | Failed:
        """An answer of 2xx, or with a status in `heeds`, which the caller looks at by itself."""
        # One for each call, the same for the same call of the same attempt.
        correlation = str(uuid5(NAMESPACE_URL, f"{reference}/{at.isoformat()}/{method}/{path}"))
        headers = {"X-Correlation-ID": correlation}
        answer = await self._gateway.call(
            method, path, at=at, json=json, params=params, headers=headers
        )
        if isinstance(answer, Failed) or answer.status in heeds:
            return answer
        return self._gateway.refused(answer) or answer

    def _body(self, request: AdviserTaskOpened, at: datetime) -> dict[str, Any]:
        settings = self._settings
        optional = {
            "tildeltEnhetsnr": request.office,
            "behandlingstype": settings.oppgave_behandlingstype,
            "behandlesAvApplikasjon": settings.oppgave_behandles_av,
        }
        return {
            "personident": request.person_id,
            "opprettetAvEnhetsnr": MACHINE_OFFICE,
            "beskrivelse": self._description(request, oslo_date(at)),
            "tema": settings.oppgave_tema,
            "oppgavetype": settings.oppgave_type,
            "aktivDato": oslo_date(at).isoformat(),
            "fristFerdigstillelse": request.due_on.isoformat(),
            "prioritet": _PRIORITIES[request.priority],
            **{name: value for name, value in optional.items() if value is not None},
        }

    def _description(self, request: AdviserTaskOpened, today: date) -> str:
        """Shown in lists, so it says what the step is, until when, and nothing about the person."""
        title = f"{self._title(request)}."
        if request.legal_on is None:
            return title
        verb = "var" if request.legal_on < today else "er"
        return f"{title} Siste frist {verb} {written(request.legal_on, 'nb')}."

    def _title(self, request: AdviserTaskOpened) -> str:
        if request.step in STAND_INS:
            return self._texts.task_title(request.step, "nb")
        return self._texts.step_title(request.checkpoint, request.step, "nb")


def _task(body: object) -> _Task | None:
    if not isinstance(body, dict):
        return None
    task_id, version, status = body.get("id"), body.get("versjon"), body.get("status")
    if not isinstance(task_id, int) or not isinstance(version, int) or not isinstance(status, str):
        return None
    return _Task(task_id, version, status)


def build(settings: OppgaveSettings, parts: ChannelParts) -> Channel:
    token = static_token(settings.oppgave_token)
    gateway = parts.gateway(
        "oppgave", settings.oppgave_url, token, timeout_seconds=ONE_OF_SEVERAL_SECONDS
    )
    return Oppgave(gateway, parts.texts, settings)


TRANSPORTS = (Transport("adviser_task", "oppgave", OppgaveSettings, build),)
