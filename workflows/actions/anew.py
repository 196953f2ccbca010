"""Which steps of a failed run are done anew when a person lets it go on, and what may be put in place of an output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from nexod.kernel import events
from nexod.kernel.errors import InvalidInput
from workflows.actions.undoing import ended_at_seq
from workflows.definitions import Definition
from workflows.definitions.graph import Graph
from workflows.definitions.reading import bounds
from workflows.json_text import json_text
from workflows.models import Effect, Run, RunEvent, Step
from workflows.nodes import registry
from workflows.schemas import complaints

Json = dict[str, Any]
Costs = dict[str, tuple[int, int]]


class History:
    """What came after what in a run, read once: the steps that count, undos left out, in the order in which they began."""

    def __init__(self, run: Run, definition: Definition) -> None:
        self._run = run
        self.steps = list(run.steps.standing().filter(undoes=None).order_by("created_at", "id"))
        self._graph = Graph(definition)
        self._began, self._ended = _began_at_seq(run), ended_at_seq(run)
        undone = run.steps.filter(undoes__isnull=False, status=Step.Status.COMPLETED)
        self._undone = frozenset(undone.values_list("undoes", flat=True))

    def anew_from(self, node: str) -> list[Step]:
        """Return the steps that are not kept: the newest of ``node`` and what was undone, and all that came after these.

        Raises InvalidInput when the run has no step of ``node``; an empty one is where the run failed.
        """
        roots = [step for step in self.steps if step.pk in self._undone]
        if node:
            chosen = [step for step in self.steps if step.node == node]
            if not chosen:
                raise _refused("node", f"The run has no step of a node {node!r}.")
            roots.append(chosen[-1])
        ends = [(self._graph.reachable(root.node), self._ended.get(str(root.pk))) for root in roots]
        return [step for step in self.steps if step in roots or self._is_after(step, ends)]

    def newest(self) -> list[Step]:
        """Return the newest step of each node, in the order in which they began."""
        return sorted({step.node: step for step in self.steps}.values(), key=lambda step: (step.created_at, step.pk))

    def costs(self) -> Costs:
        """Return for each node how many steps are done anew when the run goes on from there, and how much they did outside."""
        outside = self._run.effects.exclude(kind=Effect.Kind.MODEL).exclude(status=Effect.Status.FAILED)
        done = Counter(outside.values_list("step", flat=True))
        anew = {node: self.anew_from(node) for node in {step.node for step in self.steps}}
        return {node: (len(steps), sum(done[step.pk] for step in steps)) for node, steps in anew.items()}

    def _is_after(self, step: Step, ends: list[tuple[frozenset[str], int | None]]) -> bool:
        began = self._began.get(str(step.pk), 0)
        return any(ended is not None and step.node in reached and began > ended for reached, ended in ends)


def edited(definition: Definition, kept: list[Step], outputs: Mapping[str, Json]) -> dict[Step, Json]:
    """Return the newest step of each node in ``outputs`` with the output that is to stand there.

    Raises InvalidInput with the field of each that cannot be: no such step is kept, the node chooses a way by what it
    gives, the value does not fit the node's type, or is larger than a run's state may be.
    """
    newest = {step.node: step for step in kept}
    found = {}
    for node, value in outputs.items():
        step = newest.get(node)
        if step is None or step.status not in (Step.Status.COMPLETED, Step.Status.FAILED):
            raise _refused(f"outputs.{node}", "There is no step of this node whose output would be used.")
        if definition.routes(node):
            raise _refused(f"outputs.{node}", "This node chooses the way on; let it be done anew instead.")
        _require_fit(definition, node, value)
        found[step] = value
    return found


def _require_fit(definition: Definition, node: str, value: object) -> None:
    if not isinstance(value, dict) or (strange := bounds(value)):
        raise _refused(f"outputs.{node}", strange[0].message if isinstance(value, dict) else "This is a JSON object.")
    if len(json_text(value)) > settings.NEXOD_MAX_STATE_BYTES:
        raise _refused(f"outputs.{node}", f"This is larger than {settings.NEXOD_MAX_STATE_BYTES:,} characters.")
    config = definition.by_id[node]
    found = complaints(value, registry.get(config.type).output(config.config))
    if found:
        at = [{**item, "field": f"outputs.{node}.{item['field']}".rstrip(".")} for item in found]
        raise InvalidInput(f"{at[0]['field']}: {at[0]['message']}", details=at)


def _began_at_seq(run: Run) -> dict[str, int]:
    """Return for each step, by its id, the number of the event that told of its beginning."""
    told = RunEvent.objects.filter(run=run.pk, type=events.StepStarted.type).order_by("-seq")
    return dict(told.values_list("data__step", "seq"))


def _refused(field: str, message: str) -> InvalidInput:
    return InvalidInput(f"{field}: {message}", details=[{"field": field, "message": message}])
