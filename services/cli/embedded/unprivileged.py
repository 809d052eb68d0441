"""How a part runs when the command runs as root: as the user `nobody`, in places that this user can reach.

PostgreSQL refuses to be root, and a broker has no need to be. A checkout in root's own home is closed to others and
stays so: nothing outside our own temporary folder has its permissions changed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class NoUnprivilegedPlace(Exception):
    """As root, there is no unprivileged user, or no folder it could reach."""


@dataclass(frozen=True)
class Account:
    """The unprivileged user that parts run as when the command runs as root."""

    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise NoUnprivilegedPlace(
            "As root the embedded parts run as the user 'nobody', and there is none: run as another user."
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def new_folder() -> Path:
    """A new temporary folder; as root one that others may pass through, so that `nobody` reaches what is its own."""
    if os.geteuid() != 0:
        return Path(tempfile.mkdtemp(prefix="stoppunkt-"))
    places = [Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp")]  # noqa: S108 - mkdtemp below
    for place in places:
        if place.is_dir() and all(p.stat().st_mode & 0o001 for p in (place, *place.parents)):
            folder = Path(tempfile.mkdtemp(prefix="stoppunkt-", dir=place))
            folder.chmod(0o711)
            return folder
    raise NoUnprivilegedPlace("There is no temporary folder that the user 'nobody' could reach.")


def within_reach(
    program: Path, trees: Sequence[Path], folder: Path, account: Account | None
) -> Path:
    """Where `account` may run the program: in place, or else (a checkout in root's home) in a copy of `trees`."""
    if account is None or _can_run(program, account):
        return program
    site, copy = program, folder / "program"
    while not all(tree.is_relative_to(site) for tree in trees):
        site = site.parent
    for tree in trees:
        if tree.is_dir():
            shutil.copytree(
                tree, copy / tree.relative_to(site), ignore=shutil.ignore_patterns("include")
            )
    for path in (copy, *copy.rglob("*")):
        path.chmod(
            path.stat().st_mode | (0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o044)
        )
    return copy / program.relative_to(site)


def _can_run(program: Path, account: Account) -> bool:
    command = [str(program), "--version"]
    try:
        tried = subprocess.run(  # noqa: S603 - a program of an installed package
            command,
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return tried.returncode == 0
