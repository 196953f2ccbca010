"""What a node gets when it runs: its config, what expressions see, and the two things it may ask of the engine."""

from __future__ import annotations

from typing import Any

from nexod.kernel.identifiers import new_id
from workflows.engine.port import Port
from workflows.engine.record import Record
from workflows.json_text import storable
from workflows.models import Artifact
from workflows.nodes.base import Answer, Question

Json = dict[str, Any]


class Call:
    """``workflows.nodes.base.NodeCall`` of one attempt of one step."""

    def __init__(self, record: Record, values: Json, port: Port) -> None:
        self._record = record
        self._port = port
        self.artifacts: list[Artifact] = []
        self.run_id = str(record.step.run_id)
        self.step_id = str(record.step.id)
        self.node = record.plan.id
        self.visit = record.step.visit
        self.config = record.plan.node.config
        self.values = values
        self.routes = record.plan.routes

    def ask(self, question: Question) -> Answer:
        """Return what a person decided; park the run until somebody has."""
        return self._port.ask(question)

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
