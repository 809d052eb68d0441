"""Keeps one program running for exactly as long as its own standard input is open.

Run as a script of its own by `program.py`, which holds the other end of that pipe. However the command ends (by
return, by exception, by kill -9), the kernel closes the pipe; then the program is stopped and its folder removed.

Imports nothing of the project, so that it starts in a few milliseconds (`python -I -S`).
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def die_with(keeper: int, stop_signal: int) -> Callable[[], None] | None:
    """For the child, before it becomes the program: have Linux send it a signal when the keeper is killed."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)

    def ask_the_kernel() -> None:  # runs after the change of user, which would cancel the request
        libc.prctl(PR_SET_PDEATHSIG, stop_signal, 0, 0, 0)
        if os.getppid() != keeper:
            os._exit(1)

    return ask_the_kernel


def start(command: list[str], plan: dict[str, Any], log: int) -> subprocess.Popen[bytes]:
    user = plan["user"]
    return subprocess.Popen(  # noqa: S603 - the command that program.py gives
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=plan["cwd"],
        env=plan["env"],
        user=user,
        group=plan["group"],
        extra_groups=None if user is None else [],
        preexec_fn=die_with(os.getpid(), plan["stop_signal"]),  # noqa: PLW1509 - no threads here
    )


def wait(child: subprocess.Popen[bytes]) -> bool:
    """True when the program has ended, False when the command has: then standard input is at its end."""
    while child.poll() is None:
        if select.select([sys.stdin], [], [], 0.05)[0] and not os.read(0, 1):
            return False
    return True


def stop(child: subprocess.Popen[bytes], plan: dict[str, Any]) -> None:
    child.send_signal(plan["stop_signal"])
    try:
        child.wait(plan["grace_seconds"])
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def keep(plan: dict[str, Any], log: int) -> int:
    """Runs the commands one after the other; the last one is meant to go on. Returns an exit code."""
    for command in plan["commands"]:
        child = start(command, plan, log)
        if not wait(child):
            stop(child, plan)
            return 0
        if child.returncode != 0:
            return 1
    return 1  # the last program was meant to go on


def main() -> int:
    plan = json.loads(sys.argv[1])
    # At Ctrl-C the command closes the pipe, and this script ends by that.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Path(plan["log"]).open("ab") as log:
        code = keep(plan, log.fileno())
    if code == 0:
        shutil.rmtree(plan["folder"], ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
