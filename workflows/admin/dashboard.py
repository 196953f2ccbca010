"""The first page of a workspace: what waits for a person, what runs, what was used, and what to do next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.utils import timezone

from agents.knowledge.readers import readable_by, reader_of
from agents.models import Document, ModelConnection
from nexod.admin.actors import actor_of, may
from nexod.admin.charts import NARROW, Bar, bars
from tenants import doors
from workflows.approvals.people import desk_of
from workflows.models import Approval, Run, Workflow

Json = dict[str, Any]
DAYS = 14
WAITING_SHOWN, RECENT_SHOWN = 5, 8
HEAVY = ("definition", "inputs", "outputs", "error")


def with_overview(request: HttpRequest, context: Json) -> Json:
    """Return the context of the first page with what it shows; people see what their role may see."""
    if not may(request, "workflows.view_run"):
        return context
    recent = list(Run.objects.select_related("started_by").defer(*HEAVY)[:RECENT_SHOWN])
    documents = _documents(request)
    standing = doors.standing()
    return {
        **context,
        "waiting": _waiting(request),
        "waiting_count": Approval.objects.pending().count(),
        "running": Run.objects.filter(status__in=(Run.Status.PENDING, Run.Status.RUNNING)).count(),
        "recent": recent,
        "documents": documents,
        "usage": _usage(standing),
        "plan_name": standing["plan"]["name"],
        "chart": _chart(),
        "steps": _first_steps(documents, bool(recent)) if may(request, "workflows.add_workflow") else [],
        "may_start": may(request, "workflows.run_workflow"),
        "startable": Workflow.objects.filter(published__isnull=False).only("name", "slug", "description")[:4],
    }


def _waiting(request: HttpRequest) -> list[Json]:
    """Return the approvals that have waited longest, each with whether this person may decide."""
    rows = Approval.objects.pending().select_related("run").prefetch_related("votes").order_by("created_at")
    rows = rows.defer("content", "edited_content", *(f"run__{name}" for name in HEAVY))[:WAITING_SHOWN]
    desk = desk_of(actor_of(request))
    return [{"approval": approval, "may_decide": desk.refusal(approval) is None} for approval in rows]


def _documents(request: HttpRequest) -> Json:
    """Count the documents that the person may read."""
    rows = readable_by(reader_of(actor_of(request)), Document.objects.all())
    busy = Q(status__in=(Document.Status.PENDING, Document.Status.PROCESSING))
    return rows.aggregate(
        all=Count("pk"),
        busy=Count("pk", busy),
        failed=Count("pk", Q(status=Document.Status.FAILED)),
        bytes=Sum("bytes"),
    )


def _usage(standing: Json) -> list[Json]:
    """Return today's usage, each with the plan's limit where there is one."""
    today, plan = standing["today"], standing["plan"]
    tokens = float(today.get("tokens_in", 0)) + float(today.get("tokens_out", 0))
    return [
        _gauge("Runs", float(today.get("runs", 0)), plan["runs_per_day"], "count"),
        _gauge("Tokens", tokens, plan["tokens_per_day"], "count"),
        _gauge("Cost", float(today.get("cost_usd", 0)), 0, "usd"),
        _gauge("Storage", float(standing["storage_bytes"]), plan["storage_mb"] * 1_000_000, "size"),
    ]


def _gauge(name: str, used: float, allowed: float, unit: str) -> Json:
    share = min(100, round(100 * used / allowed)) if allowed else None
    tone = "bad" if share is not None and share >= 100 else "attention" if share is not None and share >= 80 else "busy"
    return {"name": name, "used": used, "allowed": allowed, "unit": unit, "share": share, "tone": tone}


def _chart() -> Any:
    """Return the runs of the last days as bars: completed, failed, others."""
    first = timezone.localdate() - timedelta(days=DAYS - 1)
    counted = _by_day(Run.objects.filter(created_at__date__gte=first))
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return bars(
        [
            Bar(
                f"{day:%d %b}",
                (
                    ("good", found.get("completed", 0)),
                    ("bad", found.get("failed", 0)),
                    ("busy", found.get("others", 0)),
                ),
            )
            for day in days
            for found in [counted.get(day, {})]
        ],
        names={"good": "completed", "bad": "failed", "busy": "others"},
        label=f"Runs of the last {DAYS} days",
        width=NARROW,
    )


def _by_day(runs: QuerySet[Run]) -> dict[Any, dict[str, int]]:
    done, failed = Q(status=Run.Status.COMPLETED), Q(status=Run.Status.FAILED)
    rows = (
        runs.order_by()
        .annotate(day=TruncDate("created_at"))
        .values("day")
        .annotate(completed=Count("pk", done), failed=Count("pk", failed), others=Count("pk", ~done & ~failed))
    )
    return {row["day"]: {name: row[name] for name in ("completed", "failed", "others")} for row in rows}


def _first_steps(documents: Json, has_runs: bool) -> list[Json]:
    """Return what a new workspace needs, in order, until all of it is done."""
    done = [
        ("Connect a model", "Where your agents think.", "agents_modelconnection_add", ModelConnection.objects.exists()),
        ("Install a starter", "A workflow that works, with its crew.", "starters", Workflow.objects.exists()),
        ("Add documents", "What your agents read and cite.", "agents_knowledgebase_changelist", bool(documents["all"])),
        ("Start a run", "Watch it, and approve its result.", "workflows_workflow_changelist", has_runs),
    ]
    steps = [
        {"title": title, "text": text, "page": f"admin:{page}", "done": is_done} for title, text, page, is_done in done
    ]
    return [] if all(step["done"] for step in steps) else steps
