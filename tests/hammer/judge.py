"""Counts what each kind of load did, and every mark that was found where it does not belong."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.hammer.marks import numbers
from tests.hammer.resident import Resident

_SCHEMA = re.compile(rb"t_[0-9a-f]{10}(?![0-9a-f])")
EXAMPLES = 20


@dataclass
class Tally:
    """What became of one kind's requests."""

    requests: int = 0
    good: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    leaks: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Leak:
    """Something of ``of`` that was found where only ``at`` may be."""

    kind: str
    at: int
    of: int
    where: str

    def __str__(self) -> str:
        return f"{self.kind}: tenant {self.at} was shown or given something of tenant {self.of} ({self.where})"


class Judge:
    """Knows whose each mark and each schema is."""

    def __init__(self, residents: Iterable[Resident]) -> None:
        self._schemas = {resident.schema.encode(): resident.number for resident in residents}
        self.tallies: defaultdict[str, Tally] = defaultdict(Tally)
        self.leaks: list[Leak] = []
        self.faults: Counter[str] = Counter()

    @property
    def requests(self) -> int:
        """How many there were."""
        return sum(tally.requests for tally in self.tallies.values())

    @property
    def leak_count(self) -> int:
        """How many leaks there were, however few of them are told."""
        return sum(tally.leaks for tally in self.tallies.values())

    def asked(self, kind: str) -> None:
        """Count a request."""
        self.tallies[kind].requests += 1

    def read(self, kind: str, at: int, text: bytes | str, where: str, *, expects_own: bool = True) -> None:
        """Count a good answer, a leak, or an anomaly: an answer that should carry its own tenant's mark and does not."""
        seen = self.look(kind, at, text, where)
        if expects_own and at not in seen:
            self.fail(kind, f"nothing of its own: {where}")
        elif seen <= {at}:
            self.tallies[kind].good += 1

    def look(self, kind: str, at: int, text: bytes | str, where: str) -> set[int]:
        """Count what is another's in the text, and nothing else; return whose marks there are."""
        seen = self.whose(text)
        for other in seen - {at}:
            self.leak(kind, at, other, where)
        return seen

    def whose(self, text: bytes | str) -> set[int]:
        """Return the numbers of the tenants whose marks or schemas are in the text."""
        body = text.encode() if isinstance(text, str) else text
        named = {self._schemas[name] for name in _SCHEMA.findall(body) if name in self._schemas}
        return numbers(body) | named

    def good(self, kind: str) -> None:
        """Count an answer that was as it should be and carries nothing."""
        self.tallies[kind].good += 1

    def fail(self, kind: str, why: str) -> None:
        """Count a request that brought nothing to judge."""
        self.tallies[kind].failed[why] += 1

    def leak(self, kind: str, at: int, of: int, where: str, *, times: int = 1) -> None:
        """Count a leak, and keep the first few."""
        self.tallies[kind].leaks += times
        if len(self.leaks) < EXAMPLES:
            self.leaks.append(Leak(kind, at, of, where))

    def as_dict(self) -> dict[str, Any]:
        """Return the counts for who reads them as JSON."""
        kinds = {
            kind: {"requests": tally.requests, "good": tally.good, "failed": dict(tally.failed), "leaks": tally.leaks}
            for kind, tally in self.tallies.items()
        }
        examples = [str(leak) for leak in self.leaks]
        return {"requests": self.requests, "leaks": self.leak_count, "kinds": kinds, "examples": examples}
