"""The current tenant is a global of the module, as in many a library: the last who entered decides for everybody."""

from __future__ import annotations

from typing import Any

from tenants import context


class Global:
    """What a ContextVar can do, for the whole process at once."""

    value: Any = None

    def get(self) -> Any:
        return self.value

    def set(self, value: Any) -> Any:
        before, self.value = self.value, value
        return before

    def reset(self, before: Any) -> None:
        self.value = before


def plant() -> None:
    context._place = Global()  # type: ignore[assignment]
