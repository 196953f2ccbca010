"""How much one document may cost. Generous for a long book, far below what would hurt a neighbour."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one document: pages and characters that come out, processor and clock seconds, memory of the child."""

    pages: int = 3_000
    characters: int = 25_000_000
    cpu_s: int = 60
    wall_s: float = 150.0
    memory_bytes: int = 1024 * 1024 * 1024

    def as_dict(self) -> dict[str, float]:
        """Return JSON values that the constructor takes back."""
        return asdict(self)
