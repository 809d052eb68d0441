"""What `demo` and `replay` share: start the embedded parts, drive the pipeline, print what leaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import typer
from aiokafka.errors import KafkaError

from services.cli.embedded.kafka import embedded_kafka
from services.cli.embedded.postgres import embedded_postgres
from services.cli.embedded.program import EmbeddedPartFailed
from services.cli.exits import complain, refuse
from services.cli.output.jsonl import json_line
from services.cli.pipeline.departures import Departure, in_form_order
from services.cli.pipeline.driver import READ_TOPICS, Behind, Driver, Moment
from services.cli.pipeline.pipeline import pipeline
from services.cli.pipeline.settings import RunSettings, settings_for
from services.cli.record_files.read import FiledRecord, read_records
from services.cli.record_files.refusal import refuse_unusable
from services.cli.story.names import Names
from services.cli.story.printer import StoryPrinter
from services.cli.story.story import Story
from services.records.dead_letters import TooManyDeadLetters
from services.runtime.kafka import PublishOutcomeUnknown, PublishRefused, TopicsUnavailable
from services.runtime.logs import configure_logs
from services.scheduler.domain.rulebook.model import Rulebook

PROGRESS_SECONDS = 5.0


@dataclass(frozen=True)
class Replay:
    """Which file to replay, by which rules, and how to show it; `until` is in UTC."""

    file: Path
    rulebook: Rulebook
    names: Names
    until: datetime | None = None
    step: timedelta | None = None
    as_json: bool = False


def replay_file(replay: Replay) -> int:
    """Replay a file on embedded parts of its own; returns how many records were dead.

    Ends the command with 2 over a file that holds no records, with 1 when a part or a service fails.
    """
    with refuse_unusable(replay.file):
        records = list(read_records(replay.file))
    if not records:
        return 0
    configure_logs("ERROR", "console")
    complain("Starting PostgreSQL and Kafka …")
    try:
        with embedded_postgres() as database_url, embedded_kafka() as kafka:
            return asyncio.run(_run(replay, records, settings_for(database_url, kafka)))
    except (EmbeddedPartFailed, Behind) as fault:
        refuse(str(fault))
    except TooManyDeadLetters:
        refuse("A service has stopped: too many of the file's records are dead letters.")
    except (PublishOutcomeUnknown, PublishRefused, TopicsUnavailable, KafkaError) as error:
        refuse(f"Kafka did not do it ({type(error).__name__}).")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        refuse(f"A part did not answer ({type(error).__name__}).")


async def _run(replay: Replay, records: list[FiledRecord], settings: RunSettings) -> int:
    start = min(record.at for record in records)
    async with pipeline(settings, replay.rulebook, start=start) as driver:
        unread = sum(filed.record.topic not in READ_TOPICS for filed in records)
        if unread:
            are = "record is on a topic" if unread == 1 else "records are on topics"
            complain(f"{unread} {are} that nobody reads: left out.")
        output = _JsonOutput() if replay.as_json else _StoryOutput(replay.names)
        lines: dict[tuple[str, int], int] = {}
        dead = 0
        async for moment in _moments(driver, replay, records):
            lines |= {(f.record.topic, f.record.offset): f.line for f in moment.arrivals}
            for letter in _dead_letters(moment):
                dead += 1
                complain(_complaint(replay.file, letter, lines))
            output.add(moment)
        output.end()
        return dead


async def _moments(
    driver: Driver, replay: Replay, records: list[FiledRecord]
) -> AsyncIterator[Moment]:
    began_at = printed_at = time.monotonic()
    count = 0
    async with aclosing(driver.run(records, until=replay.until, step=replay.step)) as moments:
        async for moment in moments:
            count += 1
            if time.monotonic() - printed_at > PROGRESS_SECONDS:
                printed_at = time.monotonic()
                complain(f"… {moment.at:%Y-%m-%d}, {count} instants")
            yield moment
    complain(f"{count} instants in {time.monotonic() - began_at:.1f} s.")


def _dead_letters(moment: Moment) -> list[Departure]:
    return [letter for letter in moment.departures if letter.header("dead_reason") is not None]


def _complaint(file: Path, dead: Departure, lines: dict[tuple[str, int], int]) -> str:
    topic = dead.header("dead_topic") or ""
    line = lines.get((topic, int(dead.header("dead_offset") or -1)))
    return f"{file}:{line}: dead · {topic} · {dead.header('dead_reason')}"


class _JsonOutput:
    """`--json`: every departure, sorted, at the end."""

    def __init__(self) -> None:
        self._departures: list[Departure] = []

    def add(self, moment: Moment) -> None:
        self._departures += moment.departures

    def end(self) -> None:
        for departure in in_form_order(self._departures):
            typer.echo(json_line(departure.form()))


class _StoryOutput:
    """A story, moment by moment."""

    def __init__(self, names: Names) -> None:
        self._story = Story(names)
        self._printer = StoryPrinter()

    def add(self, moment: Moment) -> None:
        self._printer.print_page(self._story.page(moment))

    def end(self) -> None:
        self._printer.print_totals(self._story.counts)
