"""A node type of the tests' own: it does what the test says, and leaves a line in a file for every time that it ran."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nexod.kernel import run_port
from nexod.kernel.errors import Unavailable
from workflows.nodes import registry
from workflows.nodes.base import Json, NodeCall, NodeResult, NodeType

behaviours: dict[str, Callable[[NodeCall], Any]] = {}


class ProbeNode(NodeType):
    """``{"does": name in behaviours}``, or for workers: append to ``log``, then work ``seconds``, or fail ``failures`` times.

    It begins when the file ``gate`` is there. Where the file ``poison`` exists it ends the process, as a step does that takes
    all memory.
    """

    type = "probe"
    title = "Probe"
    description = "For tests."
    schema = {"type": "object"}

    def run(self, call: NodeCall) -> NodeResult:
        if "does" in call.config:
            return NodeResult({"gave": behaviours[call.config["does"]](call)})
        log = Path(call.config["log"])
        with log.open("a") as file:
            file.write(f"{call.node}\n")
        if Path(call.config.get("poison", log.parent / "none")).exists():
            os.kill(os.getpid(), signal.SIGKILL)
        times = log.read_text().splitlines().count(call.node)
        if times <= call.config.get("failures", 0):
            raise Unavailable("The probe is out of order.")
        while not Path(call.config.get("gate", log)).exists():
            run_port.check_cancelled()
            time.sleep(0.02)
        if "held_s" in call.config and times == 1:
            _hold(call, log, call.config["held_s"])
        _work(call.config.get("seconds", 0), patient=call.config.get("patient", True))
        return NodeResult({"times": times})


def _hold(call: NodeCall, log: Path, seconds: float) -> None:
    """Lock the run's row for so long, as a worker does for a moment in which it may be frozen."""
    from django.db import transaction

    from workflows.models import Run

    with transaction.atomic():
        Run.objects.select_for_update().get(pk=call.run_id)
        with log.open("a") as file:
            file.write(f"{call.node}-locks\n")
        time.sleep(seconds)


def _work(seconds: float, *, patient: bool) -> None:
    """Take the time; a patient probe asks now and then whether it is still wanted, as the gateway does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if patient:
            run_port.check_cancelled()
        time.sleep(0.02)


def register() -> None:
    """Make the type known in this process."""
    registry._TYPES.setdefault("probe", ProbeNode())


@contextmanager
def registered() -> Iterator[dict[str, Callable[[NodeCall], Any]]]:
    """Make the type known inside the block, and give the behaviours to fill."""
    register()
    try:
        yield behaviours
    finally:
        behaviours.clear()
        registry._TYPES.pop("probe", None)


def probe(id_: str, does: str = "", /, *, more: Json | None = None, **config: Any) -> Json:
    """Return a probe node; ``more`` is beside the config: retry, timeout_s."""
    return {"id": id_, "type": "probe", "config": {**({"does": does} if does else {}), **config}, **(more or {})}
