"""How drf-spectacular reads a view of ours, so that the schema describes the very serializer that validates the body."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema


class OperationSchema(AutoSchema):  # type: ignore[misc]
    """Asks the view for its write serializer."""

    def get_request_serializer(self) -> Any:
        """Return what the body is."""
        ask = getattr(self.view, "get_write_serializer_class", None)
        return ask() if ask is not None else super().get_request_serializer()
