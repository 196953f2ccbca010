"""Definition -> LangGraph. The state machine knows ids and JSON only; what a node does is in ``step``."""

from __future__ import annotations

import json
from contextlib import nullcontext
from functools import lru_cache
from typing import Annotated, Any, Literal, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt
from langsmith import tracing_context

from workflows.definitions import parse
from workflows.engine.beside import performed
from workflows.engine.checkpoints.parking import Parking
from workflows.engine.drive import Drive
from workflows.engine.parked import Parked
from workflows.engine.plan import NodePlan, Plan, planned
from workflows.engine.step import Outcome
from workflows.errors import BranchStopped

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
    """What a checkpoint holds: the run's inputs, each node's newest output, how often each ran, and which joins are due."""

    inputs: Json
    nodes: Annotated[Json, merged]
    visits: Annotated[dict[str, int], merged]
    due: Annotated[dict[str, bool], merged]


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
        begun: State = {"inputs": drive.run.inputs, "nodes": {}, "visits": {}, "due": {}}
        start = None if parking.stored else begun
        if start is not None and self.plan.only_computes:
            return self._computed(start, drive)
        graph = self._compiled.copy({"checkpointer": parking})
        # The visits of the nodes are the bound; LangGraph's own must never be met first.
        steps = len(self.plan.nodes) * self.plan.definition.visits + 2
        config: RunnableConfig = {**parking.config, "recursion_limit": steps}
        # Whatever the environment says, nothing of a run is sent to a tracing service.
        with tracing_context(enabled=False):
            result = graph.invoke(start, config, context=drive, durability=DURABILITY, version="v2")
        return dict(result.value), bool(result.interrupts)

    def _computed(self, start: State, drive: Drive) -> tuple[Json, bool]:
        """Walk a definition that only computes: there is nothing to run side by side, and no place to go on from but its rows."""
        try:
            return _with(start, _walked(self.plan.nodes[self.plan.definition.start], self.plan, start, drive)), False
        except Parked:  # a try that comes later
            return dict(start), True


def graph_of(definition: Json) -> Graph:
    """Return the compiled graph of a definition that was validated when it was saved; compiled once per process."""
    return _graph(json.dumps(definition, sort_keys=True))


@lru_cache(maxsize=KEPT_GRAPHS)
def _graph(text: str) -> Graph:
    return Graph(planned(parse(text)))


def _visit(node: NodePlan, plan: Plan) -> Any:
    """Return what LangGraph calls for the node.

    It walks on until branches part or meet: a superstep costs several times what a template or a condition takes, and a
    branch need not wait for the others before its next step.
    """

    met = {node.id: False} if node.id in plan.joins else {}

    def visit(state: State, runtime: Runtime[Drive]) -> Command[Any]:
        if any(state["due"].get(join) for join in plan.earlier.get(node.id, ())):
            # LangGraph lets all deferred nodes begin that are due. One that leads here is to come first.
            return Command(goto=[_name(node.id)])
        drive = runtime.context
        try:
            with drive.company.joined() if drive.company else nullcontext():
                outcome = _walked(node, plan, state, drive)
        except Parked as parked:
            # The rows are the truth, not what LangGraph is resumed with: the branch starts again and reads them.
            interrupt(parked.told)
            raise
        except BranchStopped:
            return Command(update={"due": met})
        finally:
            drive.release()
        due = met | dict.fromkeys(plan.joins.intersection(outcome.after), True)
        update = {"nodes": outcome.nodes, "visits": outcome.visits, "due": due}
        return Command(update=update, goto=[_name(after) for after in outcome.after])

    return visit


def _walked(node: NodePlan, plan: Plan, state: State, drive: Drive) -> Outcome:
    """Perform the node and what follows it in its branch; return what all of them add, and where the last one leads."""
    outcome, last = performed(node, dict(state), drive), node
    while (following := plan.follows(outcome.after)) is not None:
        came = _came_in(following, last, drive)
        if came is None:
            return Outcome(outcome.nodes, outcome.visits, ())
        outcome = _joined(outcome, performed(following, _with(state, outcome), drive, arrived=came))
        last = following
    return outcome


def _came_in(node: NodePlan, by: NodePlan, drive: Drive) -> tuple[str, ...] | None:
    """Return the branches that have come in at a join when this one is to go on; None when it ends there."""
    if drive.races is None or node.id not in drive.races.joins:
        return ()
    return drive.races.arrive(node.id, by.id)


def _with(state: State, outcome: Outcome) -> Json:
    """Return the state as it is after the outcome."""
    nodes, visits = merged(state["nodes"], outcome.nodes), merged(state["visits"], outcome.visits)
    return {**state, "nodes": nodes, "visits": visits}


def _joined(first: Outcome, then: Outcome) -> Outcome:
    """Return what both visits add, and where the second leads."""
    return Outcome(merged(first.nodes, then.nodes), merged(first.visits, then.visits), then.after)


def _name(node: str) -> str:
    """A node may be called like a key of the state; to LangGraph it may not."""
    return f"node {node}"
