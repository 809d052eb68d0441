"""Ids that are derived from what they mean, so that a repeat is recognised anywhere (contract 3.4, 5)."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID, uuid5

NAMESPACE = UUID("7b0f3c52-5a0e-5f2d-9a51-6d1c1f5f4e10")
"""The namespace of all derived ids. It must never change: ids that others have stored are derived from it."""


def person_hash(key: bytes, person_id: str) -> bytes:
    """The person's keyed hash (HMAC-SHA-256, 32 bytes), by which tables, ids and logs know the person."""
    return hmac.new(key, person_id.encode(), hashlib.sha256).digest()


def key_fingerprint(key: bytes) -> bytes:
    """What shows that a key is the same as before, and not which (HMAC-SHA-256 under that key, 32 bytes).

    It is nobody's keyed hash: what it is made of has spaces in it, and no person's or note's id has.
    """
    return hmac.new(key, b"fingerprint of the pseudonym key", hashlib.sha256).digest()


def case_id(person: bytes, number: int) -> str:
    """The id of a person's case number `number`, counted from 1. `person` is the keyed hash."""
    return _derived(f"case/{person.hex()}/{number}")


def due_event_id(case: str, checkpoint: str, step: str, subject: str, generation: int) -> str:
    """The id of a due event; `subject` is empty where the step has none."""
    return _derived(f"due/{case}/{checkpoint}/{step}/{subject}/{generation}")


def withdrawal_id(event_id: str, role: str | None, org_number: str | None) -> str:
    """The id of a withdrawal; `role` is None where the event is withdrawn for all recipients."""
    return _derived(f"withdrawn/{event_id}/{role or 'all'}/{org_number or ''}")


def update_id(event_id: str, revision: int) -> str:
    """The id of a `deadline.updated`; `revision` counts the changes of the event's basis."""
    return _derived(f"updated/{event_id}/{revision}")


def delivery_id(event_id: str, role: str, org_number: str | None, channel: str) -> str:
    """The id of a delivery; gateways receive it, and receipts name it."""
    return _derived(f"delivery/{event_id}/{role}/{org_number or ''}/{channel}")


def _derived(name: str) -> str:
    return str(uuid5(NAMESPACE, name))
