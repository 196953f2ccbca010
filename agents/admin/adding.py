"""The page on which a knowledge base is filled: files, pages of the web, a sitemap, a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from agents.actions.addresses import AddressInvalid, add_addresses
from agents.actions.contents import Taken
from agents.actions.documents import put_text, refresh_document, retry_documents
from agents.actions.sitemaps import add_sitemap, refresh_sitemap
from agents.admin.metadata_lines import about
from agents.knowledge.parsing.formats import NAMES, SUFFIXES
from agents.knowledge.readers import readable_by, reader_of
from agents.models import Document, KnowledgeBase, Sitemap
from nexod.admin import formats, tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.refusals import tell
from nexod.kernel.errors import NexodError, PermissionDenied

Given = dict[str, str]


@tenant_site.page("agents/knowledgebase/<uuid:base_id>/add/", "knowledge_add")
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, base_id: UUID) -> HttpResponse:
    """Show the ways in; take what one of them was given, and say what is wrong with it at its place."""
    if not may(request, "agents.add_document"):
        raise PermissionDenied
    base = get_object_or_404(KnowledgeBase, pk=base_id)
    way, given = request.POST.get("way", ""), request.POST.dict()
    refusal = ""
    if request.method == "POST":
        try:
            messages.success(request, _WAYS[way](request, base, given) if way in _WAYS else "")
            return HttpResponseRedirect(reverse("admin:agents_knowledgebase_change", args=(base.pk,)))
        except NexodError as error:
            refusal = error.message
    return render(
        request,
        "nexod/knowledge/add.html",
        {
            **tenant_site.each_context(request),
            "title": f"Add documents to {base.name}",
            "base": base,
            "base_id": base.pk,
            "way": way,
            "given": given,
            "refusal": refusal,
            "suffixes": ",".join(SUFFIXES),
            "names": NAMES,
            "limit": formats.size(settings.NEXOD_MAX_DOCUMENT_BYTES),
            "may_add_sitemap": may(request, "agents.add_sitemap"),
        },
        status=400 if refusal else 200,
    )


def _add_addresses(request: HttpRequest, base: KnowledgeBase, given: Given) -> str:
    addresses = given.get("addresses", "").split()
    if not addresses:
        raise AddressInvalid("Give at least one address; each on a line of its own.")
    rows = add_addresses(actor=actor_of(request), knowledge_base=base, addresses=addresses, **about(given))
    return "The page is being fetched." if len(rows) == 1 else f"{len(rows):,} pages are being fetched."


def _add_sitemap(request: HttpRequest, base: KnowledgeBase, given: Given) -> str:
    add_sitemap(actor=actor_of(request), knowledge_base=base, address=given.get("sitemap", ""), **about(given))
    return "The sitemap is being read; its pages appear below."


def _add_text(request: HttpRequest, base: KnowledgeBase, given: Given) -> str:
    title = given.get("title", "").strip() or "Text"
    text = given.get("text", "")
    _, taken = put_text(actor=actor_of(request), knowledge_base=base, title=title, text=text, **about(given))
    return "This text is here already; nothing changed." if taken is Taken.KNOWN else "The text is being read."


_WAYS: dict[str, Callable[[HttpRequest, KnowledgeBase, Given], str]] = {
    "addresses": _add_addresses,
    "sitemap": _add_sitemap,
    "text": _add_text,
}


@tenant_site.page("agents/knowledgebase/<uuid:base_id>/again/", "knowledge_again")
@require_POST
def again(request: HttpRequest, base_id: UUID) -> HttpResponse:
    """Read everything anew that failed here."""
    base = get_object_or_404(KnowledgeBase.objects.only("pk"), pk=base_id)
    actor = actor_of(request)
    documents = readable_by(reader_of(actor), Document.objects.filter(knowledge_base=base))
    begun = retry_documents(actor=actor, documents=documents)
    messages.success(request, f"{begun:,} {'document is' if begun == 1 else 'documents are'} read anew.")
    return HttpResponseRedirect(reverse("admin:agents_knowledgebase_change", args=(base.pk,)))


@tenant_site.page("agents/document/<uuid:document_id>/refresh/", "document_refresh")
@require_POST
def refresh(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Ask a page again whether it has changed."""
    document = get_object_or_404(readable_by(reader_of(actor_of(request)), Document.objects.all()), pk=document_id)
    return _refreshed(
        request, document.knowledge_base_id, lambda: refresh_document(actor=actor_of(request), document=document)
    )


@tenant_site.page("agents/sitemap/<uuid:sitemap_id>/refresh/", "sitemap_refresh")
@require_POST
def refresh_pages(request: HttpRequest, sitemap_id: UUID) -> HttpResponse:
    """Look for new pages, and ask for every known one again."""
    sitemap = get_object_or_404(Sitemap, pk=sitemap_id)
    return _refreshed(
        request, sitemap.knowledge_base_id, lambda: refresh_sitemap(actor=actor_of(request), sitemap=sitemap)
    )


def _refreshed(request: HttpRequest, base_id: UUID, act: Callable[[], Any]) -> HttpResponse:
    try:
        act()
    except NexodError as error:
        tell(request, error)
    return HttpResponseRedirect(reverse("admin:agents_knowledgebase_change", args=(base_id,)))
