"""Change pages of settings that people write together: they show what is saved, or on request what is written; saving asks."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.http import HttpRequest
from django.urls import reverse

from agents.settings.kinds import Kind, kind_of
from agents.settings.saving import put_settings, settings_draft
from nexod.admin.actors import actor_of, may
from nexod.admin.records import RefusableForm, SluggedAdmin
from nexod.admin.schema_fields import SchemaField
from nexod.admin.schema_parts import complaints as complaints_of
from nexod.kernel.digests import digest_of
from nexod.kernel.errors import InvalidInput
from nexod.kernel.json_schemas import complaints

Json = dict[str, Any]
WRITTEN = "together"
"""Asks the page for what is written together instead of what is saved."""
BASE = "base"
"""What the form that was sent showed as saved when it was loaded."""


class TogetherForm(RefusableForm):
    """A form whose values are a content; of a row that ``shown_as`` another content it shows that."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        written = getattr(self.instance, "_written", None)
        if written is not None:
            self.initial.update(self.initial_of(written))

    def initial_of(self, content: Json) -> Json:
        """Return what the fields show of a content."""
        return content

    def content(self) -> Json:
        """Return the content of the fields that are valid."""
        raise NotImplementedError


class TogetherAdmin(SluggedAdmin):
    """Subclasses name their ``kind`` of settings; their template includes ``nexod/settings/together.html``."""

    kind: ClassVar[str]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row; where the page is asked for what is written together, with that instead of what is saved."""
        found = super().get_object(request, object_id, from_field)
        if found is not None and request.method == "GET" and WRITTEN in request.GET:
            kind = kind_of(self.kind)
            self.write_into(found, kind, settings_draft(actor=actor_of(request), kind=kind, row=found).content)
        return found

    def write_into(self, row: Any, kind: Kind, content: Json) -> None:
        """Let a row that is only shown say what a content says, as far as that fits."""
        wrong = {one["field"].partition(".")[0] for one in complaints(content, kind.schema)}
        row._written = {
            name: value
            for name, value in content.items()
            if name not in wrong or _can_be_shown(kind.schema, name, value)
        }
        for name, value in row._written.items():
            if name != kind.rows and not row._meta.get_field(name).is_relation:
                setattr(row, name, value)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show the page with where its document is."""
        kind, found = kind_of(self.kind), super().get_object(request, object_id)
        if found is None:
            return super().change_view(request, object_id, form_url, extra_context)
        saved = kind.content(found)
        writes = may(request, kind.permission("change"))
        given = request.POST.get(BASE)
        together = {
            "kind": kind.name,
            "room": f"{kind.name}:{found.pk}",
            "writes": writes,
            "base": given if given is not None else json.dumps(saved),
            "saved": digest_of(saved),
            "fields": " ".join(kind.fields),
            "texts": " ".join(sorted(kind.texts)),
            "rows": kind.rows,
            "row_fields": " ".join(kind.row_fields),
            "row_texts": " ".join(sorted(kind.row_texts)),
            "new_row": json.dumps(kind.new_row),
            "read": reverse("admin:settings_read", args=(kind.name, found.pk)),
            "save": reverse("admin:settings_save", args=(kind.name, found.pk)),
            "list": reverse(f"admin:agents_{kind.model._meta.model_name}_changelist"),
        }
        return super().change_view(request, object_id, form_url, {"together": together, **(extra_context or {})})

    def put(self, request: HttpRequest, form: Any, given: Json, original: Any) -> Any:
        """Store what was changed in the form that was shown, merged with what others saved meanwhile."""
        note = form.cleaned_data.get("note", "")
        return put_settings(
            actor=actor_of(request), kind=kind_of(self.kind), row=original, base=_base(request), given=given, note=note
        )

    def read(self, request: HttpRequest, row: Any) -> tuple[Json, list[tuple[str, str]]]:
        """Return the content of a form as far as it can be read, and what cannot be."""
        form = self.get_form(request, row, change=True)(request.POST, instance=row)
        for field in form.fields.values():
            field.required = False
        form.is_valid()
        return form.content(), [(field, text) for field in form.errors for text in _why(form, field)]


def _why(form: Any, field: str) -> list[str]:
    """Return what is wrong with a field; of one with fields of its own, what is wrong with these."""
    if isinstance(form.fields.get(field), SchemaField):
        inner = form[field].data
        inner.is_valid()
        return list(complaints_of(inner))
    return [str(text) for text in form.errors[field]]


def _can_be_shown(schema: Json, name: str, value: Any) -> bool:
    """Say whether a value that is not valid is one of the right sort all the same: too large, too long, empty."""
    sorts = schema["properties"][name].get("type", "string")
    if isinstance(value, str):
        return bool(sorts == "string")
    return isinstance(value, int | float) and not isinstance(value, bool) and ("number" in sorts or sorts == "integer")


def _base(request: HttpRequest) -> Json | None:
    text = request.POST.get(BASE, "")
    try:
        found = json.loads(text) if text else None
    except ValueError as error:
        raise InvalidInput("What the form was based on cannot be read.") from error
    return found if isinstance(found, dict) else None
