"""A tenant as the hammer knows it: how to come in, and what its rows are called."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.hammer.marks import mark


@dataclass(frozen=True, slots=True)
class Resident:
    """One of the tenants. ``ids`` has the ids of its first rows by name."""

    number: int
    schema: str
    pk: int
    key: str
    cookie: str
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        return slug(self.number)

    @property
    def host(self) -> str:
        return f"{self.slug}.test"

    @property
    def mark(self) -> str:
        return mark(self.number)


def slug(number: int) -> str:
    """Return the slug of the tenant with that number; no mark is in it, since public tables hold it."""
    return f"hammer{number:02d}"
