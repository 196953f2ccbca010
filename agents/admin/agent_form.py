"""The form of an agent: tools, the chain of models and their settings part by part, no JSON to be written."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from agents.admin.fallback_rows import FallbacksField
from agents.admin.together import TogetherForm
from agents.admin.tool_rows import ToolsField
from agents.content import PLAIN
from agents.models import KnowledgeBase, ModelConnection
from agents.options import OPTIONS
from agents.tools.validation import plain_tools
from nexod.admin.schema_fields import SchemaField

Json = dict[str, Any]


class AgentForm(TogetherForm):
    """The agent, and what to remember of the change."""

    tools = ToolsField(
        required=False, help_text="Who has knowledge bases can search them without being given the tool."
    )
    fallbacks = FallbacksField(
        required=False,
        help_text="Asked in turn when the model does not answer: on errors, limits, refusals, and budgets that say so.",
    )
    options = SchemaField(OPTIONS, label="More settings")
    note = forms.CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget(),
        label="What changed",
        help_text="Kept with the version that this makes.",
    )

    def initial_of(self, content: Json) -> Json:
        """Return what the fields show of a content: rows instead of slugs."""
        found = dict(content)
        if "connection" in found:
            found["connection"] = ModelConnection.objects.filter(slug=found["connection"]).first()
        if "knowledge_bases" in found:
            found["knowledge_bases"] = list(KnowledgeBase.objects.filter(slug__in=found["knowledge_bases"]))
        return found

    def content(self) -> Json:
        """Return the content of the fields that are valid."""
        given = self.cleaned_data
        found = {field: given[field] for field in PLAIN if field in given}
        if "tools" in found:
            found["tools"] = plain_tools(found["tools"])
        if "connection" in given:
            found["connection"] = given["connection"].slug if given["connection"] else ""
        if "knowledge_bases" in given:
            found["knowledge_bases"] = sorted(base.slug for base in given["knowledge_bases"])
        return found
