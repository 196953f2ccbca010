"""A small crew in acme, on a scripted model: a finder, a writer and, where it is managed, a boss."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.workbench import Bench, definition, node, output

CREW = node("team", "crew", {"crew": "team"})
DOCUMENT = definition([CREW, output(said="{{ nodes.team.text }}", found="{{ nodes.team.tasks.find.text }}")])


def make_team(
    bench: Bench, base_url: str, *, asks: Sequence[str] = (), schema: Any = None, managed: bool = False
) -> None:
    """Make the crew ``team`` of the tasks find and write; a person decides on those in ``asks``."""
    from agents.actions.agents import create_agent
    from agents.actions.connections import create_connection
    from agents.actions.crews import create_crew

    with bench.inside():
        owner = bench.user("owner")
        create_connection(actor=owner, name="M", base_url=base_url, model_names=["scripted"])
        names = ("Finder", "Writer", "Boss")
        agents = {name: create_agent(actor=owner, name=name, role=name, goal="g", backstory="") for name in names}
        find = {"slug": "find", "description": "Find it", "expected_output": "Facts", "output_schema": schema}
        write = {"slug": "write", "description": "Write it", "expected_output": "Text", "context": ["find"]}
        create_crew(
            actor=owner,
            name="Team",
            slug="team",
            process="hierarchical" if managed else "sequential",
            manager=agents["Boss"] if managed else None,
            tasks=[
                {**find, "agent": agents["Finder"], "human_input": "find" in asks},
                {**write, "agent": agents["Writer"], "human_input": "write" in asks},
            ],
        )


def make_crew(
    bench: Bench,
    base_url: str,
    agents: dict[str, dict[str, Any]],
    tasks: Sequence[dict[str, Any]],
    *,
    slug: str = "acme",
    manager: str = "",
    **crew: Any,
) -> None:
    """Make the crew ``team`` in a tenant: ``agents`` by their roles with what else they have, tasks with the role in ``agent``."""
    from agents.actions.agents import create_agent
    from agents.actions.connections import create_connection
    from agents.actions.crews import create_crew
    from agents.models import ModelConnection

    with bench.inside(slug):
        owner = bench.user("owner", slug)
        if not ModelConnection.objects.exists():
            prices = {"price_in_usd": Decimal(1), "price_out_usd": Decimal(1)}
            create_connection(actor=owner, name="M", base_url=base_url, model_names=["scripted"], **prices)
        plain = {"goal": "g", "backstory": ""}
        rows = {role: create_agent(actor=owner, name=role, role=role, **plain, **more) for role, more in agents.items()}
        busy = {task.get("agent") for task in tasks} | {manager}
        create_crew(
            actor=owner,
            name="Team",
            slug="team",
            process="hierarchical" if manager else "sequential",
            manager=rows.get(manager),
            members=[row for role, row in rows.items() if role not in busy],
            tasks=[{"expected_output": "A text", **task, "agent": rows.get(task.get("agent", ""))} for task in tasks],
            **crew,
        )
