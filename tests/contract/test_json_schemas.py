"""The documents in schemas/json are generated from the models and describe every topic (contract 10)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema

from schemas import generate
from schemas.inbound import CANONICAL_TOPICS
from schemas.messages import KINDS


def test_the_committed_documents_are_those_of_the_models() -> None:
    """`python -m schemas.generate` writes them (contract 10)."""
    committed = {path.name: path.read_text(encoding="utf-8") for path in generate.FOLDER.iterdir()}
    generated = {
        name: generate.text_of(document) for name, document in generate.documents().items()
    }
    assert generated == committed


def test_a_document_of_a_kind_that_is_gone_is_removed(tmp_path: Path) -> None:
    (tmp_path / "sms.shouted.v1.json").write_text("{}", encoding="utf-8")
    count = generate.write(tmp_path)
    assert len(list(tmp_path.iterdir())) == count == len(KINDS) + 1


def test_every_schema_is_a_json_schema_of_its_own_kind() -> None:
    for name, document in generate.documents().items():
        if name != generate.ASYNCAPI:
            jsonschema.Draft202012Validator.check_schema(document)
            assert document["$id"] == f"urn:stoppunkt:schema:{name.removesuffix('.json')}"


def test_the_asyncapi_document_names_every_topic_and_every_message_once() -> None:
    document: dict[str, Any] = generate.documents()[generate.ASYNCAPI]
    assert tuple(sorted(document["channels"])) == CANONICAL_TOPICS
    placed = [name for channel in document["channels"].values() for name in channel["messages"]]
    assert sorted(placed) == sorted(document["components"]["messages"])
    assert len(set(placed)) == len(placed)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document: dict[str, Any] = generate.documents()[generate.ASYNCAPI]
    files = {f"./{name}" for name in generate.documents()}
    references = list(_references(document))
    assert references
    for reference in references:
        if reference.startswith("#/"):
            part: Any = document
            for step in reference[2:].split("/"):
                part = part[step]
        else:
            assert reference in files


def test_the_descriptions_can_be_read_without_the_repository() -> None:
    """They name no section of docs/contract.md; the AsyncAPI document says once where that is."""
    texts = [generate.text_of(document) for document in generate.documents().values()]
    assert [text for text in texts if re.search(r"contract \d", text)] == []
    assert sum(text.count("docs/contract.md") for text in texts) == 1


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [reference for child in part.values() for reference in _references(child)]
    return []
