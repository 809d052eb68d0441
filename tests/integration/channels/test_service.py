"""The notifier as a process whose channels are other people's APIs, all of them at once (contract 6.8, 6.10)."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.messages import Message
from schemas.wire import Record
from tests.support.channel_server import Asked, Reply, payload, serving
from tests.support.notifier_desk import (
    ADVISER,
    ANNE,
    EMPLOYEE,
    MANAGER,
    Offsets,
    adviser,
    anne,
    due,
    manager,
    oslo,
    withdrawal,
)
from tests.support.service_processes import Deployment
from tests.support.waiting import eventually

TUESDAY = oslo("2026-02-24T10:00:00")
ADDRESSES = ("+4790000001", "+4790000077", "leder@example.invalid", "ny-leder@example.invalid")


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    deployment.set_clock(TUESDAY)
    return deployment


@dataclass
class World:
    """Everybody whom the notifier calls, at one address, told apart by their paths."""

    orders: list[Any] = field(default_factory=list)
    mutations: list[Any] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Reply:
        assert asked.headers["authorization"] == "Bearer a-token-that-nobody-may-see"
        match asked.path.split("/")[1:]:
            case ["rest", "v1", "personer"]:
                (person,) = asked.body["personidenter"]
                contact = {"kanVarsles": True, "mobiltelefonnummer": ADDRESSES[1]}
                return Reply(200, {"personer": {person: contact}, "feil": {}})
            case ["internal", *_]:
                known = {"nationalIdentificationNumber": "02917220037"}
                return Reply(200, {"lineManager": {**known, "emailAddresses": [ADDRESSES[3]]}})
            case ["notifications", *_]:
                self.orders.append(asked.body)
                receipt = payload("altinn_order_response")
                receipt["notification"]["sendersReference"] = asked.body["sendersReference"]
                return Reply(201, receipt)
            case ["api", "graphql"]:
                self.mutations.append(asked.body)
                new = "nyOppgave" in asked.body["variables"]
                name = "NyOppgaveVellykket" if new else "OppgaveUtfoertVellykket"
                return Reply(200, {"data": {"result": {"__typename": name}}})
            case _:
                return self._task(asked)

    def _task(self, asked: Asked) -> Reply:
        if asked.method == "GET":
            wanted = asked.query["saksreferanse"]
            return Reply(
                200, {"oppgaver": [task for task in self.tasks if task["saksreferanse"] == wanted]}
            )
        if asked.method == "POST":
            fresh = {"id": 1, "versjon": 1, "status": "OPPRETTET", "saksreferanse": None}
            self.tasks.append(asked.body | fresh)
            return Reply(201, self.tasks[-1])
        self.tasks[-1] |= asked.body | {"versjon": asked.body["versjon"] + 1}
        return Reply(200, self.tasks[-1])


def variables(url: str, port: int) -> dict[str, str]:
    token = "a-token-that-nobody-may-see"
    names = ("KRR", "LINE_MANAGERS", "ALTINN", "FAGER", "OPPGAVE")
    return {
        **{f"{name}_URL": url for name in names},
        **{f"{name}_TOKEN": token for name in names},
        "CONTACT_REGISTER": "krr",
        "LINE_MANAGER_REGISTER": "nav",
        "SMS_TRANSPORT": "altinn",
        "EMPLOYER_TRANSPORT": "fager",
        "ADVISER_TASK_TRANSPORT": "oppgave",
        "ALTINN_CONDITION_URL": f"http://127.0.0.1:{port}/condition",
        "ALTINN_CONDITION_PORT": str(port),
        "FAGER_LABEL": "Oppfølging",
        "FAGER_RESOURCE_ID": "nav_syfo_dialogmote",
        "FAGER_LINK_URL": "https://www.nav.no/arbeidsgiver/sykmeldte",
        "OPPGAVE_TEMA": "SYM",
        "OPPGAVE_TYPE": "BEH_EL_SYM",
    }


def records(*messages: Message) -> list[Record]:
    offsets = Offsets()
    return [replace(offsets.record(message, TUESDAY), timestamp_ms=0) for message in messages]


async def condition(url: str) -> bool:
    async with httpx.AsyncClient() as client:
        return bool((await client.get(url)).json()["sendNotification"])


async def test_one_event_reaches_three_apis_and_a_withdrawal_takes_it_back_from_all(
    deployment: Deployment,
) -> None:
    """And neither a token nor anything that a person is known by is in what the process writes."""
    deployment.seeded |= {ANNE, "02917220037", "a-token-that-nobody-may-see", *ADDRESSES}
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    world = World()
    async with serving(handler=world) as server:
        notifier = await deployment.start("notifier", **variables(server.url, port))
        await eventually(notifier.is_working, what="the notifier")
        step = due(at=TUESDAY, recipients=(EMPLOYEE, MANAGER, ADVISER))
        await deployment.publish(records(adviser(), anne(), manager()))
        await eventually(lambda: _contacts_are_in(deployment), what="the contacts")
        await deployment.publish(records(step))

        async def all_have_it() -> bool:
            marked = [task for task in world.tasks if task["saksreferanse"]]
            return bool(world.orders and world.mutations and marked)

        await eventually(all_have_it, what="the messages")
        (order,), (task,) = world.orders, world.tasks
        assert order["recipient"]["recipientSms"]["phoneNumber"] == ADDRESSES[1]
        assert await condition(order["conditionEndpoint"])
        await deployment.publish(records(withdrawal(step, at=TUESDAY)))

        async def all_is_closed() -> bool:
            return task["status"] == "FERDIGSTILT" and len(world.mutations) == 2

        await eventually(all_is_closed, what="the closing")
        assert not await condition(order["conditionEndpoint"])
        opened, closed = world.mutations
        task = opened["variables"]["nyOppgave"]
        assert task["metadata"]["eksternId"] == closed["variables"]["eksternId"]
        (external,) = task["eksterneVarsler"]
        assert external["epost"]["mottaker"]["kontaktinfo"]["epostadresse"] == ADDRESSES[3]
        notifier.send_sigterm()
        assert await notifier.exit_code(10) == 0
    assert list(deployment.leaks()) == []


async def test_a_reserved_persons_letter_lies_in_the_folder_until_it_is_withdrawn(
    deployment: Deployment, tmp_path: Path
) -> None:
    """And no name of a file and no log line says whose it is."""
    deployment.seeded |= {ANNE, *ADDRESSES}
    folder = tmp_path / "letters"
    variables = {"LETTER_TRANSPORT": "folder", "LETTER_FOLDER": str(folder)}
    refused = await deployment.start("notifier", **variables)
    assert await refused.exit_code() == 2
    assert refused.has_logged(
        "service.refused",
        reason="LETTER_FOLDER: is no folder that can be written to (FileNotFoundError).",
    )
    folder.mkdir()
    notifier = await deployment.start("notifier", **variables)
    await eventually(notifier.is_working, what="the notifier")
    step = due(at=TUESDAY, recipients=(EMPLOYEE,))
    await deployment.publish(records(anne(may_be_notified=False)))
    await deployment.publish(records(step))

    def laid_out() -> list[str]:
        return sorted(path.suffix for path in folder.iterdir())

    async def is_there() -> bool:
        return laid_out() == [".json", ".pdf"]

    async def is_gone() -> bool:
        return not laid_out()

    await eventually(is_there, what="the letter")
    assert not any(ANNE in path.name for path in folder.iterdir())
    await deployment.publish(records(withdrawal(step, at=TUESDAY)))
    await eventually(is_gone, what="the withdrawal")
    notifier.send_sigterm()
    assert await notifier.exit_code(10) == 0
    assert list(deployment.leaks()) == []


async def _contacts_are_in(deployment: Deployment) -> bool:
    return bool(await deployment.sql("select count(*) = 1 from notifier.line_managers"))
