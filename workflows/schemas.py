"""JSON Schemas that tenants write, by the names under which definitions and nodes know them."""

from __future__ import annotations

from nexod.kernel.json_schemas import SchemaRefused, complaints, shortened, usable

__all__ = ["SchemaRefused", "complaints", "shortened", "usable"]
