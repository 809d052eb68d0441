"""Avro schemas of a registry, asked for before the records that need them are read (contract 7)."""

from __future__ import annotations

import json
from collections.abc import Iterable

import httpx
from fastavro.types import Schema

from schemas.inbound import AVRO_TOPICS
from schemas.nav.avro import HEADER_BYTES, MAGIC, plain_schema
from schemas.wire import Record

TIMEOUT_SECONDS = 5.0


class RegistryUnavailable(Exception):
    """The registry gave no answer that can be used; asking again may help."""


class SchemaRegistry:
    """A Confluent-compatible registry. A schema never changes under its id, so each is fetched once."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS)
        self._schemas: dict[int, Schema | None] = {}

    async def prepare(self, records: Iterable[Record]) -> None:
        """Fetch what these records need and is not known yet; raises RegistryUnavailable."""
        wanted = {_schema_id(record.value) for record in records if record.topic in AVRO_TOPICS}
        for schema_id in sorted(each for each in wanted if each is not None):
            if schema_id not in self._schemas:
                self._schemas[schema_id] = await self._fetch(schema_id)

    def of(self, schema_id: int) -> Schema | None:
        """The schema of an id that was prepared; None where the registry knows no such id."""
        return self._schemas.get(schema_id)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _fetch(self, schema_id: int) -> Schema | None:
        try:
            answer = await self._client.get(f"/schemas/ids/{schema_id}")
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            answer.raise_for_status()
            return plain_schema(json.loads(answer.json()["schema"]))
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise RegistryUnavailable(type(error).__name__) from None


def _schema_id(value: bytes | None) -> int | None:
    if value is None or not value.startswith(MAGIC) or len(value) < HEADER_BYTES:
        return None
    return int.from_bytes(value[1:HEADER_BYTES], "big")
