"""A definition as the text that people edit."""

from __future__ import annotations

import json
from typing import Any

from workflows.definitions.shape import shaped


def as_text(document: dict[str, Any]) -> str:
    """Return the document as it is edited, its parts in the order of the format: the database does not keep any."""
    definition, _ = shaped(document)
    ordered = definition.model_dump(mode="json", by_alias=True, exclude_unset=True) if definition else document
    return json.dumps(ordered, indent=2, ensure_ascii=False)
