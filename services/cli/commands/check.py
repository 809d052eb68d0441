"""`stoppunkt check FILE…`: would these records be understood? For those who publish them (contract 11)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

import typer

from services.cli.exits import WRONG_DATA, WRONG_USE, refuse
from services.cli.options import JsonLines

if TYPE_CHECKING:
    from services.cli.record_files.read import FiledRecord

commands = typer.Typer()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would become of one record; `reason` names field and fault, and never a value."""

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
    """Would these records be understood? One verdict a line; exit 1 if any record is dead.

    Example: stoppunkt check records.ndjson note.json --json
    """
    from services.cli.record_files.read import NotRecords, read_records

    dead = 0
    for path in files:
        try:
            for filed in read_records(path, times_required=False):
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
            return Verdict(str(path), filed.line, "accepted", decoded.type, None)
        case IgnoredRecord():
            return Verdict(str(path), filed.line, "ignored", decoded.type, decoded.reason)
        case InvalidRecord():
            return Verdict(str(path), filed.line, "dead", decoded.type, decoded.reason)
        case _:
            assert_never(decoded)


def _json(verdict: Verdict) -> str:
    return json.dumps(asdict(verdict), ensure_ascii=False)


def _text(verdict: Verdict) -> str:
    parts = (
        f"{verdict.file}:{verdict.line}: {verdict.verdict}",
        verdict.type,
        verdict.reason,
    )
    return " · ".join(part for part in parts if part)
