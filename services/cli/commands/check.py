"""`stoppunkt check FILE…`: would these records be understood? For those who publish them (contract 11)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

import typer

from services.cli.exits import WRONG_DATA, WRONG_USE, refuse
from services.cli.options import JsonLines

if TYPE_CHECKING:
    from schemas.wire import Record
    from services.cli.record_files.read import FiledRecord

commands = typer.Typer()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would become of one line; `reason` names field and fault, and never a value.

    Of an accepted record it is a warning, where something else was surely meant, and mostly None.
    """

    file: str
    line: int
    verdict: Literal["accepted", "ignored", "dead"]
    type: str | None
    reason: str | None


@commands.command()
def check(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…", exists=True, dir_okay=False, readable=True, show_default=False
        ),
    ],
    as_json: JsonLines = False,
) -> None:
    """Would these records be understood? One verdict a line; exit 1 if any record is dead, or a line is no record.

    Example: stoppunkt check records.ndjson note.json --json
    """
    from services.cli.record_files.read import NotRecords, read_lines

    dead = 0
    for path in files:
        try:
            for filed in read_lines(path, times_required=False):
                if isinstance(filed, NotRecords):
                    verdict = Verdict(str(path), filed.line, "dead", None, filed.fault)
                else:
                    verdict = _verdict_on(path, filed)
                dead += verdict.verdict == "dead"
                typer.echo(_json(verdict) if as_json else _text(verdict))
        except NotRecords as fault:
            refuse(str(fault), WRONG_USE)
    if dead:
        raise typer.Exit(WRONG_DATA)


def _verdict_on(path: Path, filed: FiledRecord) -> Verdict:
    """By the decoder that the services use."""
    from schemas.inbound import decode_inbound
    from schemas.wire import Envelope, IgnoredRecord, InvalidRecord

    if filed.fault is not None:
        return Verdict(str(path), filed.line, "dead", None, filed.fault)
    decoded = decode_inbound(filed.record)
    match decoded:
        case Envelope():
            doubt = _doubt_about(filed.record, decoded.message) or _doubt_about_time(filed.record)
            return Verdict(str(path), filed.line, "accepted", decoded.type, doubt)
        case IgnoredRecord():
            reason = decoded.reason + _topic_that_was_meant(filed.record.topic)
            return Verdict(str(path), filed.line, "ignored", decoded.type, reason)
        case InvalidRecord():
            return Verdict(str(path), filed.line, "dead", decoded.type, decoded.reason)
        case _:
            assert_never(decoded)


def _doubt_about(record: Record, message: object) -> str | None:
    """A warning about a record that is understood, and surely meant otherwise."""
    from schemas.inbound import CANONICAL_TOPICS
    from schemas.messages import ExemptionFact
    from schemas.wire import SICK_NOTES_TOPIC

    if record.topic in CANONICAL_TOPICS and record.topic != SICK_NOTES_TOPIC and _is_number(record):
        return "Warning: the key is a national number, which must not stand there."
    if isinstance(message, ExemptionFact) and message.checkpoint not in _shipped_checkpoints():
        return (
            "Warning: no shipped rulebook has this checkpoint, so the exemption ends nothing there."
        )
    return None


def _doubt_about_time(record: Record) -> str | None:
    """A version from the future is the newest for good: no later correction would stand against it."""
    next_year = datetime.now(UTC) + timedelta(days=365)
    if record.timestamp_ms > next_year.timestamp() * 1000:
        return "Warning: the record's timestamp lies far in the future: nothing sent before then replaces it."
    return None


def _topic_that_was_meant(topic: str) -> str:
    """Of a topic that nobody reads: the one whose name is nearly the same, as a sentence more."""
    from schemas.inbound import AVRO_TOPICS, CANONICAL_TOPICS, JSON_TOPICS

    names = [*CANONICAL_TOPICS, *JSON_TOPICS, *AVRO_TOPICS]
    if topic in names:
        return ""
    near = get_close_matches(topic, names, 1, cutoff=0.8)
    return f" Warning: {near[0]} is read, and has nearly this name." if near else ""


def _is_number(record: Record) -> bool:
    from schemas.nav.reading.fields import is_person_id

    return is_person_id((record.key or b"").decode(errors="replace"))


@cache
def _shipped_checkpoints() -> frozenset[str]:
    from services.scheduler.rulebook_file import read_rulebook, shipped_names

    rulebooks = [read_rulebook(name) for name in shipped_names()]
    return frozenset(
        checkpoint.name for rulebook in rulebooks for checkpoint in rulebook.checkpoints
    )


def _json(verdict: Verdict) -> str:
    return json.dumps(asdict(verdict), ensure_ascii=False)


def _text(verdict: Verdict) -> str:
    parts = (
        f"{verdict.file}:{verdict.line}: {verdict.verdict}",
        verdict.type,
        verdict.reason,
    )
    return " · ".join(part for part in parts if part)
