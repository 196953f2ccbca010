"""Who and what the running code works for: ids only, for logs, the queue and topics. Set by the doors, read by everyone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
tenant: ContextVar[str] = ContextVar("tenant", default="")
run: ContextVar[str] = ContextVar("run", default="")


@contextmanager
def bound(variable: ContextVar[str], value: str) -> Iterator[None]:
    """Give ``variable`` the value inside the block, and its former value afterwards."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def labels() -> dict[str, str]:
    """Return the ids that are set now, by name."""
    found = {"request_id": request_id.get(), "tenant": tenant.get(), "run": run.get()}
    return {name: value for name, value in found.items() if value}
