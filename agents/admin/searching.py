"""Try a search in the admin and see why it finds what it finds; open a passage where it stands in its document."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from agents.admin.metadata_lines import LONGEST, MetadataWrong, metadata_of
from agents.knowledge.explain import explained
from agents.knowledge.readers import readable_by, reader_of
from agents.models import Document, DocumentText, KnowledgeBase
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.kernel.errors import PermissionDenied

LONGEST_QUERY, PASSAGES = 1_000, 10
AROUND = 20_000
"""Characters before and after a passage that its page shows."""


@tenant_site.page("agents/knowledgebase/<uuid:base_id>/search/", "knowledge_search")
@require_GET
def search(request: HttpRequest, base_id: UUID) -> HttpResponse:
    """Show what a question finds, what each leg thought of it, and the words that it was looked for with."""
    if not (may(request, "agents.view_knowledgebase") and may(request, "agents.view_chunk")):
        raise PermissionDenied
    base = get_object_or_404(KnowledgeBase, pk=base_id)
    query = request.GET.get("q", "")[:LONGEST_QUERY]
    reader, lines = reader_of(actor_of(request)), request.GET.get("metadata", "")
    found, refusal = None, ""
    try:
        wanted = metadata_of(lines)
        if query.strip():
            found = explained(base, query, reader=reader, limit=PASSAGES, metadata=wanted)
    except MetadataWrong as error:
        refusal = error.message
    page: dict[str, Any] = {
        "title": f"Search {base.name}",
        "query": query,
        "metadata": lines[:LONGEST],
        "refusal": refusal,
        "found": found,
        "opts": base._meta,
        "original": base,
    }
    return tenant_site.render(request, "nexod/knowledge/search.html", page)


@tenant_site.page("agents/document/<uuid:document_id>/text/", "document_text")
@require_GET
def text(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Show what the document says, from ``?start=`` to before ``?end=`` marked."""
    if not (may(request, "agents.view_document") and may(request, "agents.view_chunk")):
        raise PermissionDenied
    rows = readable_by(reader_of(actor_of(request)), Document.objects.select_related("knowledge_base"))
    document = get_object_or_404(rows, pk=document_id)
    body = DocumentText.objects.filter(document=document).values_list("text", flat=True).first() or ""
    start = min(_number(request, "start"), len(body))
    end = min(max(_number(request, "end"), start), len(body))
    chunk = document.chunks.filter(start__lte=start, end__gt=start).first() if end > start else None
    page: dict[str, Any] = {
        "title": document.title or document.name,
        "before": body[max(0, start - AROUND) : start],
        "marked": body[start:end],
        "after": body[end : end + AROUND],
        "cut_before": start > AROUND,
        "cut_after": len(body) > end + AROUND,
        "chunk": chunk,
        "opts": document._meta,
        "original": document,
    }
    return tenant_site.render(request, "nexod/knowledge/text.html", page)


def _number(request: HttpRequest, name: str) -> int:
    given = request.GET.get(name, "0")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
