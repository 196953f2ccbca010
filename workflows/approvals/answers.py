"""Whether an answer is complete: offered, said, bounded, and, of an edit, as its JSON Schema wants it."""

from __future__ import annotations

import json
from typing import Any

from nexod.kernel.errors import InvalidInput
from nexod.kernel.json_schemas import complaints
from workflows.models import Approval

MAX_COMMENT = 4_000
MAX_CONTENT = 1_000_000
FENCE = "```"


def offered(approval: Approval) -> tuple[str, ...]:
    """Return the decisions that this approval offers."""
    return tuple(approval.decisions) or ("approve", "edit", "reject")


def require_complete(approval: Approval, decision: str, comment: str, content: str) -> None:
    """Raise InvalidInput, which names the field, for an answer that cannot be taken."""
    if decision not in offered(approval):
        raise _invalid("decision", f"This approval offers {', '.join(offered(approval))}.")
    if decision == Approval.Decision.EDIT and not content.strip():
        raise _invalid("content", "An edit needs the edited content.")
    if decision == Approval.Decision.REQUEST_CHANGES and not comment.strip():
        raise _invalid("comment", "Say what should change.")
    if len(comment) > MAX_COMMENT:
        raise _invalid("comment", f"A comment has at most {MAX_COMMENT:,} characters.")
    if len(content) > MAX_CONTENT:
        raise _invalid("content", f"The content has at most {MAX_CONTENT:,} characters.")
    if decision == Approval.Decision.EDIT and approval.schema is not None:
        _require_fitting(content, approval.schema)


def unfenced(text: str) -> str:
    """Return what stands in a block of code, and any other text as it is."""
    stripped = text.strip()
    if stripped.startswith(FENCE) and stripped.endswith(FENCE) and len(stripped) >= 2 * len(FENCE):
        return stripped.removeprefix(f"{FENCE}json").removeprefix(FENCE).removesuffix(FENCE).strip()
    return text


def fenced(value: Any) -> str:
    """Return JSON as a block of code, as people read and edit it."""
    return f"{FENCE}json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n{FENCE}"


def _require_fitting(content: str, schema: dict[str, Any]) -> None:
    try:
        value = json.loads(unfenced(content))
    except (ValueError, RecursionError) as error:
        raise _invalid("content", f"This has to be JSON: {error}") from error
    if wrong := complaints(value, schema):
        details = [
            {"field": ".".join(filter(None, ("content", one["field"]))), "message": one["message"]} for one in wrong
        ]
        raise InvalidInput("The edit does not fit its schema.", details=details)


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, details=[{"field": field, "message": message}])
