"""Versions of agents: kept whenever one changes, and brought back as a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from agents.content import PLAIN, content_of
from agents.differences import who_changed
from agents.models import Agent, AgentVersion, KnowledgeBase, ModelConnection
from nexod.kernel.errors import Conflict, NotFound
from tenants.accounts.models import User


class VersionNotRestorable(Conflict):
    """What this version refers to is not here any more."""

    code = "version_not_restorable"


def keep_version(agent: Agent, *, author: User | None, note: str = "", written: Sequence[dict[str, Any]] = ()) -> None:
    """Make the next version of the agent as it is now, unless it is as its newest version says already.

    ``written`` is ``[{"field", "by": [{"id", "name"}]}]``: who wrote what is saved with it. All else its author changed.
    """
    fresh = Agent.objects.select_related("connection").get(pk=agent.pk)
    content = content_of(fresh)
    newest = AgentVersion.objects.filter(agent=agent, number=fresh.version).first()
    if newest is not None and newest.content == content:
        return
    number = fresh.version + 1
    changes = who_changed(newest.content, content, written, author) if newest else []
    fields = {"content": content, "note": note[:500], "author": author, "changes": changes}
    made = AgentVersion.objects.create(agent=agent, number=number, **fields)
    others = {who["id"] for one in written for who in one["by"]} - {str(author.pk) if author else ""}
    if others:
        made.contributors.set(User.objects.filter(pk__in=others))
    Agent.objects.filter(pk=agent.pk).update(version=number)
    agent.version = number


@transaction.atomic
def restore_version(*, actor: User, agent: Agent, number: int) -> Agent:
    """Make the agent what it was, as a new version. Raises NotFound, VersionNotRestorable, or what ``update_agent`` does."""
    from agents.actions.agents import update_agent

    version = AgentVersion.objects.filter(agent=agent, number=number).first()
    if version is None:
        raise NotFound(f"The agent has no version {number}.")
    content: dict[str, Any] = version.content
    plain = {field: content[field] for field in PLAIN}
    return update_agent(
        actor=actor,
        agent=agent,
        connection=_connection(content["connection"]),
        knowledge_bases=_bases(content["knowledge_bases"]),
        note=f"As in version {number}",
        **plain,
    )


def _connection(slug: str) -> ModelConnection | None:
    found = ModelConnection.objects.filter(slug=slug).first() if slug else None
    if slug and found is None:
        raise VersionNotRestorable(f"Its model connection {slug!r} is not here any more.")
    return found


def _bases(slugs: list[str]) -> list[KnowledgeBase]:
    found = list(KnowledgeBase.objects.filter(slug__in=slugs))
    if missing := set(slugs) - {base.slug for base in found}:
        raise VersionNotRestorable(f"Its knowledge base {', '.join(sorted(missing))} is not here any more.")
    return found
