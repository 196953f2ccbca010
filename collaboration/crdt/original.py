"""The document as one process has it. Between two turns it is exactly what is committed up to ``_seq``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pycrdt
from django.db import DatabaseError

from collaboration.crdt import frames, store
from collaboration.crdt.audience import Audience
from collaboration.crdt.replica import NO_STRUCTS, Replica
from collaboration.crdt.seat import Seat
from nexod.kernel.errors import NexodError, PermissionDenied, TooLarge, Unavailable
from nexod.kernel.hub import Message
from tenants.context import in_tenant
from tenants.models import Tenant

NOTHING = b"\x00"
LOG_ROWS, LOG_BYTES = 2_000, 1024 * 1024
logger = logging.getLogger(__name__)


class Original:
    """``load`` it; then everything that touches it takes a ``turn``, except ``follow`` and ``catch_up``, which take theirs.

    ``begin`` is given work that nobody waits for; ``committed`` is called after each commit of this process.
    """

    def __init__(
        self,
        tenant: Tenant,
        name: str,
        audience: Audience,
        begin: Callable[[Coroutine[Any, Any, None]], object],
        committed: Callable[[], None],
    ) -> None:
        self._tenant, self._name, self._audience = tenant, name, audience
        self._begin, self._committed = begin, committed
        self._turn, self._is_broken = asyncio.Lock(), False
        self._known_at = 0.0

    @property
    def known_for_s(self) -> float:
        """Return how long ago it was certain that nothing was missing."""
        return asyncio.get_running_loop().time() - self._known_at

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Have it alone inside the block. After who fails with it nobody has it: it may say what was never committed."""
        async with self._turn:
            if self._is_broken:
                raise Unavailable("Come again in a moment.")
            try:
                yield
            except BaseException:
                self._is_broken = True
                raise

    async def load(self) -> None:
        """Read it; raise NotFound, Unavailable or what else keeps it from being read."""
        updates, seq, self._size = await in_tenant(self._tenant, store.parts, self._name)
        self._replica = await asyncio.to_thread(Replica, updates)
        self._seq, self.vector = seq, self._replica.vector()
        self._logged_seq = seq - max(len(updates) - 1, 0)
        self._logged_bytes = len(updates[0]) if updates else 0
        self._is_known()

    def change(self, seat: Seat, update: bytes) -> bytes:
        """Apply an editor's update and return what it changed; raise what it is refused for, which may spoil the replica."""
        changed = self._replica.change(update)
        if changed and not seat.may_write:
            self._replica.is_spoilt = True
            raise PermissionDenied("You may only read this document.")
        # What only deletes makes a document smaller, in the end.
        if self._size + len(changed) > store.DOCUMENT_LIMIT and changed[0] != NO_STRUCTS:
            self._replica.is_spoilt = True
            raise TooLarge("The document is larger than 8 MB.")
        self._size += len(changed)
        return changed

    async def restore_if_spoilt(self, changes: Iterable[bytes]) -> None:
        """Make it anew without what spoilt it, and with those changes, which are about to be committed."""
        if not self._replica.is_spoilt:
            return
        seq, vector = self._seq, self.vector
        await self.load()
        if self._seq > seq:
            self._audience.relay(self._replica.beyond(vector), vector)
        for update in changes:
            self._replica.apply(update)
            self._size += len(update)

    async def commit(self, edits: list[store.Edit]) -> None:
        """Store what was changed, and only then show it to everybody."""
        updates, kept = await in_tenant(self._tenant, self._keep, edits)
        self._relay(updates, [edit.update for edit in edits])
        self._seq, self._size = kept.seq, kept.size
        self._is_known()
        self._committed()
        self._compact_if_long()

    def answer(self, seat: Seat, vector: bytes | None) -> int:
        """Send an editor what it lacks, and return how many bytes that is; raise Malformed."""
        lacking = self._replica.beyond(NOTHING if vector is None else vector)
        seat.has_asked = True
        seat.put(frames.answer(lacking), vector)
        return len(lacking)

    async def follow(self, message: Message) -> None:
        """Take what another process committed, if nothing is missing before it."""
        if message["seq"] <= self._seq:
            return
        if "update" not in message or message["before"] != self._seq:
            await self.catch_up()
            return
        async with self.turn():
            if message["before"] == self._seq:
                self._relay([message["update"]])
                self._seq, self._size = message["seq"], message["size"]
                self._is_known()

    async def catch_up(self) -> None:
        """Take what is in the table and not here."""
        async with self.turn():
            updates, seq, self._size = await in_tenant(self._tenant, store.since, self._name, self._seq)
            self._require_ahead(seq)
            self._is_known()
            if seq > self._seq:
                self._relay(updates)
                self._seq = seq

    def _keep(self, edits: list[store.Edit]) -> tuple[list[bytes], store.Kept]:
        """Commit; when others did meanwhile, return what they and we did. For use inside the tenant."""
        kept = store.append_edits(self._name, edits)
        self._require_ahead(kept.before)
        if kept.before == self._seq:
            return [], kept
        updates, seq, size = store.since(self._name, self._seq)
        return updates, kept._replace(seq=seq, size=size)

    def _relay(self, updates: Sequence[bytes], applied: Sequence[bytes] = ()) -> None:
        """Apply what is committed, and show it; where that is nothing new, show what was applied before."""
        for update in updates:
            self._replica.apply(update)
        vector, self.vector = self.vector, self._replica.vector()
        self._audience.relay(merged(updates or applied), vector)

    def _require_ahead(self, seq: int) -> None:
        """Raise Unavailable when the table has less than was committed: whoever comes again brings along what it lost."""
        if seq < self._seq:
            raise Unavailable("The document was set back. Come again in a moment.")

    def _is_known(self) -> None:
        self._known_at = asyncio.get_running_loop().time()

    def _compact_if_long(self) -> None:
        if self._seq - self._logged_seq > LOG_ROWS or self._size - self._logged_bytes > LOG_BYTES:
            self._logged_seq, self._logged_bytes = self._seq, self._size
            self._begin(self._compact(self._replica.whole(), self._seq))

    async def _compact(self, snapshot: bytes, seq: int) -> None:
        try:
            await in_tenant(self._tenant, store.compact, self._name, snapshot, seq)
        except (NexodError, DatabaseError) as error:
            # A log that stays long for a while is no reason to show anybody out.
            logger.warning("A log could not be compacted", extra={"reason": type(error).__name__})


def merged(updates: Sequence[bytes]) -> bytes:
    """Return updates as one."""
    return pycrdt.merge_updates(*updates) if len(updates) > 1 else updates[0]
