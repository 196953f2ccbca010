"""An agent of acme on a scripted model, for tests of what agents do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.workbench import Bench

Json = dict[str, Any]
CLOCK: Json = {"tool": "current_time"}
CALCULATOR: Json = {"tool": "calculator"}


def make_agent(bench: Bench, *, slug: str = "acme", **fields: Any) -> Any:
    """Make the agent ``solo``, on the workspace's default connection."""
    from agents.actions.agents import create_agent

    with bench.inside(slug):
        usual = {"name": "Solo", "role": "Soloist", "goal": "play"}
        return create_agent(actor=bench.user("owner", slug), **{**usual, **fields})


def remember(base: Any, text: str, *, title: str = "Tea") -> None:
    """Put a document into the knowledge base. Use inside the tenant."""
    from tests.shelf import add

    add(base, title, text)


def start_agent(bench: Bench, agent: Any, *, slug: str = "acme", **inputs: str) -> UUID:
    """Start a run of the agent; no worker has it yet."""
    from workflows.actions.runs import start_run

    with bench.inside(slug):
        return start_run(actor=bench.user(slug=slug), agent=agent, inputs=inputs).id


def ran_agent(bench: Bench, agent: Any, task: str = "Play it", **inputs: str) -> Any:
    """Start a run of the agent, advance it once, and return it."""
    return bench.advance(start_agent(bench, agent, task=task, **inputs))


def told(bench: Bench, run: Any, type_: str) -> list[Json]:
    """Return the data of the run's events of a type, where and when left out."""
    left_out = ("node", "step", "seconds")
    return [
        {name: value for name, value in event.data.items() if name not in left_out}
        for event in bench.events(run.id)
        if event.type == type_
    ]
