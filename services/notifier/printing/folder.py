"""A folder that a print shop fetches letters from: two files a letter, each whole from the moment that it has its name.

`<name>.pdf` is the letter. `<name>.json`, its ticket, says whom it goes to, and is there only when the letter is: who
fetches by tickets never finds half a letter. What is being written has a name that begins with a dot.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from threading import Lock

_MODE = 0o640


class PickupFolder:
    """Blocking, and for any thread: one call at a time, so that what is taken back is never still being written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()

    def check(self) -> None:
        """Write a file and remove it; raises OSError where that cannot be done."""
        part = self._part("check")
        self._write(part, b"")
        part.unlink()

    def has(self, name: str) -> bool:
        """Whether that letter lies here and has not been fetched."""
        try:
            return self._ticket(name).exists()
        except OSError:  # a disk on the network, gone for a moment
            return False

    def put(self, name: str, pdf: bytes, ticket: bytes) -> None:
        """Lay out a letter; one that lies here already stays as it is.

        Raises OSError, and may then be called again; `has` says whether the letter is out all the same.
        """
        with self._lock:
            if self.has(name):
                return
            self._remove_parts(name)
            parts = {self._pdf(name): pdf, self._ticket(name): ticket}
            written = {target: self._part(name) for target in parts}
            try:
                for target, content in parts.items():
                    self._write(written[target], content)
                for target, part in written.items():
                    part.rename(target)
            except OSError:
                # What was begun takes room on a disk that may be full, and is about somebody.
                self._remove_parts(name)
                raise
            self._sync()

    def take_back(self, name: str, *, was_sent: bool) -> bool:
        """Remove a letter that was not fetched, or what is left of one; False where it was fetched.

        `was_sent`: it was laid out for certain, so where it is not here somebody has fetched it. The ticket goes first:
        whoever has read it and finds no letter knows that it was taken back. Raises OSError.
        """
        with self._lock:
            self._sync()  # a folder that is gone has not been fetched from
            self._remove_parts(name)
            lay_here = _removed(self._ticket(name))
            if lay_here or not was_sent:
                _removed(self._pdf(name))
                self._sync()
                return True
            return False

    def _pdf(self, name: str) -> Path:
        return self._path / f"{name}.pdf"

    def _ticket(self, name: str) -> Path:
        return self._path / f"{name}.json"

    def _part(self, name: str) -> Path:
        return self._path / f".{name}.{secrets.token_hex(4)}.part"

    def _remove_parts(self, name: str) -> None:
        """What a killed process has left of this letter; a process that still writes it fails, and tries again."""
        for part in self._path.glob(f".{name}.*.part"):
            with contextlib.suppress(OSError):
                part.unlink()

    def _write(self, path: Path, content: bytes) -> None:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(file, "wb") as stream:
            os.fchmod(file, _MODE)  # whatever the process's umask is
            stream.write(content)
            stream.flush()
            os.fsync(file)

    def _sync(self) -> None:
        """Let what has its name keep it when the power goes."""
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
