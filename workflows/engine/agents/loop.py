"""The loop: the model thinks, its tools are used side by side, it reads what they gave, until it answers.

Nothing of it is stored but what the run's port keeps: model calls and tool uses. An agent that begins again goes the same way
to where it was, without asking a model or using a tool again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from operator import add
from typing import Annotated, Any, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Send
from langsmith import tracing_context

from agents.context.policies import Summary
from agents.llm.endpoint import Message, Reply, ToolCall
from agents.tools.use import unknown_tool, use_tool
from tenants.context import release_connections
from workflows.engine.agents.progress import REPEATED, Progress, mark
from workflows.engine.agents.thinking import Thinking

SIDE_BY_SIDE = 4
Results = dict[str, str]


def together(old: Results, new: Results) -> Results:
    """Return both: the reducer of what tools gave, by place."""
    return {**old, **new}


class State(TypedDict):
    """What the loop knows: whole turns, the calls of the present one and what came of them."""

    turns: Annotated[list[list[Message]], add]
    reply: Reply | None
    results: Annotated[Results, together]
    summary: Summary
    progress: Progress
    rounds: int


class Use(TypedDict):
    """One call of the present turn; ``place`` is where its result belongs."""

    place: str
    call: ToolCall
    repeated: bool


@dataclass(slots=True)
class Work:
    """What the loop works on."""

    thinking: Thinking
    task: str = ""


def think(state: State, runtime: Runtime[Work]) -> Command[Any]:
    """Read what the tools gave, and ask the model what comes next."""
    thinking = runtime.context.thinking
    said = [_turn(state)] if state["reply"] else []
    reply, summary = thinking.next([*state["turns"], *said], state["summary"], number=state["rounds"] + 1)
    update = {"turns": said, "reply": reply, "summary": summary, "rounds": state["rounds"] + 1}
    if not reply.tool_calls:
        return Command(update=update, goto=END)
    progress = state["progress"].after(reply.tool_calls)
    uses = [
        Send("use", Use(place=_place(state["rounds"] + 1, number), call=call, repeated=progress.stalled))
        for number, call in enumerate(reply.tool_calls)
        if number == _first(reply.tool_calls, call)
    ]
    return Command(update={**update, "progress": progress}, goto=uses)


def use(state: Use, runtime: Runtime[Work]) -> Command[Any]:
    """Use one tool; in a thread of its own where there are several."""
    work, call = runtime.context, state["call"]
    try:
        return Command(
            update={"results": {state["place"]: _used(work, call, repeated=state["repeated"])}}, goto="think"
        )
    finally:
        release_connections()


def _used(work: Work, call: ToolCall, *, repeated: bool) -> str:
    spec = work.thinking.spec
    bound = next((tool for tool in spec.tools if tool.name == call.name), None)
    if bound is None:
        return unknown_tool(
            call.name, call.arguments, [tool.name for tool in spec.tools], agent=spec.role, task=work.task
        )
    if repeated:
        return REPEATED
    return use_tool(bound, call.arguments, agent=spec.role, task=work.task)


def _turn(state: State) -> list[Message]:
    """Return what the model said, followed by what came of each of its calls, in their order."""
    reply = state["reply"]
    assert reply is not None
    messages: list[Message] = [thought(reply)]
    for call in reply.tool_calls:
        text = state["results"][_place(state["rounds"], _first(reply.tool_calls, call))]
        messages.append({"role": "tool", "tool_call_id": call.id, "name": call.name, "content": text})
    return messages


def thought(reply: Reply) -> Message:
    """Return the answer as the protocol repeats it to the model."""
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
        for call in reply.tool_calls
    ]
    return {"role": "assistant", "content": reply.text, "tool_calls": calls}


def _first(calls: tuple[ToolCall, ...], call: ToolCall) -> int:
    """Return where in the answer that very call comes first: what is asked for twice at once is done once."""
    return [mark(other) for other in calls].index(mark(call))


def _place(number: int, call: int) -> str:
    return f"{number}.{call}"


@lru_cache(maxsize=1)
def _graph() -> Any:
    builder = StateGraph(State, context_schema=Work)
    builder.add_node("think", think, destinations=("use", END))
    builder.add_node("use", use, destinations=("think",))
    builder.add_edge(START, "think")
    # It begins in a node of the run's own graph, whose places are not its business.
    return builder.compile(checkpointer=False)


def run_loop(thinking: Thinking, *, task: str) -> tuple[Reply, list[list[Message]]]:
    """Return the model's last answer and the turns before it. Raises what the gateway, the tools and the run raise."""
    start: State = {
        "turns": [], "reply": None, "results": {}, "summary": Summary(), "progress": Progress(), "rounds": 0,
    }  # fmt: skip
    # The agent's own rounds are the bound; LangGraph's must never be met first. A round is two of its steps.
    config: RunnableConfig = {"recursion_limit": 2 * thinking.spec.rounds + 5, "max_concurrency": SIDE_BY_SIDE}
    with tracing_context(enabled=False):
        state = _graph().invoke(start, config, context=Work(thinking, task))
    return state["reply"], state["turns"]
