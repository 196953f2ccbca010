"""The starters by slug. A new one is a YAML file here and a name below; the contract test validates all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from nexod.kernel.errors import NotFound
from workflows.portable.references import renamed

Json = dict[str, Any]

SLUGS = (
    "briefing",
    "research-report",
    "review-text",
    "approved-post",
    "support-triage",
    "enrich-records",
    "nightly-report",
)
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Starter:
    """What is created when a tenant installs it, as plain data that mirrors the models' fields.

    ``agents``: slug, name, role, goal, backstory, temperature, max_tokens. ``crews``: slug, name, description, process and
    ``tasks`` (slug, description, expected_output, agent, context: slugs of earlier tasks). ``knowledge_bases``: slug, name,
    description; a slot that an existing knowledge base may fill. ``definition``: the workflow's document. ``ready_made``:
    slugs of agents' starters that are installed too; the definition names their crews by these. ``triggers``: name, kind,
    config, inputs; they are made paused.
    """

    slug: str
    name: str
    description: str
    agents: list[Json]
    crews: list[Json]
    knowledge_bases: list[Json]
    definition: Json
    ready_made: list[str] = field(default_factory=list)
    triggers: list[Json] = field(default_factory=list)

    def definition_with(self, names: Mapping[str, Mapping[str, str]]) -> Json:
        """Return the definition with what the tenant calls things: ``names[kind][slug]`` in place of ``slug``."""
        return renamed(self.definition, names)


@lru_cache(maxsize=16)
def get(slug: str) -> Starter:
    """Return the starter; raise NotFound for an unknown one."""
    if slug not in SLUGS:
        raise NotFound(f"There is no starter {slug!r}; there are {', '.join(SLUGS)}.")
    return Starter(slug=slug, **yaml.safe_load((HERE / f"{slug}.yaml").read_text(encoding="utf-8")))


def all_starters() -> list[Starter]:
    """Return every starter."""
    return [get(slug) for slug in SLUGS]
