"""How many records a run takes, and from which seed: few among the tests, many by `make fuzz`."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator

SEED = os.environ.get("FUZZ_SEED", "stoppunkt")
RECORDS = int(os.environ.get("FUZZ_RECORDS", "3000"))
STORED_SECONDS = float(os.environ.get("FUZZ_STORED_SECONDS", "10"))
"""For how long lives go through both services on PostgreSQL; never more than RECORDS records."""


class Report:
    """What was done and how fast, printed at the end (`pytest -s`)."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.counts: Counter[str] = Counter()
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def numbers(self, count: int) -> Iterator[int]:
        """0 to `count` - 1, with a line on how far it is every 20 000."""
        for number in range(count):
            if number and number % 20_000 == 0:
                print(f"  {self.title}: {number} in {self.seconds:.0f} s", flush=True)  # noqa: T201
            yield number

    def end(self, taken: int) -> None:
        """`taken` is how many generated records it was."""
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.counts.items()))
        rate = f"{taken / max(self.seconds, 0.001):.0f} records a second"
        print(f"{self.title}: {counts}; {self.seconds:.0f} s, {rate}", flush=True)  # noqa: T201
