"""What all savers of ours are."""

from __future__ import annotations

import copy
import random
from collections.abc import Collection
from typing import Any, Self

from langgraph.checkpoint.base import BaseCheckpointSaver

from workflows.engine.checkpoints.packing import Packer
from workflows.engine.checkpoints.serde import StrictSerde


class Saver(BaseCheckpointSaver[str]):
    """Strict about types, with versions that no two forks of a thread give twice."""

    serde: StrictSerde

    def __init__(self) -> None:
        super().__init__(serde=StrictSerde())

    @property
    def packer(self) -> Packer:
        """Return what packs by this saver's table of types."""
        return Packer(self.serde)

    def with_allowlist(self, extra_allowlist: Collection[tuple[str, ...]]) -> Self:
        """Return this saver for a graph whose schema has these classes, as (module, name)."""
        clone = copy.copy(self)
        clone.serde = self.serde.allowing(extra_allowlist)
        return clone

    def get_next_version(self, current: Any, channel: None) -> str:
        """Return a version that is greater; the random end tells forks of one thread apart."""
        number = int(str(current).partition(".")[0]) if current else 0
        return f"{number + 1:010d}.{random.getrandbits(48):012x}"
