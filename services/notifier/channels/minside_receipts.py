"""What Min side reports about our notices' SMS and e-mail, read as receipts (contract 6.7).

The topic has every team's events. Ours are those with our namespace and application. The rest, and what cannot be
read, are ignored and no dead letters: nothing of ours is lost with them.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from schemas.dates import LAST_YEAR_OF_FACTS, NotADate, read_instant
from schemas.messages import DeliveryReceipt
from schemas.nav.reading.fields import kafka_time
from schemas.wire import Decoded, Envelope, IgnoredRecord, Record, type_of
from services.notifier.gateways.transport import Decode

TOPIC = "min-side.aapen-varsel-hendelse-v1"
_OUTCOMES: dict[str, Literal["delivered", "failed"]] = {"sendt": "delivered", "feilet": "failed"}
"""The states of an external message that settle something; ordered, waiting and the like do not."""


def reading(decode: Decode, *, namespace: str, app_name: str) -> Decode:
    """`decode`, which also reads this topic."""

    def decoded(record: Record) -> Decoded:
        if record.topic != TOPIC:
            return decode(record)
        event = _object(record.value)
        if event.get("namespace") != namespace or event.get("appnavn") != app_name:
            return IgnoredRecord(None, "Another team's notice.")
        receipt = _receipt(event, record)
        if receipt is None:
            return IgnoredRecord(None, "Nothing about an SMS or an e-mail that came to an end.")
        return Envelope(receipt, type_of(receipt))

    return decoded


def _receipt(event: dict[str, Any], record: Record) -> DeliveryReceipt | None:
    outcome = _OUTCOMES.get(str(event.get("status")))
    if event.get("@event_name") != "eksternStatusOppdatert" or outcome is None:
        return None
    try:
        notice_id = str(UUID(str(event.get("varselId"))))
    except ValueError:
        return None
    failed = outcome == "failed"
    return DeliveryReceipt(
        delivery_id=notice_id,
        outcome=outcome,
        # NAV has given up trying. Its text about the reason may quote anything, so it is not stored.
        permanent=True if failed else None,
        reason="minside:feilet" if failed else None,
        at=_at(event, record),
    )


def _at(event: dict[str, Any], record: Record) -> datetime:
    """When it says it happened, else when it was published."""
    try:
        at = read_instant(event.get("tidspunkt"))
    except NotADate:
        return kafka_time(record)
    return at if at.year <= LAST_YEAR_OF_FACTS else kafka_time(record)


def _object(value: bytes | None) -> dict[str, Any]:
    try:
        data = json.loads(value or b"null")
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
