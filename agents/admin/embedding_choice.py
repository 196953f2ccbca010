"""The choice of an embedding model in forms: the bundled one, or a model of one of the workspace's connections."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from agents.knowledge.embedding import MARK, WordLlamaEmbedder
from agents.llm.providers import PROVIDERS
from agents.models import ModelConnection

BUNDLED = ""


class EmbeddingChoice(forms.Form):
    """A connection and a model of it; without a connection it is the bundled model."""

    connection = forms.ChoiceField(label="Embedding model of", required=False, widget=UnfoldAdminSelectWidget)
    model = forms.CharField(
        label="Model",
        required=False,
        max_length=120,
        widget=UnfoldAdminTextInputWidget,
        help_text="As the provider calls it, such as text-embedding-3-small",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connection: Any = self.fields["connection"]
        connection.choices = embedding_connections()

    @classmethod
    def of(cls, name: str) -> dict[str, Any]:
        """Return what the form shows of a model's name."""
        connection, mark, model = name.partition(MARK)
        return {"connection": connection, "model": model} if mark else {"connection": BUNDLED, "model": ""}

    def clean(self) -> dict[str, Any]:
        """Want a model where there is a connection."""
        given = super().clean() or {}
        if given.get("connection") and not given.get("model", "").strip():
            self.add_error("model", "Name the model that embeds.")
        return given

    def name(self) -> str:
        """Return the name of the chosen model."""
        return name_of(self.cleaned_data)


def embedding_connections() -> list[tuple[str, str]]:
    """Return the connections whose provider embeds, after the bundled model."""
    embedding = [name for name, kind in PROVIDERS.items() if kind.embeds]
    rows = ModelConnection.objects.filter(provider__in=embedding).order_by("name").values_list("slug", "name")
    return [(BUNDLED, "The platform (bundled, free of charge)"), *rows]


def name_of(given: dict[str, Any]) -> str:
    """Return the name of the embedding model that a form was given."""
    if not given.get("connection"):
        return WordLlamaEmbedder.name
    return f"{given['connection']}{MARK}{given['model'].strip()}"
