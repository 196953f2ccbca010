"""Form fields for objects: one group of fields, or a choice between shapes, each with its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from nexod.admin.schema_parts import Json, Make, PartField, PartWidget, complaints, is_blank, may_be_empty, object_of


class GroupWidget(PartWidget):
    """The fields of one object, under the name of the field."""

    def __init__(self, schema: Mapping[str, Any], make: Make, label: str = "", *, inner: bool = True) -> None:
        super().__init__(make, label)
        self.schema, self.inner = schema, inner

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return the bound form."""
        return self.make(self.schema, data, prefix=name, inner=self.inner)

    def shown(self, name: str, value: Any) -> Json:
        """Return the form."""
        given = isinstance(value, forms.BaseForm)
        return {
            "form": value if given else self.make(self.schema, None, object_of(value), prefix=name, inner=self.inner)
        }


class GroupField(PartField):
    """An object with fields of its own; of which nothing was filled in it is None."""

    def clean(self, value: Any) -> Json | None:
        """Return the object; raise ValidationError with what is wrong inside."""
        if is_blank(value):
            if self.required:
                raise forms.ValidationError(self.error_messages["required"])
            return None
        if not value.is_valid():
            raise forms.ValidationError(list(complaints(value)))
        found: Json = value.inputs()
        return found or None


class WaysWidget(PartWidget):
    """A choice between shapes of an object, each with its fields."""

    template = "nexod/schema_ways.html"

    def __init__(self, ways: list[Json], make: Make, label: str = "", *, required: bool = True) -> None:
        super().__init__(make, label)
        self.ways, self.must = ways, required

    def value_from_datadict(self, data: Any, files: Any, name: str) -> tuple[int | None, Any]:
        """Return which shape was chosen, and its bound form."""
        said = str(data.get(f"{name}-way", ""))
        number = int(said) if said.isascii() and said.isdigit() and int(said) < len(self.ways) else None
        if number is None:
            return None, None
        return number, self._form(name, number, data)

    def shown(self, name: str, value: Any) -> Json:
        """Return every shape with its form, and which is chosen."""
        bound = isinstance(value, tuple)
        chosen = value[0] if bound else self._way_of(value)
        forms_ = []
        for number in range(len(self.ways)):
            if bound and number == chosen:
                forms_.append(value[1])
            else:
                initial = object_of(value) if not bound and number == chosen else {}
                forms_.append(self._form(name, number, None, initial))
        shapes = [(number, title_of(way), forms_[number]) for number, way in enumerate(self.ways)]
        return {"ways": shapes, "chosen": chosen, "must": self.must}

    def _form(self, name: str, number: int, data: Any, initial: Json | None = None) -> Any:
        way = self.ways[number]
        needed = [part for part in way.get("required") or [] if not may_be_empty(way["properties"][part])]
        return self.make({**way, "required": needed}, data, initial, prefix=f"{name}-{number}", inner=True)

    def _way_of(self, value: Any) -> int | None:
        """Return the shape that has most of the value's names; the first where there is none and one has to be."""
        names = set(object_of(value))
        if not names:
            return 0 if self.must else None
        return max(range(len(self.ways)), key=lambda number: len(names & set(self.ways[number]["properties"])))


class WaysField(PartField):
    """An object that has one of several shapes."""

    widget: WaysWidget

    def is_filled(self, given: Any) -> bool:
        """Say whether a shape was chosen, and anything filled in."""
        return given[1] is not None and not is_blank(given[1])

    def clean(self, value: Any) -> Json | None:
        """Return the object; raise ValidationError with what is wrong inside."""
        number, form = value
        if form is None:
            if self.required:
                raise forms.ValidationError(self.error_messages["required"])
            return None
        if not form.is_valid():
            raise forms.ValidationError(list(complaints(form)))
        found: Json = form.inputs()
        return found or _empty_text(self.widget.ways[number])


def title_of(way: Json) -> str:
    """Return what a shape is called: its title, else those of what it has to have."""
    inside = way["properties"]
    names = way.get("required") or list(inside)
    return str(way.get("title") or ", ".join(str(inside[name].get("title") or name) for name in names))


def _empty_text(way: Json) -> Json | None:
    """Return the shape with an empty text, where that is what it may have and all that it has."""
    inside = way["properties"]
    name = next(iter(inside))
    return {name: ""} if len(inside) == 1 and may_be_empty(inside[name]) else None
