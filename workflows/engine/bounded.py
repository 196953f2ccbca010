"""Work that may take its time runs in a thread of its own, so that a cancelled or late step is given up at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from typing import TypeVar

from nexod.kernel.run_port import RunWasCancelled
from nexod.kernel.sandbox import looking
from tenants.context import release_connections
from workflows.engine.reins import Reins
from workflows.errors import BranchStopped, StepTimedOut

T = TypeVar("T")
LOOK_EVERY_S = 0.25


def bounded(
    work: Callable[[], T],
    reins: Reins,
    *,
    timeout_s: float | None,
    name: str,
    unneeded: Callable[[], bool] | None = None,
) -> T:
    """Return what ``work`` returns, or raise what it raises, StepTimedOut, BranchStopped, or the reason why the run stops.

    What is given up goes on in its thread until its next check, also while a child computes for it; its port is closed by
    then. While it works, neither thread holds a database connection.
    """
    release_connections()
    future: Future[T] = Future()
    given_up = threading.Event()
    ends_at = time.monotonic() + (float("inf") if timeout_s is None else timeout_s)
    target = copy_context().run
    threading.Thread(target=target, args=(_carry, future, work, given_up), name=name, daemon=True).start()
    try:
        while not wait([future], timeout=LOOK_EVERY_S).done:
            reins.look()
            if unneeded is not None and unneeded():
                raise BranchStopped
            if time.monotonic() > ends_at:
                raise StepTimedOut(f"The step took longer than {timeout_s:g} s.", details={"timeout_s": timeout_s})
    finally:
        given_up.set()
    return future.result()


def _carry(future: Future[T], work: Callable[[], T], given_up: threading.Event) -> None:
    def look() -> None:
        if given_up.is_set():
            raise RunWasCancelled

    try:
        with looking(look):
            result = work()
    except BaseException as error:  # noqa: BLE001  it is raised again where the result is waited for
        future.set_exception(error)
    else:
        future.set_result(result)
    finally:
        release_connections()
