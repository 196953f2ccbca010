"""The base of the API's views: reads through a queryset, every write through one action, the same manners everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework import mixins, status, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from nexod.http.idempotency import idempotent
from nexod.http.permissions import ModelPermissions
from nexod.http.shapes import all_shown, shown
from nexod.http.throttling import CountedFirst
from nexod.kernel.errors import InvalidInput

Action = Callable[..., Any]


class ApiViewSet(CountedFirst, viewsets.GenericViewSet[Any]):
    """What all have: permissions, an ``Idempotency-Key`` on every POST, rows that the caller may see, no NUL in a query."""

    permission_classes = [ModelPermissions]
    write_serializer_class: type[BaseSerializer[Any]] | None = None
    write_serializers: Mapping[str, type[BaseSerializer[Any]]] = {}
    """By action, for views whose bodies differ."""
    lookup_value_converter = "uuid"
    row_name = ""
    """What actions call the row; empty: the model's name in one word."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check who asks and for what, then make a POST act once for each key."""
        super().initial(request, *args, **kwargs)
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise InvalidInput("The query holds a NUL character.")
        handler = getattr(self, "post", None)
        if request.method == "POST" and handler is not None:
            setattr(self, "post", idempotent(handler))  # noqa: B010

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows that the caller may see: all of the tenant's, unless the model says less with ``visible_to``."""
        rows = super().get_queryset()
        return rows.visible_to(self.request.user) if hasattr(rows, "visible_to") else rows

    def get_object(self) -> Any:
        """Return the row that the path names, whatever a list could be narrowed by; raises Http404."""
        field = self.lookup_field
        row = get_object_or_404(self.get_queryset(), **{field: self.kwargs[self.lookup_url_kwarg or field]})
        self.check_object_permissions(self.request, row)
        return row

    def get_write_serializer_class(self) -> type[BaseSerializer[Any]]:
        """Return what the body of this action is; the schema describes the same."""
        named = self.write_serializers.get(self.action or "")
        return named or self.write_serializer_class or self.get_serializer_class()

    def validated(self, *, partial: bool = False) -> dict[str, Any]:
        """Return the body as the write serializer understands it; raises what becomes 400 with its fields."""
        serializer_class = self.get_write_serializer_class()
        serializer = serializer_class(data=self.request.data, partial=partial, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def named(self, row: Model) -> dict[str, Model]:
        """Return the row under the name that actions take it by."""
        return {self.row_name or str(row._meta.model_name): row}

    def completed(self, rows: Iterable[Any]) -> list[Any]:
        """Return the rows with what their shape shows beside their columns: worked out here, once for all of them."""
        return list(rows)

    def shown(self, row: Model, *, status: int = status.HTTP_200_OK) -> Response:
        """Return the row as the API shows it."""
        [found] = self.completed([row])
        return Response(shown(self.get_serializer_class(), found), status=status)

    def page_shown(self, rows: QuerySet[Any]) -> Response:
        """Return the page of the rows that was asked for, or all of them where a list has no pages."""
        page = self.paginate_queryset(rows)
        answer = all_shown(self.get_serializer_class(), self.completed(rows if page is None else page))
        return Response(answer) if page is None else self.get_paginated_response(answer)


class ReadViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """``list`` and ``retrieve``. They have no words of their own, so that the API's document takes those of the view."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: D102
        return self.page_shown(self.filter_queryset(self.get_queryset()))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: D102
        return self.shown(self.get_object())


class CreateByAction:
    """``create`` through ``create_action(actor=, **fields)``, which returns the new row."""

    create_action: Action

    def create(self: Any, request: Request) -> Response:
        """Create one."""
        row = type(self).create_action(actor=request.user, **self.validated())
        return self.shown(row, status=status.HTTP_201_CREATED)  # type: ignore[no-any-return]


class UpdateByAction:
    """``partial_update`` through ``update_action(actor=, <model>=row, **changed fields)``, which returns the row."""

    update_action: Action

    def partial_update(self: Any, request: Request, **kwargs: Any) -> Response:
        """Change the fields that are given."""
        row = self.get_object()
        changes = self.validated(partial=True)
        return self.shown(type(self).update_action(actor=request.user, **self.named(row), **changes))  # type: ignore[no-any-return]


class DestroyByAction:
    """``destroy`` through ``destroy_action(actor=, <model>=row)``."""

    destroy_action: Action

    def destroy(self: Any, request: Request, **kwargs: Any) -> Response:
        """Delete it."""
        row = self.get_object()
        type(self).destroy_action(actor=request.user, **self.named(row))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ActionViewSet(CreateByAction, UpdateByAction, DestroyByAction, ReadViewSet):
    """All five. A subclass names ``queryset``, ``serializer_class`` and its three actions as ``staticmethod``s."""
