"""Definition -> LangGraph. The state machine knows ids and JSON only; what a node does is in ``step``."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Annotated, Any, Literal, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt
from langsmith import tracing_context

from workflows.definitions import parse
from workflows.engine.checkpoints.parking import Parking
from workflows.engine.drive import Drive
from workflows.engine.parked import Parked
from workflows.engine.plan import NodePlan, Plan, planned
from workflows.engine.step import Outcome, perform

Json = dict[str, Any]
KEPT_GRAPHS = 128
# What a step gave is committed in its row, which is enough to go on from: after a power cut the graph starts where it parked
# last, or at the inputs, and comes through its committed steps without doing them again. So a step costs one commit. "sync"
# would add a second one, and still leave a moment between the two.
DURABILITY: Literal["exit"] = "exit"


def merged(old: Json, new: Json) -> Json:
    """Return both dictionaries as one: the reducer of what nodes add to the state."""
    return {**old, **new}


class State(TypedDict):
    """What a checkpoint holds: the run's inputs, each node's newest output, and how often each node ran."""

    inputs: Json
    nodes: Annotated[Json, merged]
    visits: Annotated[dict[str, int], merged]


class Graph:
    """A compiled definition. It holds nothing of a run or tenant, so that one serves all who run the same definition."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        builder = StateGraph(State, context_schema=Drive)
        for node in plan.nodes.values():
            builder.add_node(_name(node.id), _visit(node, plan), defer=node.id in plan.joins)
        builder.add_edge(START, _name(plan.definition.start))
        self._compiled = builder.compile()

    def advance(self, drive: Drive, parking: Parking) -> tuple[Json, bool]:
        """Execute until the run's end or a person is asked; return the state, and whether it waits.

        It starts at the run's inputs, or where the parking says that it was left. Raises what ``step.perform`` raises.
        """
        start: State | None = {"inputs": drive.run.inputs, "nodes": {}, "visits": {}} if not parking.stored else None
        graph = self._compiled.copy({"checkpointer": parking})
        # The visits of the nodes are the bound; LangGraph's own must never be met first.
        steps = len(self.plan.nodes) * self.plan.definition.limits.visits + 2
        config: RunnableConfig = {**parking.config, "recursion_limit": steps}
        # Whatever the environment says, nothing of a run is sent to a tracing service.
        with tracing_context(enabled=False):
            result = graph.invoke(start, config, context=drive, durability=DURABILITY, version="v2")
        return dict(result.value), bool(result.interrupts)


def graph_of(definition: Json) -> Graph:
    """Return the compiled graph of a definition that was validated when it was saved; compiled once per process."""
    return _graph(json.dumps(definition, sort_keys=True))


@lru_cache(maxsize=KEPT_GRAPHS)
def _graph(text: str) -> Graph:
    return Graph(planned(parse(text)))


def _visit(node: NodePlan, plan: Plan) -> Any:
    """Return what LangGraph calls for the node: it performs it, and what follows it as far as that only computes.

    Such a chain is one superstep: LangGraph's price for one is several times what a template or a condition takes.
    """

    def visit(state: State, runtime: Runtime[Drive]) -> Command[Any]:
        drive = runtime.context
        try:
            outcome = perform(node, dict(state), drive)
            while (following := plan.computes_after(outcome.after)) is not None:
                outcome = _joined(outcome, perform(following, _with(state, outcome), drive))
        except Parked as parked:
            # The rows are the truth, not what LangGraph is resumed with: the node starts again and reads them.
            interrupt(parked.told)
            raise
        finally:
            drive.release()
        update = {"nodes": outcome.nodes, "visits": outcome.visits}
        return Command(update=update, goto=[_name(after) for after in outcome.after])

    return visit


def _with(state: State, outcome: Outcome) -> Json:
    """Return the state as it is after the outcome."""
    nodes, visits = merged(state["nodes"], outcome.nodes), merged(state["visits"], outcome.visits)
    return {"inputs": state["inputs"], "nodes": nodes, "visits": visits}


def _joined(first: Outcome, then: Outcome) -> Outcome:
    """Return what both visits add, and where the second leads."""
    return Outcome(merged(first.nodes, then.nodes), merged(first.visits, then.visits), then.after)


def _name(node: str) -> str:
    """A node may be called like a key of the state; to LangGraph it may not."""
    return f"node {node}"
