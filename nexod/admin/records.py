"""The ModelAdmin of ours: writes go through actions, and an action's refusal becomes an error of the form, with nothing lost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn

from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import capfirst
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from nexod.admin.refusals import Refusal, problems, tell
from nexod.kernel.errors import NexodError

REFUSAL = "_nexod_refusal"
REFUSED = (NexodError, ValidationError)
# A list that can be filtered by these tells them character by character to whoever may only read the list.
SECRET_FIELDS = frozenset({"password", "hashed"})
SEALED = "encrypted_"


class RefusableForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that shows what an action refused, at the field that it named or above the form."""

    refusal: ClassVar[Refusal | None] = None

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.refusal is not None:
            for field, message in problems(self.refusal):
                known = field in self.fields
                self.add_error(field if known else None, message if known or not field else f"{field}: {message}")


class ListAdmin(ModelAdmin):
    """How our lists look and behave."""

    icon: ClassVar[str] = "description"
    empty_hint: ClassVar[str] = ""
    noun: ClassVar[str] = ""
    nouns: ClassVar[str] = ""
    list_per_page = 50
    show_full_result_count = False
    list_fullwidth = True

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the rows; each list says what it needs of other tables."""
        return super().get_queryset(request)  # type: ignore[no-any-return]

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> NoReturn:
        """Answer 404, as every other page does; Django would go to the index and repeat the id there."""
        raise Http404("There is no such page here.")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to filter by what is stored of a secret; Django allows every field of the model itself."""
        allowed = super().lookup_allowed(lookup, value, request)
        return bool(allowed) and not any(
            part in SECRET_FIELDS or part.startswith(SEALED) for part in lookup.split("__")
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """List, under the words that people use for the rows."""
        return super().changelist_view(request, self._worded(extra_context))  # type: ignore[no-any-return]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a row, under the same words."""
        return super().changeform_view(request, object_id, form_url, self._worded(extra_context))  # type: ignore[no-any-return]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Tell who changed what, under the same words."""
        return super().history_view(request, object_id, self._worded(extra_context))  # type: ignore[no-any-return]

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask, under the same words."""
        return super().delete_view(request, object_id, self._worded(extra_context))  # type: ignore[no-any-return]

    def _worded(self, context: Any) -> dict[str, Any]:
        return {"noun": self.noun, "nouns": self.nouns, **(context or {})}

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the rows; what goes along is only counted: there may be much of it, and some of it not theirs to see."""
        _, counts, permissions, protected = super().get_deleted_objects(objs, request)
        counted = {name: count for name, count in counts.items() if str(name) not in _links()}
        # What is needed elsewhere is in the way whatever the person may do, so that is what they are told.
        return self.named(objs), counted, set() if protected else permissions, protected

    def named(self, objs: Any) -> list[str]:
        """Return how rows are called where somebody is asked whether to delete them."""
        return [f"{capfirst(self.noun or self.opts.verbose_name)}: {row}" for row in objs]


class RecordAdmin(ListAdmin):
    """Subclasses write ``write`` and ``remove`` with the actions of their app."""

    form = RefusableForm
    takes_along: ClassVar[frozenset[str]] = frozenset()
    """Names of models whose rows nobody deletes by hand, and that go with a row of this one."""
    formfield_overrides = {models.TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})}}
    warn_unsaved_form = True

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> models.Model:
        """Store the form's values by an action and return the row; ``original`` is the row as stored, None when it is new."""
        raise TypeError(f"{type(self).__name__} does not say which action stores its rows.")

    def remove(self, request: HttpRequest, obj: Any) -> None:
        """Delete the row by an action."""
        raise TypeError(f"{type(self).__name__} does not say which action deletes its rows.")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Leave it to ``save_related``, which knows the inlines too."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Iterable[Any], change: bool) -> None:
        """Let the action write everything at once."""
        given = list(formsets)
        # The form has changed its instance already; actions compare with what is stored.
        original = self.model._default_manager.get(pk=form.instance.pk) if change else None
        row = self.write(request, form, given, original)
        form.instance.__dict__.update(row.__dict__)
        for formset in given:
            _describe_changes(formset)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Ask for no permission of its own for what goes along."""
        shown, counts, permissions, protected = super().get_deleted_objects(objs, request)
        return shown, counts, {name for name in permissions if name not in self.takes_along}, protected

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Let the action delete."""
        self.remove(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Let the action delete each row; the first refusal takes back all of them."""
        for obj in queryset:
            self.remove(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form class; after a refusal one that says so."""
        form = super().get_form(request, obj, change=change, **kwargs)
        refusal = getattr(request, REFUSAL, None)
        return type(form.__name__, (form,), {"refusal": refusal}) if refusal else form

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show or store; when the action refuses, show the same form again with the reason."""
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, extra_context)
        except REFUSED as error:
            if request.method != "POST":
                raise
            setattr(request, REFUSAL, error)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask and delete; when the action refuses, go back with the reason."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except REFUSED as error:
            tell(request, error)
            return HttpResponseRedirect("../change/")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """List; an action on many rows is taken back as a whole when one of them is refused."""
        try:
            with transaction.atomic():
                return super().changelist_view(request, extra_context)
        except REFUSED as error:
            if request.method != "POST":
                raise
            tell(request, error)
            return HttpResponseRedirect(request.get_full_path())


class SluggedAdmin(RecordAdmin):
    """Rows known by a slug, which is proposed from the name and never changes afterwards: definitions refer to it."""

    prepopulated_fields = {"slug": ("name",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Add the slug once the row exists."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return (*fields, "slug") if obj else fields

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        """Propose a slug for a new row only."""
        return {} if obj else dict(self.prepopulated_fields)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Let a new row do without a slug: the action makes one."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "slug" and field is not None:
            field.required = False
        return field


class ReadOnlyAdmin(ListAdmin):
    """Rows that nobody writes by hand: the engine does."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


def _describe_changes(formset: Any) -> None:
    """Tell the admin's log what the action did with an inline's rows."""
    changed = [form for form in formset.forms if form.has_changed() and form not in formset.deleted_forms]
    formset.new_objects = [form.instance for form in changed if form in formset.extra_forms]
    formset.changed_objects = [
        (form.instance, form.changed_data) for form in changed if form not in formset.extra_forms
    ]
    formset.deleted_objects = [form.instance for form in formset.deleted_forms if form in formset.initial_forms]


def _links() -> set[str]:
    """Return what Django calls the rows that only tie two others together."""
    known = apps.get_models(include_auto_created=True)
    return {str(model._meta.verbose_name_plural) for model in known if model._meta.auto_created}
