"""How many people a second `stoppunkt plan --by-person` plans, and whether its memory stays flat.

    python -m bench.by_person [--people 1000000]

The people are invented one after the other and piped into the command, so that no file and no list grows with
them. Two in three have a leave of weeks, one in three one of months. Some are graded, have two employers, answer
about meeting need, have meetings or exemptions, return to work, die, change their number, or have a late note.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

NOTES, FACTS = "stoppunkt.sick-notes.v1", "stoppunkt.follow-up.v1"
EMPLOYERS = ("310200107", "310201200", "310202304", "310203408")
FIRST_DAY = date(2025, 9, 1)
AT = "2026-11-01T12:00:00+01:00"
LINES_SHOWN = 20
MIB = 2**20
COMMAND = Path(sys.executable).with_name("stoppunkt")


def number_of(index: int, *, changed: bool = False) -> str:
    """An invented national number (80 added to the month); each index has two, before and after a change."""
    rest, day = divmod(index, 28)
    rest, month = divmod(rest, 12)
    serial, year = divmod(rest, 100)
    return f"{day + 1:02}{month + 81:02}{year:02}{serial + (50_000 if changed else 0):05}"


@dataclass
class Life:
    """One person's records in the order in which they arrive, all drawn from `chance`."""

    index: int
    chance: random.Random
    records: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    @property
    def person(self) -> str:
        return number_of(self.index)

    def event(self, day: date, topic: str, key: str, kind: str, value: dict[str, Any]) -> None:
        at = datetime(day.year, day.month, day.day, self.chance.randrange(6, 16), tzinfo=UTC)
        headers = {
            "ce_specversion": "1.0",
            "ce_id": f"{self.index}-{len(self.records)}",
            "ce_type": f"no.stoppunkt.{kind}.v1",
            "ce_source": "urn:bench",
        }
        if topic == FACTS:
            value |= {"occurred_at": at.isoformat()}
        members = {"at": at.isoformat(), "topic": topic, "key": key, "headers": headers}
        self.records.append((at, members | {"value": value}))

    def note(self, first: date, last: date, issued_on: date, org: str, grade: int) -> None:
        note_id = f"note-{self.index}-{len(self.records)}"
        kind = {"kind": "full"} if grade == 100 else {"kind": "graded", "grade": grade}
        self.event(
            issued_on,
            NOTES,
            note_id,
            "sick_note.registered",
            {
                "note_id": note_id,
                "person_id": self.person,
                "employer": {"org_number": org, "name": "SYNTETISK"},
                "form": "digital",
                "issued_on": issued_on.isoformat(),
                "periods": [{"from": first.isoformat(), "to": last.isoformat(), **kind}],
                "self_certified_days": [],
            },
        )

    def fact(self, day: date, kind: str, **value: object) -> None:
        self.event(day, FACTS, f"key-{self.index}", kind, {"person_id": self.person} | value)

    def draw(self) -> list[dict[str, Any]]:
        """Draw the whole life; its records, as the members of their lines."""
        chance = self.chance
        org = chance.choice(EMPLOYERS)
        start = first = FIRST_DAY + timedelta(days=chance.randrange(300))
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4, 6, 8))):
            last = first + timedelta(days=chance.choice((6, 13, 27, 27, 41)))
            grade = chance.choice((100, 100, 100, 60, 40))
            issued_on = first + timedelta(days=30 if chance.random() < 0.05 else 0)
            self.note(first, last, issued_on, org, grade)
            if chance.random() < 0.08:
                self.note(first, last, issued_on, chance.choice(EMPLOYERS), 50)
            first = last + timedelta(days=chance.choice((1, 1, 1, 1, 3, 20)))
        self._follow_up(start, org)
        self.records.sort(key=lambda record: record[0])
        return [members for _, members in self.records]

    def _follow_up(self, start: date, org: str) -> None:
        def happens(chance: float) -> bool:
            return self.chance.random() < chance

        if happens(0.4):
            day = start + timedelta(days=self.chance.randrange(10, 40))
            self.fact(day, "follow_up_plan.made", org_number=org, made_on=day.isoformat())
        if happens(0.1):
            day = start + timedelta(days=107)
            answer = {"wants_meeting": happens(0.5), "justified": happens(0.5)}
            self.fact(day, "meeting_need.answered", party="employee", **answer)
        if happens(0.1):
            held_on = start + timedelta(days=self.chance.randrange(120, 180))
            meeting = {
                "meeting": 2,
                "meeting_id": f"m-{self.index}",
                "takes_place_on": held_on.isoformat(),
            }
            self.fact(held_on - timedelta(days=25), "dialogue_meeting.summoned", **meeting)
            self.fact(held_on, "dialogue_meeting.held", **meeting)
        if happens(0.05):
            exemption = {
                "checkpoint": "dialogue_meeting_2",
                "reason": "medical",
                "granted_by": "adviser",
            }
            self.fact(start + timedelta(days=100), "exemption.granted", **exemption)
        if happens(0.05):
            back_on = start + timedelta(days=45)
            self.fact(back_on, "work.resumed", **{"from": back_on.isoformat()})
        if happens(0.002):
            day = start + timedelta(days=70)
            self.fact(day, "person.died", on=day.isoformat())
        if happens(0.005):
            change = {
                "old_person_id": self.person,
                "new_person_id": number_of(self.index, changed=True),
            }
            self.event(start + timedelta(days=33), FACTS, "k", "person.renumbered", change)


def lives(people: int, seed: int = 1) -> Iterator[str]:
    """The records of that many people as JSON lines, person after person; the same for the same seed."""
    for index in range(people):
        life = Life(index, random.Random(f"{seed}/{index}"))  # noqa: S311 - no secret
        for members in life.draw():
            yield json.dumps(members, separators=(",", ":")) + "\n"


@dataclass(frozen=True)
class Measurement:
    """One run: its size, its time, and the most memory that the command used."""

    people: int
    cases: int
    records: int
    seconds: float
    peak_bytes: int


def measure(people: int, lines: Iterable[str], *, print_every: int = 0) -> Measurement:
    """Pipe the lines of that many people through the command. Raises AssertionError where one has no plan.

    Every `print_every` people a line is printed; 0 prints none.
    """
    command = [str(COMMAND), "plan", "/dev/stdin", "--at", AT, "--by-person", "--json"]
    began_at = time.monotonic()
    planned = cases = peak_bytes = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        feed = _Feed(lines, process.stdin)
        feed.start()
        for line in process.stdout:
            if not line.startswith(b'{"person_id"'):
                continue
            planned += 1
            cases += line.count(b'"case_id"')
            if planned % 500 == 0 or planned == people:
                # Read while the command runs, because /proc/<pid> is gone once it has ended.
                peak_bytes = _peak_bytes(process.pid) or peak_bytes
            if print_every and planned % print_every == 0:
                rate = planned / (time.monotonic() - began_at)
                print(
                    f"{planned:>9} people  {rate:6.0f}/s  {peak_bytes / MIB:6.1f} MiB", flush=True
                )
        feed.join()
    assert process.returncode == 0
    assert planned == people, f"{people} people went in, {planned} came out"
    return Measurement(planned, cases, feed.records, time.monotonic() - began_at, peak_bytes)


class _Feed(threading.Thread):
    """Writes the lines into the pipe, beside the thread that reads what the command prints."""

    def __init__(self, lines: Iterable[str], pipe: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.lines, self.pipe, self.records = lines, pipe, 0

    def run(self) -> None:
        with self.pipe:
            for line in self.lines:
                self.pipe.write(line.encode())
                self.records += 1


def _peak_bytes(pid: int) -> int | None:
    """The most memory that a running process has had, or None once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    people = parser.parse_args().people
    run = measure(people, lives(people), print_every=max(people // LINES_SHOWN, 1))
    print(
        f"{run.people} people, {run.cases} cases, {run.records} records in {run.seconds:.0f} s:"
        f" {run.people / run.seconds:.0f} people a second, peak {run.peak_bytes / MIB:.1f} MiB"
    )


if __name__ == "__main__":
    main()
