"""How drf-spectacular reads a view of ours: the body is what validates it, and every operation has a name that reads well."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema

_SUMMARIES = {
    "list": "List {many}",
    "retrieve": "Get {one}",
    "create": "Create {one}",
    "partial_update": "Change {one}",
    "destroy": "Delete {one}",
}


class OperationSchema(AutoSchema):
    """Asks the view for its write serializer, its basename and its model's name."""

    def get_request_serializer(self) -> Any:
        """Return what the body is."""
        ask = getattr(self.view, "get_write_serializer_class", None)
        return ask() if ask is not None else super().get_request_serializer()

    def get_operation_id(self) -> str:
        """Return ``<basename>_<action>``, such as ``run_cancel``."""
        basename, action = getattr(self.view, "basename", None), getattr(self.view, "action", None)
        if not (basename and action):
            return str(super().get_operation_id())
        return f"{basename}_{action}".replace("-", "_")

    def get_summary(self) -> str | None:
        """Return one line about the usual actions; views say it themselves about the others."""
        template = _SUMMARIES.get(getattr(self.view, "action", None) or "")
        queryset = getattr(self.view, "queryset", None)
        if template is None or queryset is None:
            return super().get_summary()
        meta = queryset.model._meta
        article = "an" if meta.verbose_name[0].lower() in "aeiou" else "a"
        return template.format(one=f"{article} {meta.verbose_name}", many=meta.verbose_name_plural)
