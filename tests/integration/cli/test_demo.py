"""`stoppunkt demo`: half a year in under a minute, and nothing is left behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

# As a shell starts a command in the foreground: one that runs in the background inherits that Ctrl-C is ignored, which
# the command respects.
ANSWER_TO_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
STOPPUNKT = [
    *(sys.executable, "-c"),
    f"{ANSWER_TO_CTRL_C}; from services.cli.main import main; main()",
]
DEMO_SECONDS = 60
NUMBER = re.compile(r"\d{11}")


@contextmanager
def started() -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """A demo that is under way, and the processes that it has started: two keepers and their programs."""
    process = subprocess.Popen(
        [*STOPPUNKT, "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        children: list[psutil.Process] = []
        give_up_at = time.monotonic() + DEMO_SECONDS
        while len(children) < 4:  # two keepers, a server and a broker
            assert process.poll() is None, "the demo ended while it was starting"
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
            children = psutil.Process(process.pid).children(recursive=True)
        yield process, children
    finally:
        process.kill()
        process.communicate()


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    left: list[psutil.Process] = psutil.wait_procs(processes, timeout=15)[1]
    return left


def test_it_shows_half_a_year_in_under_a_minute_and_leaves_no_process() -> None:
    began_at = time.monotonic()
    with started() as (process, children):
        story, said = process.communicate(timeout=DEMO_SECONDS)

    assert process.returncode == 0, said
    assert time.monotonic() - began_at < DEMO_SECONDS
    assert not alive(children)

    text = " ".join(story.split())
    for part in (
        "Monday 5 January 2026",
        "full-time sick, Kafe: follow up plan · deadline, due Sun 1 Feb 2026 (day 28, week 4), told before",
        "letter reserved, Kafe: to the employee: letter follow_up_plan.reminder, in nb",
        "withdrawn recovered early, Bygg: follow up plan · deadline, for all: ended",
        "withdrawn plan shared in time, Skole: follow up plan · deadline, for all: done, plan shared",
        "withdrawn who dies, Bygg: follow up plan · deadline, for all: died",
        "graded 60 %, Skole: dialogue meeting 2 · deadline, due Sun 12 Jul 2026 (day 182, week 26)",
        "In all",
    ):
        assert part in text
    assert "graded 60 %, Skole: dialogue meeting 1 · reminder" not in text
    assert not NUMBER.search(story + said), "a national number is shown"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends_quietly_and_leaves_no_process(sent: signal.Signals) -> None:
    with started() as (process, children):
        process.send_signal(sent)
        _, said = process.communicate(timeout=30)

        assert process.returncode in (130, -signal.SIGTERM)
        assert "Traceback" not in said
        assert not alive(children)
