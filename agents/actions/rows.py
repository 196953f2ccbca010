"""How the actions of this app name rows and save them: only what is valid as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, count
from typing import Any, TypeVar

from django.db.models import Model
from django.utils.text import slugify

from nexod.kernel.errors import Conflict, InvalidInput

Row = TypeVar("Row", bound=Model)
LONGEST_SLUG = 60


class InUse(Conflict):
    """Something else still needs this."""

    code = "in_use"


def invalid(field: str, message: str) -> InvalidInput:
    """Return the error that says what is wrong with one field."""
    return InvalidInput(details=[{"field": field, "message": message}])


def free_slug(model: type[Model], name: str) -> str:
    """Return a slug made of ``name`` that no row of ``model`` has yet."""
    stem = slugify(name)[: LONGEST_SLUG - 5].strip("-_") or str(model._meta.verbose_name).replace(" ", "-")
    taken = set(model._default_manager.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(slug for slug in chain([stem], (f"{stem}-{n}" for n in count(2))) if slug not in taken)


def saved(row: Row, fields: Mapping[str, Any], *, constraints: bool = True) -> Row:
    """Set ``fields``, validate the whole row and save it. A slug, once given, stays: definitions refer to it.

    ``constraints`` False leaves those of the table to the database, for rows that are only right together.
    """
    if not row._state.adding and fields.get("slug", getattr(row, "slug", None)) != getattr(row, "slug", None):
        raise invalid("slug", "The slug cannot be changed: workflows refer to it.")
    for name, value in fields.items():
        setattr(row, name, value)
    row.full_clean(validate_constraints=constraints)
    row.save()
    return row
