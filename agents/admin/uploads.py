"""Dropping files onto a knowledge base: one answer per file, and the list of documents while they are read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from agents.actions.contents import Taken
from agents.actions.documents import put_document, retry_document
from agents.admin.metadata_lines import about
from agents.knowledge.parsing.formats import NAMES, SUFFIXES
from agents.knowledge.progress import progress_of
from agents.knowledge.readers import readable_by, reader_of
from agents.models import Document, KnowledgeBase, Sitemap
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.refusals import tell
from nexod.kernel.errors import NexodError, PermissionDenied

SHOWN = 100
BUSY = (Document.Status.PENDING, Document.Status.PROCESSING)


def panel(request: HttpRequest, base_id: UUID) -> dict[str, Any]:
    """Return what the documents' panel shows: the newest documents, how many there are, what the person may do."""
    documents = readable_by(reader_of(actor_of(request)), Document.objects.filter(knowledge_base=base_id))
    newest = list(documents[:SHOWN])
    progress = progress_of(documents)
    sitemaps = list(Sitemap.objects.filter(knowledge_base=base_id)[:SHOWN])
    return {
        "base_id": base_id,
        "documents": newest,
        "documents_total": progress.documents,
        "documents_busy": progress.is_busy or any(sitemap.status in BUSY for sitemap in sitemaps),
        "progress": progress,
        "sitemaps": sitemaps,
        "may_upload": may(request, "agents.add_document"),
        "may_retry": may(request, "agents.change_document"),
        "may_delete": may(request, "agents.delete_document"),
        "suffixes": ",".join(SUFFIXES),
        "names": NAMES,
    }


@tenant_site.page("agents/knowledgebase/<uuid:base_id>/documents/", "knowledge_documents")
@require_GET
def documents(request: HttpRequest, base_id: UUID) -> HttpResponse:
    """Answer with the list alone, for the page that watches it."""
    if not may(request, "agents.view_document"):
        raise PermissionDenied
    base = get_object_or_404(KnowledgeBase.objects.only("pk"), pk=base_id)
    return render(request, "nexod/knowledge/documents.html", panel(request, base.pk))


@tenant_site.page("agents/knowledgebase/<uuid:base_id>/upload/", "knowledge_upload")
@require_POST
def upload(request: HttpRequest, base_id: UUID) -> HttpResponse:
    """Take the files; answer for each of them, as JSON to a script and as messages to a plain form."""
    base = get_object_or_404(KnowledgeBase, pk=base_id)
    results = [_take(request, base, file) for file in request.FILES.getlist("files")]
    if request.headers.get("accept", "").startswith("application/json"):
        return JsonResponse({"results": results})
    for result in results:
        level = messages.ERROR if result["result"] == "refused" else messages.SUCCESS
        messages.add_message(request, level, f"{result['name']}: {result['message']}")
    return HttpResponseRedirect(reverse("admin:agents_knowledgebase_change", args=(base.pk,)))


@tenant_site.page("agents/document/<uuid:document_id>/again/", "document_again")
@require_POST
def again(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Read a failed document anew."""
    document = get_object_or_404(readable_by(reader_of(actor_of(request)), Document.objects.all()), pk=document_id)
    try:
        retry_document(actor=actor_of(request), document=document)
    except NexodError as error:
        tell(request, error)
    return HttpResponseRedirect(reverse("admin:agents_knowledgebase_change", args=(document.knowledge_base_id,)))


def _take(request: HttpRequest, base: KnowledgeBase, file: UploadedFile[Any]) -> dict[str, str]:
    name = file.name or "document"
    try:
        said = about(request.POST.dict())
        document, taken = put_document(actor=actor_of(request), knowledge_base=base, name=name, file=file, **said)
    except NexodError as error:
        return {"name": name, "result": "refused", "message": error.message}
    if taken is not Taken.ADDED:
        return {"name": name, "result": "known", "message": "is here already; nothing changed."}
    _log(request, document)
    return {"name": name, "result": "added", "message": "is being read."}


def _log(request: HttpRequest, document: Document) -> None:
    admin = tenant_site._registry[Document]
    admin.log_addition(request, document, [{"added": {}}])
