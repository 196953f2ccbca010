"""Model calls that no run makes: texts of documents and of searches become vectors. Whoever knows budgets counts these, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nexod.kernel import run_port
from nexod.kernel.run_port import RunPort

Accounts = Callable[[str], RunPort]
"""Makes, for the id of a person (empty: nobody), what stands in place of a run: it holds room in budgets, and pays."""
_accounts: list[Accounts] = []


def register(accounts: Accounts) -> None:
    """Let these keep account; registered again, the newest do."""
    _accounts[:] = [accounts]


@contextmanager
def accounted(user: str = "") -> Iterator[None]:
    """Hold the calls inside the block to the budgets of the workspace and of ``user``, and count them; a run does so itself."""
    if run_port.current() is not None:
        yield
        return
    with run_port.use(_accounts[0](user)):
        yield
