"""Who names a credential. Agents are known here; the apps above register what else does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast

from agents.models import Agent
from agents.tools.naming import credentials_in


@dataclass(frozen=True, slots=True)
class Use:
    """Something of the tenant that names the credential: ``kind`` agent or workflow, ``place`` its tool or its step."""

    kind: str
    id: UUID
    name: str
    place: str
    page: str
    """Name of the admin's page of it."""


Finder = Callable[[str], Iterable[Use]]


def uses_of(slug: str) -> list[Use]:
    """Return who names the credential now; runs at work keep their own copy of what they execute."""
    return [use for find in _finders.values() for use in find(slug)]


def register(kind: str, find: Finder) -> None:
    """Let this be asked; registered again, the newest is."""
    _finders[kind] = find


def _of_agents(slug: str) -> Iterable[Use]:
    # The text is looked at first, so that only those are read that may name it; which setting does, the tool's schema says.
    rows = Agent.objects.annotate(text=Cast("tools", TextField())).filter(text__contains=f'"{slug}"').order_by("name")
    for agent in rows:
        if tools := [row["tool"] for row in agent.tools if slug in credentials_in(row)]:
            yield Use("agent", agent.pk, agent.name, ", ".join(tools), "admin:agents_agent_change")


_finders: dict[str, Finder] = {"agent": _of_agents}
