"""Who is who in a story: people by a role name, never by their number; employers by theirs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Names:
    """Role names by person id, names by organisation number. Who has no name gets one when first asked for."""

    persons: dict[str, str] = field(default_factory=dict)
    employers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Names:
        """A JSON file with `persons` and `employers`."""
        known = json.loads(path.read_text("utf-8"))
        return cls(known["persons"], known["employers"])

    def person(self, person_id: str) -> str:
        """A role name such as "full-time sick, Kafe", or "person 3"."""
        return self.persons.setdefault(person_id, f"person {len(self.persons) + 1}")

    def employer(self, org_number: str, name: str | None = None) -> str:
        """The employer's name where one is known, else its number, which is public."""
        if name is not None:
            self.employers.setdefault(org_number, name.strip())
        return self.employers.get(org_number, f"employer {org_number}")

    def renumber(self, old: str, new: str) -> None:
        """The same person by another number."""
        self.persons[new] = self.person(old)
