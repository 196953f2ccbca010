"""What people did: the feed of the workspace as a page."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from collaboration.feed.lines import Wanted, feed_of
from collaboration.models import Activity
from collaboration.models.activity import SUBJECTS
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.http.pagination import Cursor, beyond
from nexod.kernel.errors import InvalidInput, PermissionDenied
from tenants.accounts.models import User

Json = dict[str, Any]
PAGE = 60
PEOPLE = 200
# What stands beside a line: an icon and the words between the person and the thing.
VERBS = {
    "commented": ("chat", "commented on"),
    "replied": ("forum", "replied on"),
    "resolved": ("check_circle", "resolved a thread on"),
    "reopened": ("undo", "reopened a thread on"),
    "created": ("add_circle", "created"),
    "edited": ("edit", "edited"),
    "saved": ("save", "saved"),
    "deleted": ("delete", "deleted"),
    "published": ("publish", "published"),
    "reverted": ("history", "went back to an earlier version of"),
    "started": ("play_arrow", "started"),
    "decided": ("gavel", "decided"),
    "added": ("person_add", "added"),
    "changed": ("tune", "changed"),
}
KINDS = {
    "workflow": "Workflows", "run": "Runs", "approval": "Approvals", "agent": "Agents", "crew": "Crews",
    "knowledge": "Knowledge bases", "budget": "Budgets", "member": "People",
}  # fmt: skip
PAGES = {
    "workflow": "workflows_workflow", "run": "workflows_run", "approval": "workflows_approval", "agent": "agents_agent",
    "crew": "agents_crew", "knowledge": "agents_knowledgebase", "budget": "agents_budget", "member": "accounts_user",
}  # fmt: skip
SPANS = {"day": ("Last day", 1), "week": ("Last week", 7), "month": ("Last month", 30)}


@tenant_site.page("collaboration/activity/", "activity")
def activity_page(request: HttpRequest) -> HttpResponse:
    """Show the newest lines by days; what follows at once on the same is folded."""
    if not may(request, "collaboration.view_activity"):
        raise PermissionDenied
    actor = actor_of(request)
    rows, older = _page(feed_of(actor, _wanted(request)), request.GET.get("cursor", ""))
    days = groupby(_folded(rows), key=lambda line: timezone.localtime(line["at"]).date())
    query = request.GET.copy()
    query.pop("cursor", None)
    facts = {
        "title": "Activity",
        "days": [(day, list(lines)) for day, lines in days],
        "older": f"?{query.urlencode()}&cursor={older}" if older else "",
        "kinds": [(kind, words) for kind, words in KINDS.items() if actor.has_perm(SUBJECTS[kind])],
        "verbs": [(verb, words) for verb, (_, words) in VERBS.items()],
        "people": User.objects.order_by("full_name", "email").only("email", "full_name")[:PEOPLE],
        "spans": [(span, words) for span, (words, _) in SPANS.items()],
        "asked": request.GET,
    }
    return tenant_site.render(request, "nexod/activity/page.html", facts)


def _wanted(request: HttpRequest) -> Wanted:
    """Return what the address asks for; what means nothing asks for nothing."""
    span = SPANS.get(request.GET.get("span", ""))
    kind, verb = request.GET.get("kind", ""), request.GET.get("verb", "")
    try:
        person = UUID(request.GET.get("actor", ""))
    except ValueError:
        person = None
    return Wanted(
        actor=person,
        kind=kind if kind in SUBJECTS else "",
        verb=verb if verb in VERBS else "",
        since=timezone.now() - timedelta(days=span[1]) if span else None,
    )


def _page(feed: Any, given: str) -> tuple[list[Activity], str]:
    try:
        cursor = Cursor.decode(given, Activity) if given else None
    except InvalidInput:
        cursor = None
    rows = list(beyond(feed, cursor).order_by("-created_at", "-pk")[: PAGE + 1])
    more = len(rows) > PAGE
    return rows[:PAGE], Cursor(rows[PAGE - 1].created_at, str(rows[PAGE - 1].pk)).encode(Activity) if more else ""


def _folded(rows: list[Activity]) -> list[Json]:
    """Return a line for each stretch of the same deed of the same person on the same thing."""
    lines = []
    for (_, verb, kind, title), same in groupby(
        rows, key=lambda row: (row.actor_id, row.verb, row.subject_kind, row.title)
    ):
        found = list(same)
        first = found[0]
        icon, words = VERBS.get(verb, ("bolt", verb))
        who = str(first.actor) if first.actor else str(first.facts.get("by") or "Nexod").capitalize()
        lines.append(
            {"at": first.created_at, "who": who, "icon": icon, "words": words, "title": title, "kind": kind, "times": len(found),
             "url": _url(first), "facts": first.facts, "run": first.facts.get("status") if kind == "run" else "",
             "fields": first.facts.get("fields", []) if len(found) == 1 else []}
        )  # fmt: skip
    return lines


def _url(row: Activity) -> str:
    if row.verb == "deleted":
        return ""
    try:
        address = reverse(f"admin:{PAGES[row.subject_kind]}_change", args=(row.subject_id,))
    except (KeyError, NoReverseMatch):
        return ""
    return f"{address}?thread={row.facts['thread']}" if "thread" in row.facts else address
