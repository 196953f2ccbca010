"""The kind ``webhook``: an address of its own to which another program sends, signed."""

from __future__ import annotations

from typing import ClassVar

from workflows.nodes.fields import closed
from workflows.triggers.base import Json, TriggerType
from workflows.triggers.schemes import SCHEMES, STANDARD


class WebhookTrigger(TriggerType):
    """Fires when something arrives that whoever knows the secret has signed."""

    kind = "webhook"
    title = "Webhook"
    description = "Another program sends to an address of its own, signed with a secret."
    icon = "webhook"
    schema: ClassVar[Json] = closed(
        (),
        {
            "scheme": {
                "type": "string", "title": "Signature", "enum": list(SCHEMES), "default": STANDARD,
                "description": "How the sender signs: by standardwebhooks.com, or as GitHub, Slack or Stripe do.",
            },
            "tolerance_s": {
                "type": "integer", "title": "Replay window in seconds", "minimum": 30, "maximum": 3600, "default": 300,
                "description": "How old a signature may be. GitHub's carry no time: there, each body is taken once.",
            },
        },
    )  # fmt: skip

    def sample(self, config: Json) -> Json:
        """Return an event with an empty body."""
        return {"id": "msg_sample", "headers": {"content-type": "application/json"}, "body": {}}

    def summary(self, config: Json) -> str:
        """Return who signs."""
        return f"Signed: {SCHEMES[config.get('scheme', STANDARD)].title}"
