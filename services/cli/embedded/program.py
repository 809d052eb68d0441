"""A program as a child process for as long as a `with` block lasts; PostgreSQL and Kafka are started so.

For `demo`, `replay` and tests; the services never use it. A program listens on 127.0.0.1 only, on a free port, keeps
everything in a temporary folder, and ends with the command however it ends (`child_keeper.py`). As root it runs as
`nobody` (`unprivileged.py`).
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.cli.embedded.unprivileged import Account, NoUnprivilegedPlace, new_folder

READY_WITHIN_SECONDS = 60.0  # a second is normal; a cold, busy laptop may need many
STOP_WITHIN_SECONDS = 10.0
LOG = "log"
STARTS_MAX = 3  # another program may take the free port before this one does


class EmbeddedPartFailed(Exception):
    """An embedded part is not installed, or did not start; the text says which and why, without any path."""


@dataclass(frozen=True)
class Program:
    """What the keeper runs: `commands` in order, of which the last one goes on until it is stopped."""

    name: str
    folder: Path
    commands: Sequence[Sequence[str]]
    cwd: Path
    stop_signal: signal.Signals
    is_ready: Callable[[], bool]
    account: Account | None


@contextmanager
def running(prepare: Callable[[Path, int], Program]) -> Iterator[int]:
    """Gives the port of a program that is ready; stops it at the end of the block. Raises EmbeddedPartFailed."""
    port, program, keeper = _start(prepare)
    try:
        yield port
    finally:
        _end(program, keeper)


def _start(prepare: Callable[[Path, int], Program]) -> tuple[int, Program, subprocess.Popen[bytes]]:
    for start in range(1, STARTS_MAX + 1):
        port = _free_port()
        program = _prepared(prepare, port)
        keeper = _keep(program)
        try:
            if _becomes_ready(program, keeper):
                return port, program, keeper
            if start == STARTS_MAX:
                raise EmbeddedPartFailed(
                    f"The embedded {program.name} ended while it was starting.{_last_words(program)}"
                )
        except BaseException:
            _end(program, keeper)
            raise
        _end(program, keeper)
    raise AssertionError


def _prepared(prepare: Callable[[Path, int], Program], port: int) -> Program:
    try:
        folder = new_folder()
        try:
            return prepare(folder, port)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    except NoUnprivilegedPlace as missing:
        raise EmbeddedPartFailed(str(missing)) from None


def _keep(program: Program) -> subprocess.Popen[bytes]:
    account = program.account
    plan = {
        "commands": program.commands,
        "cwd": str(program.cwd),
        # Nothing of our environment: RUST_LOG or OTEL_… would make the broker log the records that it carries.
        "env": {"PATH": os.defpath, "LANG": "C", "TZ": "UTC"},
        "folder": str(program.folder),
        "log": str(program.folder / LOG),
        "user": account.uid if account else None,
        "group": account.gid if account else None,
        "stop_signal": int(program.stop_signal),
        "grace_seconds": STOP_WITHIN_SECONDS,
    }
    script = Path(__file__).with_name("child_keeper.py")
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-I", "-S", str(script), json.dumps(plan)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that Ctrl-C in the terminal reaches the command alone
    )


def _becomes_ready(program: Program, keeper: subprocess.Popen[bytes]) -> bool:
    """Waits until it is ready; False when it has ended. Raises EmbeddedPartFailed after READY_WITHIN_SECONDS."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while keeper.poll() is None:
        if program.is_ready():
            return True
        if time.monotonic() > deadline:
            raise EmbeddedPartFailed(
                f"The embedded {program.name} was not ready within {READY_WITHIN_SECONDS:.0f} s."
                f"{_last_words(program)}"
            )
        time.sleep(0.02)
    return False


def _end(program: Program, keeper: subprocess.Popen[bytes]) -> None:
    """Closes the keeper's pipe, which ends the program, and waits until both are gone."""
    if keeper.stdin:
        keeper.stdin.close()
    keeper.wait(STOP_WITHIN_SECONDS + 5)
    # The keeper has removed it, unless the program had ended by itself.
    shutil.rmtree(program.folder, ignore_errors=True)


def log_text(folder: Path) -> str:
    try:
        return (folder / LOG).read_text(errors="replace")
    except FileNotFoundError:
        return ""


def _last_words(program: Program) -> str:
    lines = [line for line in log_text(program.folder).splitlines() if line.strip()]
    return " It said: " + re.sub(r'"?/[^\s"]+"?', "…", lines[-1]) if lines else ""


def package_folder(name: str, part: str) -> Path:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedPartFailed(
            f"The embedded {part} is not installed here: install stoppunkt[embedded] (Linux or macOS),"
            " or say where a running one is."
        )
    return Path(spec.origin).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
