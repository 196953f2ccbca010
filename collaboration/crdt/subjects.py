"""What a shared document can be about: each kind registers who may read and write it, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from nexod.kernel.errors import NotFound

NAME = re.compile(r"(?P<kind>[a-z]{1,20}):(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\Z")


def _nothing(pk: UUID) -> None:
    """Most kinds need not be told."""


@dataclass(frozen=True)
class Subject:
    """A kind of documents, named ``<kind>:<id of the row>``. All of its functions are called inside the tenant.

    ``require`` raises NotFound unless the row is there. ``first`` returns the Yjs update that a new document begins with, and
    locks the row that it is made from until the transaction ends. ``settled`` is called when a room opens, and soon after editors
    changed something, once for many changes; what it returns is shown to all editors as the state of client 0. ``needed`` returns
    up to which update the log has been made use of: what is beyond stays in it (None: nothing has to stay).
    """

    kind: str
    read: str
    write: str
    require: Callable[[UUID], object]
    first: Callable[[UUID], bytes] = field(default=lambda pk: b"")
    settled: Callable[[UUID], dict[str, Any] | None] = _nothing
    needed: Callable[[UUID], int | None] = _nothing


_subjects: dict[str, Subject] = {}


def register(subject: Subject) -> None:
    """Let documents of this kind be opened."""
    _subjects[subject.kind] = subject


def subject_of(name: str) -> tuple[Subject, UUID]:
    """Return the kind of the document and the id of its row; raise NotFound for a name that no document can have."""
    match = NAME.match(name)
    if match is None or match["kind"] not in _subjects:
        raise NotFound("There is no such document.")
    return _subjects[match["kind"]], UUID(match["id"])
