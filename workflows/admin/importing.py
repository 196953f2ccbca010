"""The page that reads a workflow file: first it shows what the file brings and needs, then it is imported, all of it or nothing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.refusals import Refusal, problems
from nexod.kernel.errors import NexodError, PermissionDenied
from workflows.actions.imports import NEEDED, Imported, choices_of, import_bundle
from workflows.admin.graph import picture
from workflows.definitions import DefinitionInvalid, described
from workflows.models import Workflow
from workflows.portable.bundle import MAX_CHARACTERS, Bundle, Need, read

SAME = ""
MOST_OFFERED = 500


class FileForm(forms.Form):
    """A workflow file, uploaded or pasted."""

    file = forms.FileField(required=False, label="File", widget=UnfoldAdminFileFieldWidget(), help_text="YAML or JSON")
    text = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_CHARACTERS,
        label="Or its text",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12, "class": "nx-code", "spellcheck": "false"}),
    )
    replace = forms.BooleanField(
        required=False,
        label="Replace what is here",
        widget=UnfoldBooleanSwitchWidget(),
        help_text="Agents and crews with the same slug become what the file says, and so does the workflow's draft. "
        "Otherwise they are kept, and the workflow is made beside the one that is here.",
    )

    bundle: Bundle

    def clean(self) -> dict[str, Any]:
        """Read the file; its problems are those of this form."""
        given = self.cleaned_data
        file = given.get("file")
        try:
            text = file.read(MAX_CHARACTERS * 4 + 1).decode("utf-8-sig") if file else given.get("text", "")
        except UnicodeDecodeError:
            raise forms.ValidationError("This file is not text in UTF-8.") from None
        if not text.strip():
            raise forms.ValidationError("Choose a file, or paste its text.")
        try:
            self.bundle = read(text)
        except NexodError as error:
            raise forms.ValidationError(told(error)) from error
        return {**given, "text": text}


class NeedsForm(forms.Form):
    """What takes the place of each thing that the file needs."""

    prefix = "need"

    def __init__(self, needs: list[Need], data: Any = None) -> None:
        super().__init__(data)
        self.needs = needs
        for number, need in enumerate(needs):
            self.fields[str(number)] = _choice(need)

    def names(self) -> dict[str, dict[str, str]]:
        """Return what ``import_bundle`` takes."""
        chosen: dict[str, dict[str, str]] = {}
        for number, need in enumerate(self.needs):
            chosen.setdefault(need.kind, {})[need.slug] = self.cleaned_data[str(number)]
        return chosen


def _choice(need: Need) -> forms.ChoiceField:
    found, named = choices_of(need.kind)
    label = "full_name" if need.kind == "user" else "name"
    rows = list(found.order_by(label, named).values_list(named, label)[:MOST_OFFERED])
    known = any(slug == need.slug for slug, _ in rows)
    kind = need.kind.replace("_", " ")
    return forms.ChoiceField(
        label=f"{kind.capitalize()} {need.name or need.slug}",
        choices=[
            (SAME, f"Choose a {kind}"),
            *((slug, f"{name} ({slug})" if name not in ("", slug) else slug) for slug, name in rows),
        ],
        initial=need.slug if known else SAME,
        widget=UnfoldAdminSelectWidget(),
        error_messages={"required": f"Choose what takes its place here: the file needs the {kind} {need.slug!r}."},
    )


@tenant_site.page("workflows/import/", "workflow_import")
def import_page(request: HttpRequest) -> HttpResponse:
    """Ask for a file, show what it brings and needs, then import it and go to the draft."""
    if not may(request, "workflows.add_workflow"):
        raise PermissionDenied("Your role does not import workflows.")
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    page: dict[str, Any] = {"title": "Import a workflow", "form": form, "opts": Workflow._meta}
    if form.is_bound and form.is_valid():
        bundle = form.bundle
        decided = "_import" in request.POST
        needs = NeedsForm(bundle.needs, request.POST if decided else None)
        if decided and needs.is_valid():
            try:
                return _opened(request, _imported(request, form, needs))
            except NexodError as error:
                page["refused"] = told(error)
        page |= {"needs": needs, "text": form.cleaned_data["text"], **_brings(bundle)}
    return tenant_site.render(request, "nexod/workflows/import.html", page)


def _imported(request: HttpRequest, form: FileForm, needs: NeedsForm) -> Imported:
    replace = form.cleaned_data["replace"]
    return import_bundle(actor=actor_of(request), bundle=form.bundle, names=needs.names(), replace=replace)


def _opened(request: HttpRequest, imported: Imported) -> HttpResponse:
    """Say what was done, and go to the draft."""
    workflow = imported.workflow
    tenant_site._registry[Workflow].log_change(request, workflow, "Imported from a file.")
    done = {"Created": imported.created, "changed": imported.changed, "kept": imported.kept}
    said = "; ".join(f"{word} {', '.join(rows)}" for word, rows in done.items() if rows)
    messages.success(request, f"{workflow} is imported as a draft.{f' {said}.' if said else ''}")
    return HttpResponseRedirect(reverse("admin:workflows_workflow_change", args=(workflow.pk,)))


def _brings(bundle: Bundle) -> dict[str, Any]:
    """Return what the file brings, and which of it is here already."""
    parts: list[tuple[str, str, str]] = [("workflow", bundle.workflow.slug, bundle.workflow.name)]
    parts += [("agent", agent.slug, agent.name) for agent in bundle.agents]
    parts += [("crew", crew.slug, crew.name) for crew in bundle.crews]
    here = {
        kind: set(NEEDED[kind].objects.filter(slug__in=[s for k, s, _ in parts if k == kind]).values_list("slug", flat=True))
        for kind in {kind for kind, _, _ in parts}
    }  # fmt: skip
    shown = [{"kind": kind, "slug": slug, "name": name, "here": slug in here[kind]} for kind, slug, name in parts]
    return {"brings": shown, "graph": picture(bundle.workflow.definition)}


def told(error: Refusal) -> list[str]:
    """Return the refusal as sentences; problems of a definition say node and field."""
    if isinstance(error, DefinitionInvalid):
        return [described(problem) for problem in error.problems]
    return [f"{field}: {message}" if field else message for field, message in problems(error)]
