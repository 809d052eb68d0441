"""Avro records are read with the schema of their writer, fetched over HTTP from a schema registry (contract 7)."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import fastavro
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.inbound import decode_inbound
from schemas.messages import DialogueMeetingHeld, DialogueMeetingMinutesSent
from schemas.nav_messages import MessageGroup
from schemas.wire import Envelope, InvalidRecord, Record
from services.scheduler.schema_registry import RegistryUnavailable, SchemaRegistry

TOPIC = "teamsykefravr.isdialogmote-dialogmote-statusendring"
HELD_AT = datetime(2026, 6, 18, 6, 30, tzinfo=UTC)
STAMP = {"type": "long", "logicalType": "timestamp-millis"}
# NAV's schema with one more field in the middle, as a later version of it might have.
WRITER = {
    "type": "record",
    "name": "KDialogmoteStatusEndring",
    "fields": [
        {"name": "dialogmoteUuid", "type": "string"},
        {"name": "dialogmoteTidspunkt", "type": STAMP},
        {"name": "statusEndringType", "type": "string"},
        {"name": "fromNextYear", "type": ["null", "string"]},
        {"name": "statusEndringTidspunkt", "type": STAMP},
        {"name": "personIdent", "type": "string"},
        {"name": "virksomhetsnummer", "type": "string"},
    ],
}
VALUE = {
    "dialogmoteUuid": "fbcb48be-16d5-5f21-af6a-6d915cebd59d",
    "dialogmoteTidspunkt": HELD_AT,
    "statusEndringType": "FERDIGSTILT",
    "fromNextYear": "unheard of",
    "statusEndringTidspunkt": HELD_AT,
    "personIdent": "14838511253",
    "virksomhetsnummer": "310200107",
}


@dataclass
class Registry:
    """A schema registry on this machine: the status it answers with, and the schema ids it was asked for."""

    url: str = ""
    status: int = 200
    asked: list[int] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        schema_id = int(request.path_params["id"])
        self.asked.append(schema_id)
        if self.status != 200:
            return Response("out of order", self.status)
        if schema_id != 7:
            return JSONResponse({"error_code": 40403}, 404)
        return JSONResponse({"schema": json.dumps(WRITER)})


@asynccontextmanager
async def registry() -> AsyncIterator[Registry]:
    registry = Registry()
    app = Starlette(routes=[Route("/schemas/ids/{id:int}", registry.answer)])
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0)
    registry.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield registry
    finally:
        server.should_exit = True
        await serving


def framed(schema_id: int, value: dict[str, Any]) -> Record:
    data = io.BytesIO()
    fastavro.schemaless_writer(data, fastavro.parse_schema(WRITER), value)
    return Record(TOPIC, b"k", b"\x00" + schema_id.to_bytes(4, "big") + data.getvalue())


async def test_a_field_unknown_here_is_skipped_with_the_writers_schema() -> None:
    record = framed(7, VALUE)
    assert isinstance(decode_inbound(record), InvalidRecord)
    async with registry() as known:
        schemas = SchemaRegistry(known.url)
        await schemas.prepare([record, record])
        await schemas.prepare([record])
        await schemas.close()
        decoded = decode_inbound(record, schemas.of)
    assert isinstance(decoded, Envelope)
    assert isinstance(decoded.message, MessageGroup)
    held, minutes = decoded.message.messages
    assert isinstance(held, DialogueMeetingHeld)
    assert isinstance(minutes, DialogueMeetingMinutesSent)
    assert held.meeting_id == VALUE["dialogmoteUuid"]
    assert known.asked == [7]


async def test_an_id_that_the_registry_does_not_know_makes_a_dead_record() -> None:
    record = framed(8, VALUE)
    async with registry() as known:
        schemas = SchemaRegistry(known.url)
        await schemas.prepare([record])
        await schemas.close()
    decoded = decode_inbound(record, schemas.of)
    assert isinstance(decoded, InvalidRecord)
    assert "14838511253" not in decoded.reason


@pytest.mark.parametrize("status", [500, 401])
async def test_a_registry_that_answers_an_error_is_asked_again(status: int) -> None:
    """contract 8: a record whose schema cannot be fetched now is retried and not dead-lettered."""
    record = framed(7, VALUE)
    async with registry() as known:
        known.status = status
        schemas = SchemaRegistry(known.url)
        with pytest.raises(RegistryUnavailable):
            await schemas.prepare([record])
        known.status = 200
        await schemas.prepare([record])
        await schemas.close()
    assert isinstance(decode_inbound(record, schemas.of), Envelope)


async def test_a_registry_that_cannot_be_reached_raises_the_error_that_the_consumer_retries() -> (
    None
):
    schemas = SchemaRegistry("http://127.0.0.1:9")
    with pytest.raises(RegistryUnavailable):
        await schemas.prepare([framed(7, VALUE)])
    await schemas.close()
