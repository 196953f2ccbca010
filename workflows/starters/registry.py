"""The starters by slug. A new one is a YAML file here and a name below; the contract test validates all of them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from nexod.kernel.errors import NotFound

Json = dict[str, Any]

SLUGS = ("briefing",)
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Starter:
    """What is created when a tenant installs it, as plain data that mirrors the models' fields.

    ``agents``: slug, name, role, goal, backstory, temperature, max_tokens. ``crews``: slug, name, description, process and
    ``tasks`` (slug, description, expected_output, agent, context: slugs of earlier tasks). ``knowledge_bases``: slug, name,
    description; a slot that an existing knowledge base may fill. ``definition``: the workflow's document.
    """

    slug: str
    name: str
    description: str
    agents: list[Json]
    crews: list[Json]
    knowledge_bases: list[Json]
    definition: Json

    def definition_with(self, knowledge_bases: dict[str, str]) -> Json:
        """Return the definition with the tenant's own knowledge bases (by the slug of the slot) in place of the slots."""
        document = copy.deepcopy(self.definition)
        for node in document["nodes"]:
            slot = node.get("config", {}).get("knowledge_base")
            if node["type"] == "knowledge" and slot in knowledge_bases:
                node["config"]["knowledge_base"] = knowledge_bases[slot]
        return document


@lru_cache(maxsize=16)
def get(slug: str) -> Starter:
    """Return the starter; raise NotFound for an unknown one."""
    if slug not in SLUGS:
        raise NotFound(f"There is no starter {slug!r}; there are {', '.join(SLUGS)}.")
    return Starter(slug=slug, **yaml.safe_load((HERE / f"{slug}.yaml").read_text(encoding="utf-8")))


def all_starters() -> list[Starter]:
    """Return every starter."""
    return [get(slug) for slug in SLUGS]
