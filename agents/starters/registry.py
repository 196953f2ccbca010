"""The catalogue by slug. A new entry is a YAML file here and a name below; a contract test installs and validates all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml

from nexod.kernel.errors import NotFound

Json = dict[str, Any]
FORMAT = "nexod.starter/1"
SLUGS = ("research-crew", "review-crew", "research-agent", "execution-agent", "review-agent")
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Starter:
    """What is created when a tenant installs it, as plain data that mirrors the models' fields.

    ``agents``: slug, name, role, goal, backstory, temperature, max_tokens, rounds, tools, and ``knowledge``, whether it gets
    the knowledge base that is chosen. ``crew`` (of kind crew): name, description, process, planning and ``tasks``, whose
    agents are slugs of ``agents``. ``inputs`` say what the placeholders of the texts stand for, ``hints`` what to do next.
    """

    slug: str
    kind: Literal["agent", "crew"]
    version: int
    name: str
    description: str
    agents: list[Json]
    crew: Json | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    hints: list[str] = field(default_factory=list)

    @property
    def wants_knowledge(self) -> bool:
        """Say whether a knowledge base is of use to it."""
        return any(agent.get("knowledge") for agent in self.agents)

    def work(self) -> list[tuple[str, str, str]]:
        """Return who does what: name of the agent, slug of the task, what is expected; of an agent its role and goal."""
        names = {agent["slug"]: agent["name"] for agent in self.agents}
        if self.crew is None:
            return [(agent["name"], agent["role"], agent["goal"]) for agent in self.agents]
        return [(names[task["agent"]], task["slug"], task["expected_output"]) for task in self.crew["tasks"]]


@lru_cache(maxsize=16)
def get(slug: str) -> Starter:
    """Return the starter; raise NotFound for an unknown one."""
    if slug not in SLUGS:
        raise NotFound(f"There is no starter {slug!r}; there are {', '.join(SLUGS)}.")
    read = yaml.safe_load((HERE / f"{slug}.yaml").read_text(encoding="utf-8"))
    if (found := read.pop("format", None)) != FORMAT:
        raise ValueError(f"The starter {slug} is of the format {found!r}, not {FORMAT!r}.")
    return Starter(slug=slug, **read)


def all_starters() -> list[Starter]:
    """Return every starter, in the order in which people should meet them."""
    return [get(slug) for slug in SLUGS]
