"""Why something failed, as people and programs are told."""

from __future__ import annotations

from nexod.kernel.errors import NexodError
from nexod.kernel.events import Reason


def at_node(error: Exception, node: str) -> Exception:
    """Return the error with a note of where it happened, for ``reason_of``."""
    error.node = node  # type: ignore[attr-defined]
    return error


def reason_of(error: BaseException) -> Reason:
    """Return what people and programs are told of an error; what is not ours is told by its name only."""
    node, attempts = str(getattr(error, "node", "")), int(getattr(error, "attempts", 0))
    if isinstance(error, NexodError):
        told = error.as_dict()
        details = told["details"]
        return Reason(code=told["code"], message=told["message"], node=node, attempts=attempts, details=details)
    message = f"Something went wrong inside Nexod ({type(error).__name__}). The log has the details."
    return Reason(code="internal", message=message, node=node, attempts=attempts)
