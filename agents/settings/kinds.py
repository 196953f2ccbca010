"""The kinds of settings that people write together: which of their parts are texts, what may stand in them, how they are stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from agents.actions.rows import invalid
from agents.content import CONTENTS
from nexod.kernel.errors import InvalidInput, NotFound
from nexod.kernel.json_schemas import complaints
from tenants.accounts.models import User
from tenants.records import Record

Json = dict[str, Any]


def _nothing(*args: Any) -> None:
    """Most kinds need no more."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Settings of one model. ``parts`` of them are objects whose fields are set one by one; all that is no text is set as a whole.

    ``rows`` is the part that is a list of objects in an order, each with a slug of its own (the tasks of a crew).
    """

    name: str
    model: type[Record]
    schema: Json
    texts: frozenset[str]
    store: Callable[[Any, Json], None]
    """Checks a content that fits the schema and stores it in the locked row; raises what names the fields."""
    allow: Callable[[User, Any, Json], None] = _nothing
    """Raises PermissionDenied where a person may change such a row, but not so. Called before ``store``."""
    keep: Callable[[User, Any, str, Sequence[Json]], None] = _nothing
    """Called after it with who saved, the row, their note, and who wrote what as drafts tell it: where versions are kept."""
    parts: frozenset[str] = frozenset()
    rows: str = ""
    row_texts: frozenset[str] = frozenset()
    new_row: Json = field(default_factory=dict)
    """What a row says that was only just added."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Return what the settings are, in the order in which people meet them."""
        return tuple(self.schema["properties"])

    @property
    def row_fields(self) -> tuple[str, ...]:
        """Return what one of the rows is."""
        return tuple(self.schema["properties"][self.rows]["items"]["properties"]) if self.rows else ()

    def permission(self, verb: str) -> str:
        """Return ``agents.change_agent`` for ``change``."""
        return f"agents.{verb}_{self.model._meta.model_name}"

    def content(self, row: Any) -> Json:
        """Return what is saved of the row."""
        return CONTENTS[self.name](row)

    def require_shape(self, content: Json) -> None:
        """Raise InvalidInput with what in a content is not even of the right type."""
        if found := complaints(content, self.schema):
            raise InvalidInput(details=found)


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Let settings of this kind be written together."""
    return _kinds.setdefault(kind.name, kind)


def kinds() -> list[Kind]:
    """Return all."""
    import agents.settings.of_agents
    import agents.settings.of_crews
    import agents.settings.of_knowledge  # noqa: F401

    return list(_kinds.values())


def kind_of(name: str) -> Kind:
    """Return the kind of that name; raise NotFound."""
    found = next((kind for kind in kinds() if kind.name == name), None)
    if found is None:
        raise NotFound("There are no such settings.")
    return found


def rows_named(rows: QuerySet[Any], named: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return by their slugs the rows that a content names in ``(field, slug)``; raise what names a field whose row is not here."""
    found = {row.slug: row for row in rows.filter(slug__in={slug for _, slug in named})}
    for place, slug in named:
        if slug not in found:
            raise invalid(place, f"There is no {rows.model._meta.verbose_name} {slug!r} here.")
    return found
