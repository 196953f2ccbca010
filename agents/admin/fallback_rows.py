"""Whom an agent asks when its model cannot answer: a row for each, in their order."""

from __future__ import annotations

from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from agents.actions.agents import MOST_FALLBACKS
from agents.models import ModelConnection

Json = dict[str, str]
SPARE = 2


class FallbacksWidget(forms.Widget):
    """What is there, and two rows more; a row without a connection is left out."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Json]:
        """Return the chain."""
        rows = [
            {"connection": data.get(f"{name}-{number}-connection", ""), "model": data.get(f"{name}-{number}-model", "")}
            for number in range(MOST_FALLBACKS)
        ]
        return [{part: text.strip() for part, text in row.items()} for row in rows if row["connection"]]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the rows."""
        given: list[Json] = list(value or [])
        rows = [*given, *({"connection": "", "model": ""} for _ in range(min(SPARE, MOST_FALLBACKS - len(given))))]
        connections = ModelConnection.objects.order_by("name").values_list("slug", "name", "model_names")
        context = {"name": name, "rows": rows, "connections": list(connections)}
        return render_to_string("nexod/agents/fallbacks.html", context)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Say whether the rows were not part of what was sent."""
        return f"{name}-0-connection" not in data

    def id_for_label(self, id_: str) -> str:
        """Return nothing: the label is of the rows together."""
        return ""


class FallbacksField(forms.Field):
    """The chain; the action checks it."""

    widget = FallbacksWidget
