"""What collaboration gives to the apps below, which must not know of it, and to its own registries."""

from __future__ import annotations

from agents.settings import port as settings
from collaboration.actions.activity import keep
from collaboration.actions.deliveries import WEBHOOKS
from collaboration.crdt import subjects
from collaboration.crdt.settings.documents import Settings
from collaboration.crdt.settings.documents import subjects as of_settings
from collaboration.drafts.documents import SUBJECT, Drafts
from nexod.kernel import activity, happenings
from workflows.drafts import port


def register_all() -> None:
    """Let webhooks hear what happens; keep what people do; let them edit drafts and settings together."""
    happenings.register(WEBHOOKS)
    activity.register(keep)
    for subject in (SUBJECT, *of_settings()):
        subjects.register(subject)
    port.register(Drafts())
    settings.register(Settings())
