"""The search over everything that a person may see: a few of each kind, by the admins' own search fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import reverse
from unfold.dataclasses import SearchResult

PER_MODEL = 6
MAX_TERM = 100


def found(site: AdminSite, request: HttpRequest, term: str) -> list[SearchResult]:
    """Return pages whose name contains ``term``, then records that match it."""
    term = term[:MAX_TERM].replace("\x00", "").lower()
    admins = [admin for admin in site._registry.values() if admin.has_view_permission(request)]
    return [*_pages(admins, term), *_records(admins, request, term)]


def _pages(admins: list[Any], term: str) -> Iterator[SearchResult]:
    for admin in admins:
        meta = admin.opts
        name = str(meta.verbose_name_plural)
        if term in name.lower():
            yield SearchResult(name.capitalize(), "Page", _address(meta, "changelist"), getattr(admin, "icon", "list"))


def _records(admins: list[Any], request: HttpRequest, term: str) -> Iterator[SearchResult]:
    for admin in admins:
        if not admin.get_search_fields(request):
            continue
        rows, doubles = admin.get_search_results(request, admin.get_queryset(request), term)
        kind = str(admin.opts.verbose_name).capitalize()
        for row in (rows.distinct() if doubles else rows)[:PER_MODEL]:
            yield SearchResult(str(row), kind, _address(admin.opts, "change", row.pk), getattr(admin, "icon", "list"))


def _address(meta: Any, page: str, *arguments: Any) -> str:
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=arguments)
