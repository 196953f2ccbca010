"""What a policy may say, and what is told to whoever writes one that can never be."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.accounts import roles
from tests.definitions import Call
from workflows.approvals.checks import policy_problems
from workflows.approvals.document import ROLES
from workflows.approvals.policy import parse, seconds_of
from workflows.nodes.base import CheckedNode
from workflows.nodes.registry import get

Json = dict[str, Any]


class Known:
    """A tenant with one person and one group."""

    def has(self, kind: str, slug: str) -> bool:
        return (kind, slug) in {("user", "ann@acme.test"), ("group", "Legal")}


def wrong(policy: Any, **options: Any) -> list[tuple[str, str]]:
    return [(code, field) for code, field, _ in policy_problems(policy, Known(), **options)]


def test_a_policy_names_the_roles_that_people_have() -> None:
    assert ROLES == roles.ROLES


def test_a_policy_that_says_everything() -> None:
    policy = {
        "who": {"users": ["Ann@acme.test"], "roles": ["approver"], "groups": ["Legal"], "expression": "[run.starter]"},
        "quorum": 2,
        "separate": ["starter", "editor"],
        "due": {
            "after": "2d",
            "remind": ["4h", "-1h"],
            "escalate": [{"after": "1d", "to": {"roles": ["owner"]}}],
            "on_timeout": "reject",
        },
        "schema": {"type": "object"},
    }
    assert wrong(policy) == []
    read = parse(policy)
    assert (read.who.users, read.quorum, read.separate) == (("ann@acme.test",), 2, ("starter", "editor"))
    assert read.due is not None
    assert (read.due.after_s, read.due.remind_s, read.due.escalate[0].after_s) == (172_800, (14_400, -3_600), 86_400)


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        ({"who": {"users": ["bob@acme.test"]}}, [("unknown_user", "who.users.0")]),
        ({"who": {"groups": ["Legal", "Sales"]}}, [("unknown_group", "who.groups.1")]),
        ({"who": {"roles": ["boss"]}}, [("bad_policy", "who.roles.0")]),
        ({"who": {}}, [("bad_policy", "who")]),
        ({"who": {"expression": "1 +"}}, [("bad_expression", "who.expression")]),
        ({"who": {"expression": "inputs.n == 1"}}, [("bad_expression", "who.expression")]),
        ({"quorum": 0}, [("bad_policy", "quorum")]),
        ({"quorum": "most"}, [("bad_policy", "quorum")]),
        ({"who": {"users": ["ann@acme.test"]}, "quorum": 2}, [("bad_policy", "quorum")]),
        ({"separate": ["boss"]}, [("bad_policy", "separate.0")]),
        ({"due": {"after": "soon"}}, [("bad_policy", "due.after")]),
        ({"due": {"after": "60w"}}, [("bad_policy", "due.after")]),
        ({"due": {"on_timeout": "reject"}}, [("bad_policy", "due.on_timeout")]),
        ({"due": {"remind": ["-1h"]}}, [("bad_policy", "due.remind.0")]),
        ({"due": {"after": "1h", "on_timeout": "route"}}, [("missing_route", "due.on_timeout")]),
        (
            {"due": {"escalate": [{"after": "1h", "to": {"groups": ["No"]}}]}},
            [("unknown_group", "due.escalate.0.to.groups.0")],
        ),
        ({"schema": {"type": "thing"}}, [("bad_schema", "schema")]),
        ({"colour": "red"}, [("bad_policy", "")]),
        ("everybody", [("bad_policy", "")]),
    ],
)
def test_what_can_never_be_is_told_with_its_field(policy: Any, found: list[tuple[str, str]]) -> None:
    assert wrong(policy) == found


def test_durations() -> None:
    assert [seconds_of(text) for text in ("30s", "5m", "4h", "2d", "1w", "-1h")] == [
        30, 300, 14_400, 172_800, 604_800, -3_600,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="duration"):
        seconds_of("4 hours")


def node_problems(config: Json, *routes: str) -> list[tuple[str, str]]:
    given = {"title": "t", "content": "c", **config}
    found = get("approval").check(CheckedNode("ok", "approval", given, frozenset(routes)), Known())
    return [(problem.code, problem.field) for problem in found]


def test_an_approval_node_names_the_field_of_its_policy() -> None:
    assert node_problems({"policy": {"who": {"groups": ["No"]}}}) == [("unknown_group", "config.policy.who.groups.0")]


def test_roles_are_the_short_form_and_stand_in_for_a_policy_that_names_nobody() -> None:
    named = {"who": {"groups": ["Legal"]}}
    assert node_problems({"roles": ["owner"], "policy": named}) == [("bad_config", "config.roles")]
    assert node_problems({"roles": ["owner"], "policy": {"quorum": 2}}) == []
    call = Call(
        {"title": "t", "content": "c", "roles": ["owner"], "policy": {"quorum": 2}}, VALUES, frozenset(), 1, None
    )
    with pytest.raises(AttributeError):
        get("approval").run(call)
    assert call.asked[0].policy == {"who": {"roles": ["owner"]}, "quorum": 2}


def test_a_timeout_leads_somewhere_only_where_an_edge_says_so() -> None:
    late = {"due": {"after": "1h", "on_timeout": "route"}}
    assert node_problems({"policy": late}, "approve") == [("missing_route", "config.policy.due.on_timeout")]
    assert node_problems({"policy": late}, "approve", "timeout") == []
    assert node_problems({}, "approve", "timeout") == [("unexpected_route", "")]


def test_the_expressions_of_a_policy_are_expressions_of_the_node() -> None:
    policy = {
        "who": {"expression": "[inputs.a]"},
        "due": {"escalate": [{"after": "1h", "to": {"expression": "[inputs.b]"}}]},
    }
    found = get("approval").expressions({"title": "t", "content": "c", "policy": policy})
    assert {at: (one.source, one.gives) for at, one in found.items()} == {
        "policy.who.expression": ("[inputs.a]", "strings"),
        "policy.due.escalate.0.to.expression": ("[inputs.b]", "strings"),
    }


VALUES = {"inputs": {}, "nodes": {}, "visits": {}, "run": {}}
