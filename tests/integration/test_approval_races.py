"""Two acts on one approval at the same moment end as if one had come after the other, whichever they are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from nexod.kernel.errors import NexodError
from tests.faults import until
from tests.integration.test_approval_times import HOUR, later
from tests.panel import Json, Panel, asks, panel, users
from tests.workbench import Bench, output

__all__ = ["panel"]
WAIT_S = 60.0


class Table:
    """One approval that Ann and Ben may decide, and the acts that can meet at it; Cal is who it escalates to."""

    def __init__(self, panel: Panel, quorum: Any, hours: float) -> None:
        self.panel, self.bench = panel, panel.bench
        escalate = [{"after": "1h", "to": {"users": [panel.email("cal")]}, "move": True}]
        due: Json = {"after": "10h", "on_timeout": "reject", "escalate": escalate}
        self.run: UUID = self.bench.ran(asks(users("ann", "ben", quorum=quorum, due=due), output())).id
        self.digest = panel.asked(self.run).digest
        self.codes: dict[str, str] = {}
        later(self.bench, self.run, hours * HOUR)

    def do(self, place: str, act: str) -> None:
        """Do it, and keep the code with which it was refused."""
        try:
            getattr(self, act)()
        except NexodError as error:
            self.codes[place] = error.code
        else:
            self.codes[place] = ""

    def approve(self) -> None:
        self._decide("ann", "approve")

    def reject(self) -> None:
        self._decide("ben", "reject")

    def edit(self) -> None:
        self._decide("ben", "edit", content="Better.")

    def claim(self) -> None:
        from workflows.actions.approvals import claim_approval

        claim_approval(actor=self.panel.user("ben"), approval=self._asked())

    def reassign(self) -> None:
        from workflows.actions.approvals import reassign_approval

        people = {"actor": self.panel.user("ann"), "instead_of": self.panel.user("ann"), "to": self.panel.user("dan")}
        reassign_approval(approval=self._asked(), **people)

    def time(self) -> None:
        """What is due then: it is escalated, or it times out."""
        from workflows.actions.approval_times import approval_due

        approval_due(approval_id=self._asked().pk)

    def cancel(self) -> None:
        from workflows.actions.runs import cancel_run

        cancel_run(actor=self.bench.user("owner"), run=self.bench.run(self.run))

    def _asked(self) -> Any:
        return self.panel.asked(self.run)

    def _decide(self, name: str, decision: str, **said: str) -> None:
        from workflows.actions.approvals import decide_approval

        actor = self.panel.user(name)
        decide_approval(actor=actor, approval=self._asked(), decision=decision, digest=self.digest, **said)

    def in_a_row(self, first: str, second: str) -> Table:
        for place, act in (("first", first), ("second", second)):
            with self.bench.inside():
                self.do(place, act)
        return self

    def together(self, first: str, second: str) -> Table:
        """Let the second begin when the first is done and not committed: it waits, and finds what the first has left."""
        is_done, may_end = threading.Event(), threading.Event()

        def holds() -> None:
            with self.bench.inside(), transaction.atomic():
                with transaction.atomic():
                    self.do("first", first)
                is_done.set()
                may_end.wait(WAIT_S)

        def comes() -> None:
            with self.bench.inside():
                self.do("second", second)

        holder, comer = threading.Thread(target=holds), threading.Thread(target=comes)
        holder.start()
        try:
            assert is_done.wait(WAIT_S)
            comer.start()
            with self.bench.inside():
                until(_somebody_waits, "the second waits for the first", seconds=WAIT_S)
        finally:
            may_end.set()
            holder.join(WAIT_S)
        comer.join(WAIT_S)
        assert not comer.is_alive()
        return self

    def stands(self) -> Json:
        """Return how it has ended: what was refused, the row, the record, and what the run told."""
        found = self._asked()
        run = self.bench.advance(self.run)
        told = [type_ for type_ in self.bench.types(self.run) if type_.startswith(("approval.", "run."))]
        return {
            "codes": self.codes,
            "row": (
                found.status,
                found.decision,
                found.round,
                str(found.decided_by or ""),
                str(found.assigned_to or ""),
            ),
            "votes": found.votes.count(),
            "record": self.panel.entries(self.run),
            "run": (run.status, sorted(told)),
        }


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


EVERY = ("approve", "edit", "claim", "reassign", "time", "cancel")
VOTES = ("approve", "edit", "reassign", "time")
# Hours that have passed: with two the escalation is due, which takes it from Ann and Ben; with eleven its own time is over.
MEETINGS = [
    (quorum, first, second, hours)
    for quorum, acts in (("any", EVERY), (2, VOTES))
    for first, second in product(acts, (*acts, "reject"))
    for hours in ((2, 11) if "time" in (first, second) else (0,))
]


@pytest.mark.parametrize(("quorum", "first", "second", "hours"), MEETINGS)
def test_what_comes_together_ends_as_what_comes_in_a_row(
    bench: Bench, panel: Panel, quorum: Any, first: str, second: str, hours: int
) -> None:
    def end(how: Callable[[Table], Table]) -> Json:
        with bench.inside():
            return how(Table(panel, quorum, hours)).stands()

    together = end(lambda table: table.together(first, second))
    assert together == end(lambda table: table.in_a_row(first, second))
    decided = [kind for kind, *_ in together["record"]].count("decided")
    assert decided == (together["row"][0] == "decided")
    assert together["codes"]["first"] == ""
