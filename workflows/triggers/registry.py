"""The kinds of triggers by name. A new one is a file here and a line below."""

from __future__ import annotations

from nexod.kernel.errors import NotFound
from workflows.triggers.base import TriggerType
from workflows.triggers.event import EventTrigger
from workflows.triggers.schedule import ScheduleTrigger
from workflows.triggers.webhook import WebhookTrigger

_KINDS: dict[str, TriggerType] = {kind.kind: kind for kind in (ScheduleTrigger(), WebhookTrigger(), EventTrigger())}


def get(kind: str) -> TriggerType:
    """Return the kind; raise NotFound for an unknown one."""
    try:
        return _KINDS[kind]
    except KeyError:
        raise NotFound(f"There is no kind of trigger {kind!r}; there are {', '.join(_KINDS)}.") from None


def all_kinds() -> list[TriggerType]:
    """Return every kind, in the order in which people should meet them."""
    return list(_KINDS.values())
