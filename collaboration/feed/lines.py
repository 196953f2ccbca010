"""Deeds and runs as one list, the newest first. Runs are not written twice: their own rows say who started what."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from collaboration.models import Activity
from collaboration.models.activity import SUBJECTS
from tenants.accounts.models import User
from workflows.models import Run

RUN, STARTED = "run", "started"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed by; empty is everything."""

    actor: UUID | None = None
    verb: str = ""
    kind: str = ""
    subject: tuple[str, UUID] | None = None
    since: datetime | None = None
    until: datetime | None = None


class Feed:
    """Both tables, asked like a queryset: narrowed, put in order, and cut, which reads it."""

    model = Activity

    def __init__(self, *parts: QuerySet[Any]) -> None:
        self._parts = parts

    def filter(self, *conditions: Q, **named: Any) -> Feed:
        """Return both, narrowed by what both have: ``created_at`` and ``pk``."""
        return Feed(*(part.filter(*conditions, **named) for part in self._parts))

    def order_by(self, *fields: str) -> Feed:
        """Return both in the same order: by ``created_at`` and ``pk``, both down or both up."""
        return Feed(*(part.order_by(*fields) for part in self._parts))

    def __getitem__(self, cut: slice) -> Iterator[Activity]:
        """Return the first rows of the two together; each gives no more than are asked for."""
        is_up = any(part.query.order_by[0] == "created_at" for part in self._parts)
        read = [[_line(row) for row in part[: cut.stop]] for part in self._parts]
        merged = heapq.merge(*read, key=lambda line: (line.created_at, line.pk), reverse=not is_up)
        return iter(list(merged)[: cut.stop])


def feed_of(user: User, wanted: Wanted | None = None) -> Feed:
    """Return what the user may read of, as far as it is wanted."""
    wanted = wanted or Wanted()
    deeds = _deeds(Activity.objects.visible_to(user), wanted)
    return Feed(deeds, _runs(wanted)) if _wants_runs(user, wanted) else Feed(deeds)


def _deeds(rows: QuerySet[Activity], wanted: Wanted) -> Any:
    found = _within(rows, wanted).select_related("actor")
    if wanted.actor:
        found = found.filter(actor=wanted.actor)
    if wanted.verb:
        found = found.filter(verb=wanted.verb)
    if wanted.kind:
        found = found.filter(subject_kind=wanted.kind)
    if wanted.subject:
        found = found.filter(subject_kind=wanted.subject[0], subject_id=wanted.subject[1])
    return found


def _wants_runs(user: User, wanted: Wanted) -> bool:
    about = wanted.subject[0] if wanted.subject else RUN
    asked = wanted.kind in ("", RUN) and wanted.verb in ("", STARTED) and about in (RUN, "workflow")
    return asked and user.has_perm(SUBJECTS[RUN])


def _runs(wanted: Wanted) -> Any:
    """Return runs that somebody or something started for its own sake: no parts of others, no tries, no evaluations."""
    runs = _within(Run.objects.filter(parent=None, is_try=False, evaluation=None), wanted)
    if wanted.actor:
        runs = runs.filter(started_by=wanted.actor)
    if wanted.subject:
        kind, id_ = wanted.subject
        runs = runs.filter(pk=id_) if kind == RUN else runs.filter(workflow=id_)
    shown = ("id", "created_at", "title", "status", "kind", "workflow_id", "started_by")
    people = ("started_by__email", "started_by__full_name")
    return runs.select_related("started_by").only(*shown, *people)


def _within(rows: Any, wanted: Wanted) -> Any:
    if wanted.since:
        rows = rows.filter(created_at__gte=wanted.since)
    return rows.filter(created_at__lt=wanted.until) if wanted.until else rows


def _line(row: Activity | Run) -> Activity:
    if isinstance(row, Activity):
        return row
    facts = {"status": row.status, "of": row.kind, "workflow": str(row.workflow_id) if row.workflow_id else None}
    run = {"subject_kind": RUN, "subject_id": row.pk, "title": row.title}
    return Activity(id=row.pk, created_at=row.created_at, actor=row.started_by, verb=STARTED, facts=facts, **run)
