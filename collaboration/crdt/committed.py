"""Documents made of what is committed: what the library cannot take is left out, and ends no process."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pycrdt

from nexod.kernel.errors import NexodError

Doc = pycrdt.Doc[Any]
logger = logging.getLogger(__name__)


class DocumentBroken(NexodError):
    """This document cannot be read any more: what it began with is damaged."""

    code = "document_broken"


def is_refusal(error: BaseException) -> bool:
    """Say whether that is how the library refuses an update. What its native part panics of has no class that could be named."""
    return isinstance(error, ValueError | RuntimeError) or type(error).__name__ == "PanicException"


def document_of(updates: Sequence[bytes]) -> Doc:
    """Return the document of these updates, in their order; raise DocumentBroken when the first of them cannot be taken."""
    return taken(updates)[0]


def taken(updates: Sequence[bytes]) -> tuple[Doc, set[int]]:
    """Return the document, and which of the updates are not in it: who panicked may not be used again, so it begins anew."""
    document, refused = Doc(), set[int]()
    for place, update in enumerate(updates):
        try:
            document.apply_update(update)
        except BaseException as error:
            if not is_refusal(error):
                raise
            if place == 0:
                raise DocumentBroken from error
            logger.error("A committed update is left out", extra={"place": place, "reason": type(error).__name__})
            refused.add(place)
            document, _ = taken([one for number, one in enumerate(updates[:place]) if number not in refused])
    return document, refused
