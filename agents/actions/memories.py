"""Keep memories, correct them, share them on purpose, and erase them: what is erased is gone with all that it had replaced."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from pgvector.django import CosineDistance

from agents.actions.rows import invalid, saved
from agents.memory.mind import Mind
from agents.memory.recall import vectors
from agents.memory.strength import FAINT, strength
from agents.models import Agent, Memory
from nexod.kernel.errors import PermissionDenied
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.forgetting import deleted

EDITABLE = ("text", "topic", "importance", "is_kept", "is_shared")
MOST_OF_A_PERSON = 2_000
"""Memories that are alive; one more, and the faintest is forgotten."""
ALIKE = 0.95
REPLACED_FOR = timedelta(days=90)
BATCH = 1_000
_WORD = re.compile(r"\w+")


class NobodysMemory(PermissionDenied):
    """This run works for nobody in particular, so that there is nobody whose memory it could be."""

    code = "nobodys_memory"


@transaction.atomic
def keep(
    mind: Mind,
    text: str,
    *,
    scope: str = Memory.Scope.USER,
    topic: str = "",
    importance: float = 0.5,
    run: str = "",
    value: Any = None,
    namespace: Sequence[str] = (),
    key: str = "",
) -> Memory:
    """Return what was kept for the mind's person; the engine's way in, which asks for no permission.

    The same text is kept once. One that says the same in other words, is of the same topic, or has the same key, replaces the
    former one, which stays for REPLACED_FOR; that one was shared says nothing of the new words. Raises NobodysMemory or
    InvalidInput.
    """
    if mind.user is None:
        raise NobodysMemory
    place = place_of(mind, scope)
    new = Memory(
        **place, text=text.strip(), topic=" ".join(topic.split()), importance=importance, run=UUID(run) if run else None,
        value=value, namespace=list(namespace), key=key,
    )  # fmt: skip
    [vector] = vectors([_meant(new.topic, new.text)])
    new.embedding, new.digest = vector, digest(new.text)
    new.full_clean(validate_constraints=False)
    _alone_with(mind.user)
    alive = Memory.objects.alive().filter(**place, namespace=new.namespace)
    if (same := _same(alive, new)) is not None:
        return same
    replaced = _replaced(alive, new)
    if replaced:
        new.is_kept = any(memory.is_kept for memory in replaced)
        Memory.objects.filter(pk__in=[memory.pk for memory in replaced]).update(superseded_at=timezone.now())
    new.save()
    Memory.objects.filter(pk__in=[memory.pk for memory in replaced]).update(superseded_by=new)
    _make_room(mind.user)
    return new


@transaction.atomic
def create_memory(*, actor: User, text: str, scope: str = Memory.Scope.USER, **fields: Any) -> Memory:
    """Return what ``actor`` wants kept of their own, in one agent's or workflow's runs (``agent``, ``workflow``) or in all.

    Raises PermissionDenied or InvalidInput.
    """
    require_permission(actor, "agents.view_memory")
    agent, workflow = fields.pop("agent", ""), fields.pop("workflow", "")
    if scope == Memory.Scope.AGENT and not Agent.objects.filter(slug=agent).exists():
        raise invalid("agent", "An agent's memory names the agent, by its slug.")
    if scope == Memory.Scope.WORKFLOW and not workflow:
        raise invalid("workflow", "A workflow's memory names the workflow, by its slug.")
    flags = {name: fields.pop(name) for name in ("is_kept", "is_shared") if name in fields}
    kept = keep(Mind(actor.pk, agent, workflow), text, scope=scope, **fields)
    return update_memory(actor=actor, memory=kept, **flags) if flags else kept


@transaction.atomic
def update_memory(*, actor: User, memory: Memory, **fields: Any) -> Memory:
    """Change EDITABLE fields of one's own memory, or of anybody's with the permission. To share is the person's own to do.

    Raises PermissionDenied or InvalidInput.
    """
    row = Memory.objects.select_for_update(of=("self",)).get(pk=memory.pk)
    _require_own(actor, row)
    if fields.get("is_shared", row.is_shared) and not row.is_shared and row.user_id != actor.pk:
        raise PermissionDenied("Only the person whose memory it is can share it.")
    changed = {name: value for name, value in fields.items() if name in EDITABLE}
    text, topic = changed.get("text", row.text).strip(), changed.get("topic", row.topic)
    if (text, topic) != (row.text, row.topic):
        [changed["embedding"]] = vectors([_meant(topic, text)])
        changed |= {"text": text, "digest": digest(text)}
    return saved(row, changed, constraints=False)


@transaction.atomic
def delete_memory(*, actor: User, memory: Memory) -> None:
    """Erase it, with all that it had replaced. Raises PermissionDenied."""
    _require_own(actor, memory)
    memory.delete()


def forget_faint(*, now: datetime | None = None) -> tuple[int, int]:
    """Forget what has faded and what was replaced long ago, a batch a commit; return both numbers."""
    now = now or timezone.now()
    replaced = deleted(Memory.objects.filter(superseded_at__lt=now - REPLACED_FOR))
    columns = ("pk", "importance", "recalls", "recalled_at", "created_at")
    rows = Memory.objects.alive().filter(is_kept=False).order_by("pk").values_list(*columns)
    faint = [
        pk
        for pk, importance, recalls, recalled_at, created_at in rows.iterator(chunk_size=BATCH)
        if strength(importance, recalls, recalled_at or created_at, now) < FAINT
    ]
    for begin in range(0, len(faint), BATCH):
        Memory.objects.filter(pk__in=faint[begin : begin + BATCH], is_kept=False).delete()
    return len(faint), replaced


def digest(text: str) -> str:
    """Return the same for texts that differ in case and spaces alone."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode("utf-8", "surrogatepass")).hexdigest()


def place_of(mind: Mind, scope: str) -> dict[str, Any]:
    """Return the columns that say whose it is; what has no agent or workflow to belong to is the person's."""
    if scope not in Memory.Scope.values:
        raise invalid("scope", f"A memory is of a {', '.join(Memory.Scope.values)}.")
    place: dict[str, Any] = {"scope": scope, "user_id": mind.user, "agent": "", "workflow": ""}
    if scope == Memory.Scope.AGENT and mind.agent:
        return {**place, "agent": mind.agent}
    if scope == Memory.Scope.WORKFLOW and mind.workflow:
        return {**place, "workflow": mind.workflow}
    return {**place, "scope": Memory.Scope.USER}


def _same(alive: QuerySet[Memory], new: Memory) -> Memory | None:
    """Return the memory that says this already, as important as the more important of both."""
    found = alive.filter(digest=new.digest, key=new.key, topic=new.topic).first()
    if found is None or found.value != new.value:
        return None
    found.importance = max(found.importance, new.importance)
    found.recalled_at = timezone.now()
    found.save(update_fields=["importance", "recalled_at", "updated_at"])
    return found


def _replaced(alive: QuerySet[Memory], new: Memory) -> list[Memory]:
    if new.key:
        return list(alive.filter(key=new.key))
    if new.topic:
        return list(alive.filter(key="", topic__iexact=new.topic))
    near = alive.filter(key="", topic="").annotate(distance=CosineDistance("embedding", new.embedding))
    return [row for row in near.filter(distance__lte=1 - ALIKE).order_by("distance")[:5] if _says_no_more(row, new)]


def _says_no_more(old: Memory, new: Memory) -> bool:
    """Two texts may be all but the same to the model and name different people: every word of the old one has to be in the new."""
    return set(_WORD.findall(old.text.casefold())) <= set(_WORD.findall(new.text.casefold()))


def _make_room(user: UUID) -> None:
    alive = Memory.objects.alive().filter(user=user, is_kept=False)
    excess = Memory.objects.alive().filter(user=user).count() - MOST_OF_A_PERSON
    if excess > 0:
        now = timezone.now()
        faintest = sorted(
            alive.defer("embedding"),
            key=lambda row: strength(row.importance, row.recalls, row.recalled_at or row.created_at, now),
        )
        Memory.objects.filter(pk__in=[row.pk for row in faintest[:excess]]).delete()


def _alone_with(user: UUID) -> None:
    """Let nobody else keep something for this person meanwhile: what is kept twice at once is kept once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || %s, 0))", [f"memory {user}"])


def _require_own(actor: User, memory: Memory) -> None:
    if memory.user_id != actor.pk:
        require_permission(actor, "agents.inspect_memory")


def _meant(topic: str, text: str) -> str:
    return f"{topic}: {text}" if topic else text
