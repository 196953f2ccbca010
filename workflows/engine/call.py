"""What a node gets when it runs: its config, what expressions see, and what it may ask of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from nexod.kernel.happenings import Happening, tell
from nexod.kernel.identifiers import new_id
from tenants.accounts.models import User
from workflows.engine.parts import Execute, Parts
from workflows.engine.port import Port
from workflows.engine.record import Record
from workflows.errors import EventTooLarge
from workflows.json_text import json_text, storable
from workflows.models import Artifact
from workflows.nodes.base import Answer, Question

Json = dict[str, Any]
MAX_EVENT = 50_000


class Call:
    """``workflows.nodes.base.NodeCall`` of one attempt of one step."""

    def __init__(self, record: Record, values: Json, port: Port, execute: Execute) -> None:
        self._record = record
        self._execute = execute
        self._port = port
        self.artifacts: list[Artifact] = []
        self.run_id = str(record.step.run_id)
        self.step_id = str(record.step.id)
        self.node = record.plan.id
        self.visit = record.step.visit
        self.config = record.plan.node.config
        self.values = values
        port.see(values)
        self.routes = record.plan.routes
        self.arrived = record.arrived

    def ask(self, question: Question) -> Answer:
        """Return what a person decided; park the run until somebody has."""
        return self._port.ask(replace(question, within_s=self._record.plan.limits_waits_s))

    def wait_until(self, at: datetime) -> None:
        """Return when the time has come; park the run until then."""
        self._port.waits.until(at)

    def wait_for_callback(self, *, timeout_s: float | None = None) -> tuple[bool, Any]:
        """Return whether the callback of this node came in time, and what it brought; park the run until either."""
        return self._port.waits.callback(timeout_s=timeout_s)

    def call_workflow(self, workflow: str, inputs: Json) -> Json:
        """Return the outputs of a run of its own of that workflow; park the run until it is over."""
        return self._port.call_workflow(workflow, inputs)

    def members(self, *, addresses: Sequence[str] = (), roles: Sequence[str] = ()) -> list[str]:
        """Return the addresses of active members by address or role, each once, in the order of the alphabet."""
        wanted = Q(email__in=addresses) | Q(groups__name__in=roles)
        rows = User.objects.filter(wanted, is_active=True).order_by("email")
        return list(rows.values_list("email", flat=True).distinct())

    def announce(self, event: str, data: Json) -> None:
        """Tell the tenant that something happened. Told again it has the same key, by which it counts once."""
        run = self._record.drive.run
        text = json_text(data)
        if len(text) > MAX_EVENT:
            raise EventTooLarge(f"What comes with an event has {MAX_EVENT:,} characters at most, not {len(text):,}.")
        told = {"name": event, "data": data, "run": self.run_id, "depth": run.depth}
        with transaction.atomic():
            tell(Happening("event.emitted", self.step_id, told))

    def each(
        self, node: str, items: Sequence[Any], *, at_once: int, stops: bool
    ) -> tuple[list[Json | None], list[Json]]:
        """Return what the node gave for every item, in their order, and what failed."""
        plan = self._record.drive.plan
        assert plan is not None
        return Parts(self._record, plan.nodes[node], self.values, self._execute).work(
            items, at_once=at_once, stops=stops
        )

    def publish(self, *, name: str, media_type: str, content: str) -> str:
        """Return the id of a new artifact, which is stored together with the end of the step."""
        if self.artifacts:
            raise RuntimeError(f"The node {self.node!r} published twice; a step has one artifact.")
        text = storable(content)
        artifact = Artifact(
            id=new_id(),
            run_id=self._record.step.run_id,
            step=self._record.step,
            name=storable(name)[:200],
            media_type=media_type,
            content=text,
            bytes=len(text.encode()),
        )
        self.artifacts.append(artifact)
        return str(artifact.id)
