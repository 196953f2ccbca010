"""A small crew in acme, on a scripted model: a finder, a writer and, where it is managed, a boss."""

from __future__ import annotations

from collections.abc import Sequence
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
