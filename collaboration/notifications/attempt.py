"""What came of one attempt to deliver, over HTTP or SMTP."""

from __future__ import annotations

from dataclasses import dataclass

GONE = 410


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of it: the ``status`` of the answer, 0 when there was none, and the beginning of its text."""

    status: int
    seconds: float
    excerpt: str = ""
    error: str = ""
    retry_after_s: float = 0.0
    is_final: bool = False
    """The receiver says that trying again is no use."""

    @property
    def is_taken(self) -> bool:
        """Say whether the receiver has it."""
        return 200 <= self.status < 300
