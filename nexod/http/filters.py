"""Filters that several lists share."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request

OF_PAGES = frozenset({"cursor", "limit"})


class AskedFilters(DjangoFilterBackend):
    """django-filter's, which makes a form for every request, only for those that ask for something."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        """Return the rows that were asked for; raises for what means nothing."""
        if request.query_params.keys() <= OF_PAGES:
            return queryset
        found: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return found


@extend_schema_field(OpenApiTypes.BOOL)
class FlagFilter(filters.TypedChoiceFilter):
    """``true`` or ``false``; django-filter's own filter takes any other word for no filter at all."""

    def __init__(self, **options: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(choices=choices, coerce=lambda word: word == "true", **options)
