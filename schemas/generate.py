"""Writes `schemas/json`: a JSON Schema for every message type, and one AsyncAPI document of all topics.

    python -m schemas.generate

The files are for those who do not write Python. A test fails where they differ from the models.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from schemas.messages import KINDS, Message, SickNoteWithdrawn
from schemas.wire import TYPE_PREFIX

FOLDER = Path(__file__).parent / "json"
ASYNCAPI = "asyncapi.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID_PREFIX = "urn:stoppunkt:schema:"

Document = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Topic:
    """What the document says of a topic: its direction, its content and how long it is kept, its key (contract 10)."""

    action: str
    content: str
    key: str


RECEIVED, SENT = "receive", "send"

TOPICS: dict[str, Topic] = {
    "stoppunkt.sick-notes.v1": Topic(
        RECEIVED,
        "Sick notes; compacted. A null value withdraws the note of its key.",
        "The note id.",
    ),
    "stoppunkt.follow-up.v1": Topic(
        RECEIVED,
        "Follow-up facts; kept for ever.",
        "The publisher's choice: the same for the same person, and no national number.",
    ),
    "stoppunkt.contacts.v1": Topic(
        RECEIVED,
        "How people, managers, organisations and advisers may be reached; compacted.",
        "person/…, manager/…/org, org/org or adviser/id, with the publisher's value for the person.",
    ),
    "stoppunkt.receipts.v1": Topic(
        RECEIVED, "What became of a delivery; kept 30 days.", "The delivery id."
    ),
    "stoppunkt.deadlines.v1": Topic(
        SENT, "Due events, their changes and their withdrawals; kept 30 days.", "The case id."
    ),
    "stoppunkt.sms.v1": Topic(SENT, "SMS to send; kept 30 days.", "The delivery id."),
    "stoppunkt.email.v1": Topic(SENT, "E-mail to send; kept 30 days.", "The delivery id."),
    "stoppunkt.letters.v1": Topic(SENT, "Letters to send; kept 30 days.", "The delivery id."),
    "stoppunkt.adviser-tasks.v1": Topic(
        SENT, "Tasks for advisers; kept 30 days.", "The task id, which is the delivery id."
    ),
}


def documents() -> dict[str, Document]:
    """The documents of the folder, by file name."""
    by_name = {f"{name}.json": _schema(name, model) for name, model in KINDS.items()}
    by_name[ASYNCAPI] = _asyncapi()
    return by_name


def text_of(document: Document) -> str:
    """The text of a document's file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path = FOLDER) -> int:
    """Write the documents and remove files that are none of them; returns how many were written."""
    wanted = documents()
    folder.mkdir(exist_ok=True)
    for stale in {path.name for path in folder.glob("*.json")} - set(wanted):
        (folder / stale).unlink()
    for name, document in wanted.items():
        (folder / name).write_text(text_of(document), encoding="utf-8")
    return len(wanted)


def _schema(name: str, model: type[Message]) -> Document:
    schema: Document = model.model_json_schema(by_alias=True)
    return {"$schema": DIALECT, "$id": f"{ID_PREFIX}{name}"} | schema


def _asyncapi() -> Document:
    messages = {name: _message(name, model) for name, model in KINDS.items()}
    messages[_withdrawn_name()] = _withdrawal()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Stoppunkt",
            "version": "1",
            "description": "Facts about sick leaves in; due events, messages and adviser tasks out. CloudEvents"
            " 1.0, Kafka protocol binding, binary mode. What is promised is in docs/contract.md of the repository.",
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic) for topic in TOPICS},
        "operations": {
            f"{topic.action}.{name}": {
                "action": topic.action,
                "channel": {"$ref": f"#/channels/{name}"},
                "summary": topic.content,
            }
            for name, topic in TOPICS.items()
        },
        "components": {
            "messages": dict(sorted(messages.items())),
            "schemas": {"headers": _headers()},
        },
    }


def _channel(topic: str) -> Document:
    names = [name for name, model in KINDS.items() if model.topic == topic]
    if topic == SickNoteWithdrawn.topic:
        names.append(_withdrawn_name())
    return {
        "address": topic,
        "description": TOPICS[topic].content,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _message(name: str, model: type[Message]) -> Document:
    return {
        "name": f"{TYPE_PREFIX}{name}",
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{name}.json"},
        },
        "bindings": _key_binding(model.topic),
    }


def _withdrawal() -> Document:
    return {
        "name": f"{TYPE_PREFIX}{_withdrawn_name()}",
        "summary": "A null value: the note of the key is withdrawn. It needs no headers.",
        "payload": {"type": "null"},
        "bindings": _key_binding(SickNoteWithdrawn.topic),
    }


def _withdrawn_name() -> str:
    return f"{SickNoteWithdrawn.kind}.v{SickNoteWithdrawn.version}"


def _key_binding(topic: str) -> Document:
    key: Document = {"type": "string", "description": TOPICS[topic].key}
    return {"kafka": {"key": key, "bindingVersion": "0.5.0"}}


def _headers() -> Document:
    texts = {
        "ce_id": "The same for a repeat; unique within its source.",
        "ce_source": "Who publishes, as a URI reference.",
        "ce_time": "When it happened, as an instant with a zone.",
        "ce_type": "The message's name.",
    }
    properties: Document = {
        name: {"type": "string", "description": text} for name, text in texts.items()
    }
    properties["ce_specversion"] = {"const": "1.0"}
    properties["content-type"] = {"const": "application/json"}
    return {
        "type": "object",
        "properties": dict(sorted(properties.items())),
        "required": ["ce_id", "ce_source", "ce_specversion", "ce_type"],
    }


if __name__ == "__main__":
    sys.stdout.write(f"{write()} files in {FOLDER}\n")
