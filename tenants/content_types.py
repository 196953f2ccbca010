"""Django keeps content types in one dictionary per process; ours is one per schema, for the ids may differ between schemas."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any

from tenants.context import here

KEPT_SCHEMAS = 256


class SchemaKeyedCache:
    """What ContentTypeManager uses of a dictionary, answered from the current schema's own one."""

    def __init__(self) -> None:
        self._schemas: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._lock = Lock()

    def _own(self) -> dict[str, Any]:
        place = here()
        name = place.schema if place else ""
        with self._lock:
            own = self._schemas.setdefault(name, {})
            self._schemas.move_to_end(name)
            while len(self._schemas) > KEPT_SCHEMAS:
                self._schemas.popitem(last=False)
        return own

    def __getitem__(self, alias: str) -> Any:
        return self._own()[alias]

    def setdefault(self, alias: str, default: Any) -> Any:
        """Return the alias's dictionary, making it first if need be."""
        return self._own().setdefault(alias, default)

    def clear(self) -> None:
        """Forget the current schema's content types."""
        self._own().clear()


def install() -> None:
    """Give ContentTypeManager the keyed cache."""
    from django.contrib.contenttypes.models import ContentType

    ContentType.objects._cache = SchemaKeyedCache()  # type: ignore[attr-defined]
