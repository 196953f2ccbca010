"""E-mail: tells members of the workspace something. Nobody else: a workflow is no way to write to strangers."""

from __future__ import annotations

from typing import Any

from nexod.kernel import run_port
from workflows.nodes import fields
from workflows.nodes.base import Expression, Json, NodeCall, NodeResult, NodeType
from workflows.nodes.errors import NobodyToTell
from workflows.rendering import render

MOST = 50
MAX_SUBJECT = 200


class EmailNode(NodeType):
    """Gives ``{"to", "sent"}``: the addresses, and how many were written to."""

    type = "email"
    title = "E-mail"
    description = "Writes an e-mail to members of the workspace, once however often the step begins."
    schema = fields.closed(
        ("subject", "text"),
        {
            "to": {
                "type": "array",
                "title": "To",
                "description": "Addresses of members, each a template; a member who is gone is left out.",
                "maxItems": MOST,
                "items": fields.template("Address", empty=False),
            },
            "roles": {
                "type": "array",
                "title": "To everybody with a role",
                "maxItems": 5,
                "uniqueItems": True,
                "items": {"type": "string", "enum": ["owner", "admin", "editor", "approver", "viewer"]},
            },
            "subject": fields.template("Subject", empty=False),
            "text": fields.template("Text", empty=False),
        },
    )
    example = {
        "to": ["{{ inputs.name }}@example.com"],
        "roles": ["owner"],
        "subject": "Report on {{ inputs.topic }}",
        "text": "{{ inputs.text }}",
    }

    def templates(self, config: Json) -> dict[str, str]:
        found = {f"to.{index}": address for index, address in enumerate(config.get("to", ()))}
        return {**found, "subject": config["subject"], "text": config["text"]}

    def expressions(self, config: Json) -> dict[str, Expression]:
        return {}

    def output(self, config: Json) -> Json:
        return fields.closed(("to", "sent"), {"to": fields.TEXTS, "sent": {"type": "integer"}})

    def run(self, call: NodeCall) -> NodeResult:
        config, values = call.config, call.values
        asked = [render(address, values).strip().lower() for address in config.get("to", ())]
        to = call.members(addresses=asked, roles=config.get("roles", ()))[:MOST]
        if not to:
            raise NobodyToTell
        subject = " ".join(render(config["subject"], values).split())[:MAX_SUBJECT]
        text = render(config["text"], values)
        shown = {"to": to, "subject": subject, "text": text}
        wanted = run_port.SideEffect(
            kind="email", name=f"E-mail to {len(to)}", request=shown, idempotent=False, shown=shown, about=subject
        )
        given = run_port.performed(wanted, lambda key: _send(to, subject, text, key))
        sent = len(to) if given.by_person else given.result["sent"]
        return NodeResult({"to": to, "sent": sent}, summary=f"written to {sent}")


def _send(to: list[str], subject: str, text: str, key: str) -> Any:
    """Send one message each, so that nobody reads who else got it; all by one connection."""
    from django.core.mail import EmailMessage, get_connection

    headers = {"X-Nexod-Key": key} if key else {}
    with get_connection() as connection:
        messages = [EmailMessage(subject, text, None, [one], headers=headers, connection=connection) for one in to]
        return {"sent": connection.send_messages(messages) or 0}
