"""What a model says while it says it: passed on to whoever watches, a few times a second, and kept nowhere."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from nexod.kernel import topics
from tenants.context import current_tenant

EVERY_S = 0.05
LONGEST_PIECE = 4_000  # characters; of more that came at once the end is told


@dataclass(slots=True)
class _Speech:
    """One agent's present answer: how much of it was passed on, what was not yet, and when that was."""

    told: int = 0
    pending: str = ""
    told_at: float = 0.0


class Voice:
    """The voice of one step. What is said faster than every EVERY_S is passed on together."""

    def __init__(self, run_id: str, node: str, step: str) -> None:
        self._topic_of, self._about = run_id, {"node": node, "step": step}
        self._speeches: dict[str, _Speech] = {}
        self._lock = threading.Lock()

    def say(self, text: str, agent: str) -> None:
        """Pass on the next piece of the agent's answer; an empty text begins a new answer."""
        with self._lock:
            speech = self._speeches.setdefault(agent, _Speech())
            if not text:
                self._speeches[agent] = _Speech()
                if speech.told or speech.pending:
                    self._publish(agent, 0, "")
                return
            speech.pending += text
            if time.monotonic() - speech.told_at >= EVERY_S:
                self._tell(agent, speech)

    def finish(self) -> None:
        """Pass on what is still held back."""
        with self._lock:
            for agent, speech in self._speeches.items():
                if speech.pending:
                    self._tell(agent, speech)

    def _tell(self, agent: str, speech: _Speech) -> None:
        piece = speech.pending[-LONGEST_PIECE:]
        speech.told += len(speech.pending)
        self._publish(agent, speech.told - len(piece), piece)
        speech.pending, speech.told_at = "", time.monotonic()

    def _publish(self, agent: str, at: int, text: str) -> None:
        """``at`` is where the piece belongs in the answer, so that who missed one notices; 0 is a new answer."""
        said = {**self._about, "agent": agent, "at": at, "text": text}
        topics.publish(topics.run_topic(current_tenant().pk, self._topic_of), {"events": [], "text": said})
