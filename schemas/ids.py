"""Ids that are derived from what they mean, so that a repeat is recognised anywhere (contract 3.4, 5)."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID, uuid5

NAMESPACE = UUID("7b0f3c52-5a0e-5f2d-9a51-6d1c1f5f4e10")
"""The one namespace of all derived ids. It never changes: ids that are out in the world hang on it."""


def person_hash(key: bytes, person_id: str) -> bytes:
    """The person's keyed hash (HMAC-SHA-256, 32 bytes): what tables, ids and logs know a person by."""
    return hmac.new(key, person_id.encode(), hashlib.sha256).digest()


def case_id(person: bytes, number: int) -> str:
    """The id of a person's case number `number` (from 1); it says nothing about the person."""
    return _derived(f"case/{person.hex()}/{number}")


def due_event_id(case: str, checkpoint: str, step: str, subject: str, generation: int) -> str:
    """The id of a due event; `subject` is empty where the step has none."""
    return _derived(f"due/{case}/{checkpoint}/{step}/{subject}/{generation}")


def withdrawal_id(event_id: str, role: str | None, org_number: str | None) -> str:
    """The id of a withdrawal; no role means that it withdraws the event for all."""
    return _derived(f"withdrawn/{event_id}/{role or 'all'}/{org_number or ''}")


def update_id(event_id: str, revision: int) -> str:
    """The id of a change of a due event's basis."""
    return _derived(f"updated/{event_id}/{revision}")


def delivery_id(event_id: str, role: str, org_number: str | None, channel: str) -> str:
    """The id of a delivery, which is also what a gateway knows it by."""
    return _derived(f"delivery/{event_id}/{role}/{org_number or ''}/{channel}")


def _derived(name: str) -> str:
    return str(uuid5(NAMESPACE, name))
