"""Runs that are really committed, and executed in this process or by real workers; every row is deleted afterwards.

Branches of a run and savers have connections of their own, from which a test's transaction would hide the run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db import connection, connections, transaction
from django_redis import get_redis_connection

from nexod.kernel.queue import QUEUES
from tenants.accounts.models import User
from tenants.context import enter_platform, enter_schema_as_owner, enter_tenant, release_connections
from tenants.models import DueTime, RunTicket, Tenant, UsageRecord
from tenants.schema import OWNER
from tests import cast

Json = dict[str, Any]
CHECKPOINTS = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")
# Steps that were given up may still be at something.
GIVEN_BACK_S = 60.0


class Bench:
    """Both organisations, and what a test does in them."""

    @staticmethod
    @cache
    def tenant(slug: str) -> Tenant:
        with enter_platform():
            return Tenant.objects.select_related("plan").get(slug=slug)

    @contextmanager
    def inside(self, slug: str = "acme") -> Iterator[None]:
        """Work for the tenant; a thread of the test's gives its connection back."""
        try:
            with enter_tenant(self.tenant(slug)):
                yield
        finally:
            if threading.current_thread() is not threading.main_thread():
                release_connections()

    def user(self, role: str = "editor", slug: str = "acme") -> User:
        with self.inside(slug):
            return User.objects.get(email=cast.email(slug, role))

    def workflow(self, definition: Json, *, slug: str = "acme", name: str = "Test") -> Any:
        """Return a published workflow of that definition."""
        from workflows.actions.workflows import create_workflow, publish_workflow

        with self.inside(slug):
            actor = self.user(slug=slug)
            workflow = create_workflow(actor=actor, name=name, definition=definition)
            publish_workflow(actor=actor, workflow=workflow)
        return workflow

    def start(self, definition: Json, inputs: Json | None = None, *, slug: str = "acme", **given: Any) -> UUID:
        """Start a run of a new workflow and return its id; no worker has it yet."""
        from workflows.actions.runs import start_run

        workflow = self.workflow(definition, slug=slug)
        with self.inside(slug):
            return start_run(actor=self.user(slug=slug), workflow=workflow, inputs=inputs or {}, **given).id

    def advance(self, run: UUID, *, slug: str = "acme") -> Any:
        """Do what a worker does with the run's message, and return the run."""
        from workflows.engine.loop import advance

        with self.inside(slug):
            advance(run)
        return self.run(run, slug=slug)

    def ran(self, definition: Json, inputs: Json | None = None, *, slug: str = "acme") -> Any:
        """Start a run, advance it once, and return it."""
        return self.advance(self.start(definition, inputs, slug=slug), slug=slug)

    def run(self, run: UUID, *, slug: str = "acme") -> Any:
        from workflows.models import Run

        with self.inside(slug):
            return Run.objects.get(pk=run)

    def steps(self, run: UUID, *, slug: str = "acme") -> list[Any]:
        from workflows.models import Step

        with self.inside(slug):
            return list(Step.objects.filter(run=run).order_by("created_at", "id"))

    def events(self, run: UUID, *, slug: str = "acme") -> list[Any]:
        from workflows.models import RunEvent

        with self.inside(slug):
            return list(RunEvent.objects.filter(run=run).order_by("seq"))

    def types(self, run: UUID, *, slug: str = "acme") -> list[str]:
        return [event.type for event in self.events(run, slug=slug)]

    def checkpoints(self, run: UUID, *, slug: str = "acme") -> int:
        """Return how many rows the run's checkpoints take."""
        with self.inside(slug), connection.cursor() as cursor:
            counts = " + ".join(f"(SELECT count(*) FROM {table} WHERE thread_id = %s)" for table in CHECKPOINTS)
            cursor.execute(f"SELECT {counts}", [str(run)] * len(CHECKPOINTS))
            return int(cursor.fetchone()[0])

    def forget_checkpoints(self, run: UUID, *, slug: str = "acme") -> None:
        """Leave the run as a worker leaves it that loses its power before the first checkpoint."""
        assert self.checkpoints(run, slug=slug)
        with self.inside(slug), connection.cursor() as cursor:
            for table in CHECKPOINTS:
                cursor.execute(f"DELETE FROM {table} WHERE thread_id = %s", [str(run)])

    def decide(self, run: UUID, decision: str, *, role: str = "approver", slug: str = "acme", **said: str) -> Any:
        """Decide the run's newest pending approval."""
        from workflows.actions.approvals import decide_approval
        from workflows.models import Approval

        with self.inside(slug):
            approval = Approval.objects.filter(run=run).pending().order_by("-created_at")[0]
            return decide_approval(actor=self.user(role, slug), approval=approval, decision=decision, **said)

    def ticket(self, run: UUID) -> RunTicket:
        with enter_platform():
            return RunTicket.objects.get(run=run)

    def usage(self, slug: str = "acme") -> dict[str, float]:
        with enter_platform():
            rows = UsageRecord.objects.filter(tenant=self.tenant(slug))
            return {row.metric: float(row.amount) for row in rows}

    def never_suspended(self) -> None:
        """Forget that tests suspended the tenants: what is due waits for an hour after that."""
        with enter_schema_as_owner("public"):
            Tenant.objects.using(OWNER).filter(slug__in=cast.SLUGS).update(resumed_at=None)
        connections[OWNER].close()  # a test may restart PostgreSQL

    def clear(self) -> None:
        for slug in cast.SLUGS:
            with self.inside(slug), transaction.atomic():
                _clear_tenant()
        with enter_schema_as_owner("public"):
            RunTicket.objects.using(OWNER).all().delete()
            DueTime.objects.using(OWNER).all().delete()
            UsageRecord.objects.using(OWNER).all().delete()
        valkey = get_redis_connection("default")
        valkey.delete(*[f"{prefix}{name}" for name in QUEUES for prefix in ("", "nexod.celery.")])
        forget_models()
        release_connections()
        connections[OWNER].close()


def require_given_back() -> None:
    """Fail unless every connection that a library was lent is given back: the next tests would wait for it in vain."""
    from tenants.backend.raw import lent

    ends_at = time.monotonic() + GIVEN_BACK_S
    while lent():
        assert time.monotonic() < ends_at, f"{lent()} connections of libraries were not given back"
        time.sleep(0.02)


def forget_models() -> None:
    """Forget what workers share of models: one that failed before must not rest, or wait for its turn, in the next test."""
    valkey = get_redis_connection("default")
    for key in valkey.scan_iter("nexod:model:*"):
        valkey.delete(key)


def _clear_tenant() -> None:
    from agents.models import (
        Agent,
        Budget,
        BudgetWindow,
        Credential,
        Crew,
        KnowledgeBase,
        Memory,
        ModelCall,
        ModelConnection,
        UsageDay,
    )
    from collaboration.models import Activity, Delivery, Notification, SharedDocument, WebhookEndpoint
    from workflows.models import Run, SavedView, Workflow

    Workflow.objects.update(published=None)
    for model in (Run, Workflow, Crew, Agent, KnowledgeBase, ModelConnection, Notification, WebhookEndpoint, Delivery):
        model.objects.all().delete()
    for model in (Activity, Budget, BudgetWindow, Credential, Memory, ModelCall, SavedView, SharedDocument, UsageDay):
        model.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"DELETE FROM {table}" for table in CHECKPOINTS))


def node(id_: str, type_: str, /, config: Json | None = None, **more: Any) -> Json:
    return {"id": id_, "type": type_, "config": config or {}, **more}


def text(id_: str, template: str = "done", **more: Any) -> Json:
    """Return a template node."""
    return node(id_, "template", {"template": template}, **more)


def ask(id_: str, content: str = "Good?", **config: Any) -> Json:
    """Return an approval node."""
    return node(id_, "approval", {"title": "Please decide", "content": content, **config})


def choose(id_: str, default: str, **cases: str) -> Json:
    """Return a condition node."""
    return node(id_, "condition", {"cases": [{"route": r, "when": w} for r, w in cases.items()], "default": default})


def output(id_: str = "end", **values: str) -> Json:
    """Return an output node whose values are templates."""
    return node(
        id_, "output", {"outputs": {name: {"template": value} for name, value in (values or {"x": "1"}).items()}}
    )


def definition(nodes: Sequence[Json], edges: Sequence[str] | None = None, **more: Any) -> Json:
    """Return a definition; edges are ``a b`` or ``a b route``; without edges the nodes are a chain."""
    if edges is None:
        edges = [f"{one['id']} {two['id']}" for one, two in pairwise(nodes)]
    split = [edge.split() for edge in edges]
    return {
        "format": "nexod.workflow/1",
        "name": "Test",
        "inputs": {"type": "object", "properties": {"topic": {"type": "string", "default": "tides"}}},
        "start": nodes[0]["id"],
        "nodes": list(nodes),
        "edges": [{"from": a, "to": b, **({"when": r[0]} if r else {})} for a, b, *r in split],
        **more,
    }
