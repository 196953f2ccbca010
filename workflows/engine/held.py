"""What instant steps write is held for a moment: a chain of them costs one statement, and a power cut costs their instants."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from nexod.kernel.events import Event
from workflows.actions.statements import Along

MOST = 32
LONGEST_S = 0.025


@dataclass(slots=True)
class Held:
    """Events and rows in their order, until whatever is written next, or the stretch's end, takes them along."""

    told: list[Event] = field(default_factory=list)
    along: list[Along] = field(default_factory=list)
    _since: float = 0.0

    def add(self, told: Sequence[Event], along: Sequence[Along]) -> bool:
        """Keep them; True when it is time to write, for whoever watches or for the statement's size."""
        now = time.monotonic()
        if not self.told:
            self._since = now
        self.told += told
        self.along += along
        return len(self.along) >= MOST or now - self._since >= LONGEST_S

    def take(self) -> tuple[list[Event], list[Along]]:
        """Return all that is kept, and keep nothing."""
        taken = self.told, self.along
        self.told, self.along = [], []
        return taken
