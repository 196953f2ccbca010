"""Search in the admin: one question to documents, runs and memories, each result leading to its place."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from agents.api.asked import LONGEST_QUERY
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of
from nexod.kernel.errors import InvalidInput
from workflows.search.everything import Everything, search_everything


@tenant_site.page("find/", "find")
def search_page(request: HttpRequest) -> HttpResponse:
    """Show the question, and what was found."""
    query, found, trouble = request.GET.get("q", ""), Everything(), ""
    if query.strip():
        try:
            found = search_everything(actor_of(request), query)
        except InvalidInput:
            trouble = f"Ask in at most {LONGEST_QUERY} characters."
    context = {
        "title": "Find", "query": query, "found": found, "trouble": trouble,
        "is_asked": bool(query.strip()) and not trouble, "longest": LONGEST_QUERY,
        "is_empty": not (found.documents or found.runs or found.memories),
    }  # fmt: skip
    return tenant_site.render(request, "nexod/search/page.html", context)
