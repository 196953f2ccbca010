"""What the pages of settings ask: a form's values as JSON, and saving or giving up what was written together."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents.differences import lines
from agents.errors import SaveUnconfirmed
from agents.settings.kinds import Kind, kind_of
from agents.settings.saving import discard_settings, others_in, save_settings, settings_draft
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.records import REFUSED
from nexod.admin.refusals import problems, tell
from nexod.kernel.digests import digest_of
from nexod.kernel.errors import InvalidInput, NotFound, PermissionDenied

MAX_NOTE = 500


@tenant_site.page("settings/<str:kind>/<uuid:row_id>/read/", "settings_read")
@require_POST
def read(request: HttpRequest, kind: str, row_id: UUID) -> HttpResponse:
    """Answer with the content of the form that was sent, and what in it cannot be read. Stores nothing."""
    found, row = _found(request, kind, row_id)
    admin: Any = tenant_site._registry[found.model]
    content, refused = admin.read(request, row)
    return JsonResponse({"content": content, "refused": [{"field": at, "said": text} for at, text in refused]})


@tenant_site.page("settings/<str:kind>/<uuid:row_id>/save/", "settings_save")
def save(request: HttpRequest, kind: str, row_id: UUID) -> HttpResponse:
    """Show what would be saved, or save exactly what was seen: as a page, or for the page that is live (``seen``)."""
    found, row = _found(request, kind, row_id)
    if request.method == "POST" and "seen" in request.POST:
        return _saved_live(request, found, row)
    if request.method == "POST":
        try:
            return HttpResponseRedirect(_acted(request, found, row))
        except (NotFound, PermissionDenied):
            raise
        except REFUSED as error:
            tell(request, error)
    return tenant_site.render(request, "nexod/settings/save.html", _page(request, found, row))


def _found(request: HttpRequest, name: str, row_id: UUID) -> tuple[Kind, Any]:
    kind = kind_of(name)
    if not may(request, kind.permission("change")):
        raise PermissionDenied("Your role does not change this.")
    row = kind.model._default_manager.filter(pk=row_id).first()
    if row is None:
        raise Http404("There is no such page here.")
    return kind, row


def _saved_live(request: HttpRequest, kind: Kind, row: Any) -> HttpResponse:
    """Save what the page that is live shows; answer with what it says, or with where to look first."""
    try:
        seen = json.loads(request.POST["seen"])
    except ValueError as error:
        raise InvalidInput("This is no JSON.") from error
    try:
        stored = _save(request, kind, row, digest_of(seen), confirm=False)
    except SaveUnconfirmed as asked:
        return JsonResponse({"look": request.path, "why": asked.message})
    except (NotFound, PermissionDenied):
        raise
    except REFUSED as error:
        refused = [f"{field}: {text}" if field else text for field, text in problems(error)]
        return JsonResponse({"refused": refused}, status=409)
    return JsonResponse({"saved": _words(stored)})


def _acted(request: HttpRequest, kind: Kind, row: Any) -> str:
    """Save or give up what the page showed; return where to go."""
    digest = request.POST.get("digest", "")
    if request.POST.get("do") == "discard":
        discard_settings(actor=actor_of(request), kind=kind, row=row, digest=digest)
        messages.success(request, "What was not saved is given up.")
    else:
        stored = _save(request, kind, row, digest, confirm=bool(request.POST.get("confirm")))
        messages.success(request, _words(stored))
    return _address(kind, row)


def _save(request: HttpRequest, kind: Kind, row: Any, digest: str, *, confirm: bool) -> Any:
    note = request.POST.get("note", "").strip()[:MAX_NOTE]
    stored = save_settings(actor=actor_of(request), kind=kind, row=row, digest=digest, note=note, confirm=confirm)
    tenant_site._registry[kind.model].log_change(request, stored, "Saved what was written together.")
    return stored


def _words(stored: Any) -> str:
    version = getattr(stored, "version", 0)
    return f"Saved as version {version}." if version else "Saved."


def _address(kind: Kind, row: Any) -> str:
    return reverse(f"admin:agents_{kind.model._meta.model_name}_change", args=(row.pk,))


def _page(request: HttpRequest, kind: Kind, row: Any) -> dict[str, Any]:
    draft = settings_draft(actor=actor_of(request), kind=kind, row=row)
    editing, changed = others_in(draft, actor_of(request))
    saved = kind.content(row)
    return {
        "title": f"Save {row}",
        "original": row,
        "opts": kind.model._meta,
        "back": _address(kind, row),
        "draft": draft,
        "rows": [(one, lines(_at(saved, one["field"]), _at(draft.content, one["field"]))) for one in draft.changed],
        "editing": editing,
        "others": sorted({who["name"] for one in changed for who in one["by"]}),
        "must_confirm": bool(editing or changed),
        "note": request.POST.get("note") or request.GET.get("note") or "",
    }


def _at(content: Any, field: str) -> Any:
    """Return the value of ``goal``, or of ``tasks.<slug>.<field>``; None where there is none."""
    name, _, rest = field.partition(".")
    found = content.get(name) if isinstance(content, dict) else None
    if not rest:
        return found
    slug, _, inner = rest.partition(".")
    rows = found if isinstance(found, list) else []
    row = next((row for row in rows if isinstance(row, dict) and row.get("slug") == slug), None)
    return _at(row, inner) if inner else row
