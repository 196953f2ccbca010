"""States of a draft by their digest, so that a change can be understood as one of the state that its author saw."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django_redis.exceptions import ConnectionInterrupted

from nexod.kernel.digests import digest_of
from workflows.definitions import parse
from workflows.errors import DraftChanged
from workflows.models import DraftSnapshot, Workflow, WorkflowVersion

Json = dict[str, Any]
KEPT_S = 24 * 3600
MOST_NODES = 500
VERSIONS = 20
logger = logging.getLogger(__name__)


def remember(workflow: UUID, definition: Json) -> str:
    """Keep a state that somebody is about to see for a day, and return its digest."""
    digest = digest_of(definition)
    if len(definition.get("nodes", ())) <= MOST_NODES:
        try:
            cache.set(_key(workflow, digest), definition, timeout=KEPT_S)
        except ConnectionInterrupted:
            logger.warning("States of drafts cannot be remembered")
    return digest


def state_of(workflow: Workflow, base: str | Json) -> Json:
    """Return the state that a change is of: the definition itself, or the one with that digest.

    Raises DefinitionInvalid, or DraftChanged for a digest that is neither the draft's nor kept.
    """
    if not isinstance(base, str):
        parse(base)
        return base
    found = _among(workflow, base)
    if found is None:
        raise DraftChanged("The draft has been changed since you read it, and that state is not kept. Read it again.")
    return found


def _among(workflow: Workflow, digest: str) -> Json | None:
    versions = WorkflowVersion.objects.filter(workflow=workflow)
    draft = versions.filter(number=0).values_list("definition", flat=True).first()
    if draft is not None and digest_of(draft) == digest:
        return dict(draft)
    kept = _remembered(workflow.pk, digest)
    if kept is not None:
        return kept
    snapshot = DraftSnapshot.objects.filter(workflow=workflow, digest=digest).first()
    if snapshot is not None:
        return snapshot.definition  # type: ignore[no-any-return]
    published = versions.exclude(number=0).order_by("-number").values_list("definition", flat=True)[:VERSIONS]
    return next((one for one in published if digest_of(one) == digest), None)


def _remembered(workflow: UUID, digest: str) -> Json | None:
    try:
        found: Json | None = cache.get(_key(workflow, digest))
    except ConnectionInterrupted:
        logger.warning("States of drafts cannot be looked up")
        return None
    return found


def _key(workflow: UUID, digest: str) -> str:
    return f"draft:{workflow}:{digest}"
