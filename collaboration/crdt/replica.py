"""One document as a process has it. What strangers send is applied here before others see it: what breaks, breaks here.

An update counts only when it can be applied whole: nothing waits inside for something else that may never come.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pycrdt

from collaboration.crdt.committed import document_of, is_refusal
from collaboration.crdt.grammar import require_sound
from collaboration.crdt.reader import Malformed, Reader
from nexod.kernel.errors import Conflict, Unavailable

NO_STRUCTS = 0
EMPTY = b"\x00\x00"
# Longer state vectors are not read for every update.
QUICK = 2_000


class Incomplete(Conflict):
    """The update builds on one that is not here."""

    code = "incomplete"


class Replica:
    """A Yjs document. When it ``is_spoilt`` by an update that was refused, another has to be made."""

    def __init__(self, updates: Iterable[bytes]) -> None:
        self.is_spoilt = False
        self._document: pycrdt.Doc[Any] = document_of(list(updates))
        self._changes: list[bytes] = []
        self._observed = self._document.observe(lambda event: self._changes.append(event.update))

    def vector(self) -> bytes:
        """Return what it has, as a state vector."""
        return self._document.get_state()

    def whole(self) -> bytes:
        """Return all of it as one update."""
        return self._document.get_update()

    def beyond(self, vector: bytes) -> bytes:
        """Return what somebody with this state vector lacks; raise Malformed."""
        try:
            return self._document.get_update(vector)
        except ValueError as error:
            raise Malformed from error

    def apply(self, update: bytes) -> None:
        """Apply an update that is committed; raise Unavailable when only a document that is made anew can do without it."""
        try:
            self._document.apply_update(update)
        except BaseException as error:
            self.is_spoilt = True
            if is_refusal(error):
                raise Unavailable("A change could not be read.") from error
            raise
        self._changes.clear()

    def change(self, update: bytes) -> bytes:
        """Apply a stranger's update, and return what it really changed, b"" when it changed nothing.

        It has to be sound (``grammar``). Raises Malformed, or Incomplete when some builds on what the document does not have.
        """
        self._require_next(update)
        self.is_spoilt = True
        try:
            changed = self._changed(update)
        except BaseException as error:
            if is_refusal(error):
                raise Malformed from error
            raise
        self.is_spoilt = False
        return changed

    def _require_next(self, update: bytes) -> None:
        """Raise Incomplete for what begins beyond what the document has: seen here, it spoils nothing."""
        vector, reader = self.vector(), Reader(update)
        if reader.number() == NO_STRUCTS or len(vector) > QUICK:
            return
        reader.number()
        client, clock = reader.number(), reader.number()
        if clock > clocks_of(vector).get(client, 0):
            raise Incomplete

    def _changed(self, update: bytes) -> bytes:
        self._document.apply_update(update)
        changes, self._changes[:] = list(self._changes), ()
        changed = pycrdt.merge_updates(*changes) if len(changes) > 1 else changes[0] if changes else b""
        if changed != update:
            # It was cut where it overlaps what is known, which can leave nothing between two halves of a character.
            require_sound(changed or EMPTY)
            self._require_complete(update)
        return changed

    def _require_complete(self, update: bytes) -> None:
        """Raise Incomplete when not all of the update is in the document now."""
        vector = self.vector()
        rest = Reader(pycrdt.get_update(update, vector))
        if rest.number() != NO_STRUCTS:
            raise Incomplete
        if rest.is_at_end:
            return
        clocks = clocks_of(vector)
        for client, end in deleted_ends(rest):
            if end > clocks.get(client, 0):
                raise Incomplete


def clocks_of(vector: bytes) -> dict[int, int]:
    """Return a state vector as a dict."""
    reader = Reader(vector)
    return {reader.number(): reader.number() for _ in range(reader.number())}


def deleted_ends(reader: Reader) -> Iterable[tuple[int, int]]:
    """Yield of each range of a delete set its client and its end."""
    for _ in range(reader.number()):
        client = reader.number()
        for _ in range(reader.number()):
            yield client, reader.number() + reader.number()
