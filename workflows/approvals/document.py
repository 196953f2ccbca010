"""The JSON Schema of a policy: closed, so that a word which is not known is a mistake and nothing that is passed over."""

from __future__ import annotations

from typing import Any

from workflows.nodes import fields

Json = dict[str, Any]
# As tenants.accounts.roles names them; whoever checks definitions need not load the accounts.
ROLES = ("owner", "admin", "editor", "approver", "viewer")
SEPARATE = ("starter", "editor")
ON_TIMEOUT = ("reject", "approve", "route", "fail")
MAX_NAMED = 100


def _duration(title: str, *, before: bool = False) -> Json:
    sign = "-?" if before else ""
    return {"type": "string", "title": title, "pattern": f"^{sign}[1-9][0-9]{{0,6}}[smhdw]$"}


def _names(title: str, item: Json) -> Json:
    return {
        "type": "array", "title": title, "items": item, "minItems": 1, "maxItems": MAX_NAMED, "uniqueItems": True,
    }  # fmt: skip


MOVE: Json = {
    "type": "boolean",
    "title": "Only they from then on",
    "description": "Otherwise those who were asked before may still decide.",
    "default": False,
}
WHO: Json = {
    **fields.closed(
        (),
        {
            "users": _names("People, by e-mail address", {"type": "string", "minLength": 3, "maxLength": 254}),
            "roles": _names("Roles", {"type": "string", "enum": list(ROLES)}),
            "groups": _names("Groups", {"type": "string", "minLength": 1, "maxLength": 150}),
            "expression": {
                **fields.expression("Expression"),
                "description": "CEL over inputs, nodes and run that gives a list of addresses, role or group names.",
            },
        },
    ),
    "minProperties": 1,
    "title": "Who may decide",
}
DUE: Json = {
    **fields.closed(
        (),
        {
            "after": {**_duration("Due after"), "description": "Such as 30m, 4h, 2d or 1w."},
            "hours": {
                "enum": ["always", "business"],
                "title": "Which hours count",
                "default": "always",
            },
            "remind": {
                "type": "array",
                "title": "Reminders",
                "description": "2h: two hours after it was asked; -1h: one hour before it is due.",
                "items": _duration("When", before=True),
                "maxItems": 10,
                "uniqueItems": True,
            },
            "escalate": {
                "type": "array",
                "title": "Who else may decide when it takes longer",
                "items": fields.closed(("after", "to"), {"after": _duration("After"), "to": WHO, "move": MOVE}),
                "maxItems": 10,
            },
            "on_timeout": {
                "enum": list(ON_TIMEOUT),
                "title": "When nobody has decided in time",
                "default": "reject",
            },
        },
    ),
    "title": "By when",
}
POLICY_SCHEMA: Json = {
    **fields.closed(
        (),
        {
            "who": WHO,
            "quorum": {
                "title": "How many have to approve",
                "description": "any: the first decision counts. all, or a number: so many have to approve.",
                "oneOf": [{"enum": ["any", "all"]}, {"type": "integer", "minimum": 1, "maximum": MAX_NAMED}],
                "default": "any",
            },
            "separate": {
                **_names("Who may not decide", {"type": "string", "enum": list(SEPARATE)}),
                "description": "starter: who started the run. editor: who edited the definition last.",
                "minItems": 0,
            },
            "due": DUE,
            "schema": {
                "type": "object",
                "title": "JSON Schema of an edit",
                "description": "An edited content has to be JSON that fits it.",
            },
        },
    ),
    "title": "Approval policy",
}
