"""kill -9 of workers at random moments of runs that ask a model and do things outside: nothing is lost, doubled or paid twice."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from tests.faults import LONG, Start, World, figure, how_many, numbered, percentile, start
from tests.front_door import Door
from tests.model_server import Text
from tests.workbench import Bench, definition, node, output, text
from tests.worker import Worker

__all__ = ["start"]
LEASE_S = 2.0
WORKERS, AT_ONCE = 3, 7
SEED = 20
QUIET_S = 60.0
# A machine that is busy with other tests is given more time; ``make faults`` is not.
SLACK_S = 0.0 if LONG in os.environ else 8.0


def document(world: World) -> Any:
    """A run that thinks, tells a service that knows about repetitions, thinks again, and tells one that does not."""
    body = {"method": "POST", "json": "{'run': run.id}"}
    return definition(
        [
            text("before"),
            node("think", "llm", {"prompt": "think {{ run.id }}"}),
            node("tell", "http", {**body, "url": world.sink.url("/knows"), "idempotent": True}),
            node("rethink", "llm", {"prompt": "rethink {{ run.id }} {{ nodes.think.text }}"}),
            node("pay", "http", {**body, "url": world.sink.url("/forgets"), "idempotent": False}),
            output(said="{{ nodes.rethink.text }}"),
        ]
    )


def test_workers_that_are_killed_lose_double_and_repay_nothing(
    bench: Bench, start: Start, world: World, door: Door, settings: Any
) -> None:
    settings.NEXOD_EGRESS_ALLOW = [world.model.address, world.sink.address]
    world.model.always(Text("A thought.", wait_s=0.15))
    door.connect(world.model.base_url)
    storm = Storm(bench, start, bench.workflow(document(world)), world)
    storm.rage(how_many(12))
    storm.judge()


def _started(bench: Bench, workflow: Any) -> UUID:
    from workflows.actions.runs import start_run

    with bench.inside():
        return start_run(actor=bench.user(), workflow=workflow, inputs={}).id


class Storm:
    """Kills a worker every now and then until every run is over, and answers what people are asked meanwhile."""

    def __init__(self, bench: Bench, start: Start, workflow: Any, world: World) -> None:
        self.bench = bench
        self.start: Callable[[], Worker] = lambda: start(lease_s=LEASE_S, threads=4, max_lost_workers=100)
        self.workflow = workflow
        self.runs: list[UUID] = []
        self.world = world
        self.random = random.Random(SEED)
        self.kills = 0
        self.asked = 0
        self.struck: dict[UUID, tuple[float, int]] = {}
        self.latencies: list[float] = []

    def rage(self, count: int) -> None:
        """Strike at random moments, but let somebody get a step further in between: the machine may be slow.

        No more runs are begun than two workers have slots for: it is measured how soon a run is taken up, not how long a
        queue is.
        """
        workers = [self.start() for _ in range(WORKERS)]
        quiet_since, done, aim = time.monotonic(), 0, 1
        strike_at = float("inf")
        while (left := self._left()) or len(self.runs) < count:
            if len(left) < AT_ONCE and len(self.runs) < count:
                self.runs.append(_started(self.bench, self.workflow))
            assert time.monotonic() - quiet_since < QUIET_S, f"{len(self._left())} runs do not move: {self._stuck()}"
            self._answer()
            self._note_resumed()
            if (now_done := self._steps_done()) > done:
                done, quiet_since = now_done, time.monotonic()
            if done >= aim and strike_at == float("inf"):
                strike_at = time.monotonic() + self.random.uniform(0, 0.8)
            if time.monotonic() > strike_at:
                self._strike(workers)
                strike_at, aim = float("inf"), done + self.random.randint(1, 8)
            time.sleep(0.02)
        self._note_resumed()

    def _steps_done(self) -> int:
        from workflows.models import Step

        with self.bench.inside():
            return Step.objects.filter(run__in=self.runs, status="completed").count()

    def _strike(self, workers: list[Worker]) -> None:
        victim = workers.pop(0)
        at_work = self._at_work_by(victim)
        victim.kill()
        self.kills += 1
        now = time.monotonic()
        for run, token in at_work.items():
            self.struck.setdefault(run, (now, token))
        workers.append(self.start())

    def _tickets(self) -> list[Any]:
        from tenants.context import enter_platform
        from tenants.models import RunTicket

        with enter_platform():
            return list(RunTicket.objects.filter(run__in=self.runs))

    def _at_work_by(self, worker: Worker) -> dict[UUID, int]:
        tickets = [ticket for ticket in self._tickets() if ticket.worker.endswith(f":{worker.pid}")]
        return {ticket.run: ticket.token for ticket in tickets if ticket.state == "claimed"}

    def _note_resumed(self) -> None:
        if not self.struck:
            return
        now = time.monotonic()
        for ticket in self._tickets():
            struck_at, token = self.struck.get(ticket.run, (0.0, 0))
            if struck_at and (ticket.token > token or ticket.state == "done"):
                del self.struck[ticket.run]
                if ticket.token > token:
                    self.latencies.append(now - struck_at)

    def _left(self) -> list[UUID]:
        from workflows.models import Run

        with self.bench.inside():
            return list(Run.objects.active().filter(pk__in=self.runs).values_list("pk", flat=True))

    def _answer(self) -> None:
        """Do what a person does who is asked whether a payment happened: look at the other side."""
        from workflows.models import Approval

        with self.bench.inside():
            asked = list(Approval.objects.pending().filter(run__in=self.runs).values_list("run_id", flat=True))
        for run in asked:
            self.asked += 1
            happened = any(seen.json["run"] == str(run) for seen in self.world.sink.requests if seen.path == "/forgets")
            self.bench.decide(run, "happened" if happened else "again")

    def _stuck(self) -> list[Any]:
        return [(self.bench.types(run)[-4:], self.bench.ticket(run).state) for run in self._left()[:5]]

    def judge(self) -> None:
        lost = [run for run in self.runs if self.bench.run(run).status != "completed"]
        doubled = self._doubled()
        repaid = sum(self._repaid(run) for run in self.runs)
        p50, p99 = percentile(self.latencies, 0.5), percentile(self.latencies, 0.99)
        figure(
            "kill -9",
            runs=len(self.runs), kills=self.kills, cut_off=len(self.latencies), lost=len(lost), duplicated=doubled,
            repaid=repaid, asked_a_person=self.asked, resume_p50_s=p50, resume_p99_s=p99,
        )  # fmt: skip
        assert not lost, [self.bench.run(run).error for run in lost[:3]]
        assert (doubled, repaid) == (0, 0)
        assert self.kills >= 2
        assert p99 < LEASE_S + 2 + SLACK_S
        assert all(numbered(self.bench, run) for run in self.runs)

    def _doubled(self) -> int:
        """Return how many things happened twice: a service that knows about repetitions tells them by their key."""
        seen = [found for found in self.world.sink.requests if found.json.get("run") in {str(run) for run in self.runs}]
        knows = Counter(
            found.json["run"] for found in {(s.key, s.json["run"]): s for s in seen if s.path == "/knows"}.values()
        )
        forgets = Counter(found.json["run"] for found in seen if found.path == "/forgets")
        assert len(knows) == len(forgets) == len(self.runs)
        return sum(count - 1 for counts in (knows, forgets) for count in counts.values())

    def _repaid(self, run: UUID) -> int:
        """Return how many of the model's answers that the run had written down were asked for again."""
        called = Counter(event.data["node"] for event in self.bench.events(run) if event.type == "model.called")
        return sum(count - 1 for count in called.values())


@pytest.fixture(autouse=True)
def _quiet_model(world: World) -> None:
    world.model.clear()
