"""Many records through every decoder: none raises, none differs between schema and service, no text comes through."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from schemas.inbound import decode_inbound
from schemas.wire import Decoded, Envelope, IgnoredRecord, InvalidRecord, Record
from services.cli.record_files.read import NotRecords, read_lines
from services.cli.record_files.record_json import to_json
from services.notifier.channels.minside_receipts import reading
from services.notifier.inbox import sort_records
from services.scheduler.domain.facts.intake import observations_of
from tests.contract.records.schema_agreement import disagreement
from tests.fuzz.generator import chance_of, record, value_of_kind
from tests.fuzz.marks import KEPT_NAMES_AND_ADDRESSES, marks_in, texts_of
from tests.fuzz.run import RECORDS, SEED, Report

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
_receipts_too = reading(decode_inbound, namespace="team-demo", app_name="sykefravaer-notifier")
# Our own topics of what leaves: what the services say themselves, which they do not take in as facts.
_FACT_TOPICS = ("stoppunkt.sick-notes.v1", "stoppunkt.follow-up.v1", "stoppunkt.contacts.v1")


def marks_kept(original: Record, decoded: Decoded) -> list[str]:
    """Seeded texts that a decoder has let through: in a reason, a type, or what the services would keep."""
    if not isinstance(decoded, Envelope):
        return marks_in(f"{decoded.type} {decoded.reason}")
    is_ours = original.topic.startswith("stoppunkt.") and original.topic not in _FACT_TOPICS
    return [
        mark
        for path, text in texts_of(decoded.message)
        if not is_ours and path[-1] not in KEPT_NAMES_AND_ADDRESSES
        for mark in marks_in(text)
    ]


def test_every_record_gets_a_verdict_and_no_text_comes_through() -> None:
    """By both services' decoders, and by what each makes of an accepted record."""
    report = Report("decoders")
    for number in report.numbers(RECORDS):
        original = record(SEED, number)
        decoded = _receipts_too(original)
        assert isinstance(decoded, Envelope | IgnoredRecord | InvalidRecord), number
        if not isinstance(decoded, Envelope):
            # A sentence, without what pydantic calls the branch of a union.
            assert decoded.reason.endswith("."), (number, decoded.reason)
            assert "[" not in decoded.reason, (number, decoded.reason)
        assert not marks_kept(original, decoded), (number, decoded)
        if isinstance(decoded, Envelope):
            assert len(list(observations_of(decoded, original))) <= len(decoded.split()), number
        batch = sort_records([original], _receipts_too)
        assert not [dead for dead in batch.dead if marks_in(dead.reason)], number
        report.counts[type(decoded).__name__] += 1
    report.end(RECORDS)
    assert set(report.counts) == {"Envelope", "IgnoredRecord", "InvalidRecord"}


def test_schema_and_service_say_the_same_of_every_value() -> None:
    report = Report("schema and service")
    for number in report.numbers(RECORDS):
        name, value = value_of_kind(SEED, number)
        assert disagreement(name, value) is None, (number, disagreement(name, value))
        report.counts["values"] += 1
    report.end(RECORDS)


def test_every_line_of_a_file_is_a_record_or_a_fault_without_its_text(tmp_path: Path) -> None:
    report = Report("record files")
    path = tmp_path / "records.ndjson"
    for begin in range(0, RECORDS, 1_000):
        numbers = range(begin, min(begin + 1_000, RECORDS))
        path.write_bytes(b"{}\n" + b"\n".join(_line(number) for number in numbers))
        for entry in read_lines(path, times_required=False):
            if isinstance(entry, NotRecords):
                assert not marks_in(entry.fault), (begin, entry.line, entry.fault)
                report.counts["faults"] += 1
            else:
                assert not marks_in(entry.fault or ""), (begin, entry.line, entry.fault)
                report.counts["records"] += 1
    report.end(RECORDS)
    assert report.counts["records"] > report.counts["faults"] > 0


def _line(number: int) -> bytes:
    """A record as a file has it; every third line is broken in one place."""
    chance, original = chance_of(f"{SEED}/line", number), record(SEED, number)
    line = json.dumps(to_json(original, AT)).encode()
    if number % 3:
        return line
    place = chance.randrange(len(line))
    return line[:place] + chance.choice((b"", b"\xff", b'"', b"1", b"}")) + line[place + 1 :]
