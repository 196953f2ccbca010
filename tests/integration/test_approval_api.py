"""Approvals over the API: what is mine, what keeps me from it, voting, claiming, handing on, the record, absences and groups."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tenants.accounts.actions.api_keys import issue_api_key
from tests.panel import Panel, asks, panel, users
from tests.program import EVERY_SCOPE, Program
from tests.workbench import Bench, output

__all__ = ["panel"]
HOWTO = Path("docs/howto/ask-people.md")
Comes = Callable[..., Program]


@pytest.fixture
def comes(bench: Bench, panel: Panel) -> Comes:
    """Return who comes in as somebody of the panel, by a key with every scope."""

    def come(name: str, slug: str = "acme") -> Program:
        with bench.inside(slug):
            user = panel.user(name, slug)
            return Program(slug, issue_api_key(actor=user, user=user, name="k", scopes=EVERY_SCOPE)[1])

    return come


def asked(bench: Bench, panel: Panel, policy: Any, **config: Any) -> tuple[Any, str]:
    run = bench.ran(asks(policy, output(), **config)).id
    return run, f"approvals/{panel.asked(run).pk}"


def test_it_says_who_may_decide_and_why_others_may_not(bench: Bench, panel: Panel, comes: Comes) -> None:
    run, path = asked(bench, panel, users("ann", "ben", quorum=2))
    mine = comes("ann").get(path)
    assert (mine["may_decide"], mine["refusal"], mine["digest"]) == (True, None, panel.asked(run).digest)
    assert mine["progress"] == {"needed": 2, "approved": 0, "rejected": 0, "places": 2, "missing": 2}
    others = comes("cal").get(path)
    assert (others["may_decide"], others["refusal"]["code"]) == (False, "not_asked")
    assert [len(comes(name).get("approvals?mine=true")["results"]) for name in ("ann", "cal")] == [1, 0]
    assert len(comes("cal").get("approvals?mine=false&status=pending")["results"]) == 1
    assert comes("ann", "globex")("get", path).status_code == 404


def test_votes_are_cast_with_what_was_seen(bench: Bench, panel: Panel, comes: Comes) -> None:
    run, path = asked(bench, panel, users("ann", "ben", quorum=2))
    ann, ben = comes("ann"), comes("ben")
    wrong = ann("post", f"{path}/decide", {"decision": "approve", "digest": "0" * 64})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (409, "approval_changed")
    digest = ann.get(path)["digest"]
    voted = ann("post", f"{path}/decide", {"decision": "approve", "comment": "Fine.", "digest": digest}).json()
    assert (voted["status"], voted["progress"]["approved"], voted["refusal"]["code"]) == ("pending", 1, "vote_cast")
    again = ann("post", f"{path}/decide", {"decision": "approve", "digest": digest})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "vote_cast")
    done = ben("post", f"{path}/decide", {"decision": "approve", "digest": digest}).json()
    assert (done["status"], done["decision"], done["progress"]) == ("decided", "approve", None)
    assert [(vote["user"]["email"], vote["comment"]) for vote in done["votes"]] == [
        ("ann@acme.test", "Fine."), ("ben@acme.test", ""),
    ]  # fmt: skip
    late = ben("post", f"{path}/decide", {"decision": "reject", "digest": digest})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "approval_already_decided")
    assert bench.advance(run).status == "completed"


def test_claimed_released_and_handed_on(bench: Bench, panel: Panel, comes: Comes) -> None:
    _, path = asked(bench, panel, users("ann", "ben"))
    ann, ben, cal = comes("ann"), comes("ben"), comes("cal")
    assert ann("post", f"{path}/claim").json()["claimed_by"]["email"] == "ann@acme.test"
    assert ben("post", f"{path}/decide", {"decision": "approve"}).json()["error"]["code"] == "approval_claimed"
    assert ann("post", f"{path}/release").json()["claimed_by"] is None
    unknown = ben("post", f"{path}/reassign", {"to": "nobody@acme.test"})
    assert unknown.json()["error"]["details"][0]["field"] == "to"
    handed = ben("post", f"{path}/reassign", {"to": "CAL@acme.test", "comment": "Yours."}).json()
    assert (handed["assigned_to"]["email"], handed["refusal"]["code"]) == ("cal@acme.test", "approval_assigned")
    assert cal("post", f"{path}/decide", {"decision": "approve"}).status_code == 200


def test_the_record_of_a_run_as_json_and_as_a_table(bench: Bench, panel: Panel, comes: Comes) -> None:
    run, path = asked(bench, panel, users("ann"))
    ann = comes("ann")
    for _ in range(2):
        ann.get(path)
    ann("post", f"{path}/decide", {"decision": "reject", "comment": "=SUM(A1)"})
    entries = ann.get(f"runs/{run}/approvals/record")["entries"]
    assert [(line["kind"], line["by"]) for line in entries] == [
        ("asked", ""), ("seen", "ann@acme.test"), ("decided", "ann@acme.test"),
    ]  # fmt: skip
    answer = ann("get", f"runs/{run}/approvals/record.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    table = list(csv.DictReader(StringIO(b"".join(answer.streaming_content).decode())))
    assert [(line["kind"], line["digest"]) for line in table] == [(line["kind"], line["digest"]) for line in entries]
    for other in ("record", "record.csv"):
        assert comes("ann", "globex")("get", f"runs/{run}/approvals/{other}").status_code == 404


def test_no_cell_of_the_table_is_a_formula(bench: Bench, panel: Panel, comes: Comes) -> None:
    nodes = asks(users("ann"), output())
    nodes["nodes"][0]["config"]["title"] = "=HYPERLINK('https://evil.test')"
    run = bench.ran(nodes).id
    answer = comes("ann")("get", f"runs/{run}/approvals/record.csv")
    [line] = csv.DictReader(StringIO(b"".join(answer.streaming_content).decode()))
    assert line["title"] == "'=HYPERLINK('https://evil.test')"


def test_a_run_that_ends_asks_no_more_and_says_so_in_the_record(bench: Bench, panel: Panel, comes: Comes) -> None:
    from workflows.actions.runs import cancel_run

    run, path = asked(bench, panel, users("ann"))
    with bench.inside():
        cancel_run(actor=panel.user("owner"), run=bench.run(run))
    late = comes("ann")("post", f"{path}/decide", {"decision": "approve"})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "approval_withdrawn")
    assert panel.entries(run) == [("asked", "", ""), ("withdrawn", "", "")]


def test_absences_are_set_by_everybody_for_themselves(bench: Bench, panel: Panel, comes: Comes) -> None:
    ann = comes("ann")
    body = {"stand_in": "ben@acme.test", "from_at": "2030-01-01T00:00:00Z", "until_at": "2030-01-15T00:00:00Z"}
    made = ann("post", "absences", body).json()
    assert (made["user"]["email"], made["stand_in"]["email"]) == ("ann@acme.test", "ben@acme.test")
    overlaps = ann("post", "absences", {**body, "from_at": "2030-01-14T00:00:00Z", "until_at": None})
    assert (overlaps.status_code, overlaps.json()["error"]["code"]) == (409, "absences_overlap")
    for wrong in (
        {"stand_in": "ann@acme.test"},
        {"stand_in": "viewer@acme.test"},
        {"until_at": "2029-01-01T00:00:00Z"},
    ):
        answer = ann("post", "absences", {**body, "from_at": "2031-01-01T00:00:00Z", **wrong})
        assert (answer.status_code, answer.json()["error"]["details"][0]["field"]) == (400, next(iter(wrong)))
    assert comes("ben")("delete", f"absences/{made['id']}").status_code == 403
    assert comes("admin")("patch", f"absences/{made['id']}", {"stand_in": "cal@acme.test"}).status_code == 200
    assert ann("delete", f"absences/{made['id']}").status_code == 204
    assert comes("viewer")("post", "absences", body).status_code == 403


def test_groups_are_made_by_admins_and_let_their_people_decide(bench: Bench, panel: Panel, comes: Comes) -> None:
    owner = comes("owner")
    panel.groups.append("Legal")
    made = owner("post", "groups", {"name": "Legal", "members": ["viewer@acme.test"]})
    assert (made.status_code, made.json()["members"][0]["email"]) == (201, "viewer@acme.test")
    for name, status in (("legal", 409), ("Owner", 400), ("a@b.c", 400), (" ", 400)):
        assert owner("post", "groups", {"name": name}).status_code == status, name
    assert comes("editor")("post", "groups", {"name": "Mine"}).status_code == 403
    assert comes("owner", "globex").get("groups") == []
    run, path = asked(bench, panel, {"who": {"groups": ["Legal"]}})
    assert owner("post", f"{path}/decide", {"decision": "approve"}).json()["error"]["code"] == "not_asked"
    assert owner.get("users?role=viewer")["results"][0]["roles"] == ["viewer"]
    assert comes("viewer")("post", f"{path}/decide", {"decision": "approve"}).status_code == 200
    with bench.inside():
        from tenants.accounts.actions.users import update_user

        update_user(actor=panel.user("owner"), user=panel.user("viewer"), role="viewer")
    assert owner.get("groups")[0]["members"][0]["email"] == "viewer@acme.test", "another role leaves groups alone"
    assert owner("patch", "groups/Legal", {"members": []}).json()["members"] == []
    assert owner("delete", "groups/Legal").status_code == 204
    assert bench.advance(run).status == "completed"


def test_the_policy_of_the_howto_asks_as_it_says(bench: Bench, panel: Panel, comes: Comes) -> None:
    [written] = re.findall(r"```json\n(.*?)```", HOWTO.read_text(), re.DOTALL)
    panel.group("Legal", "ann")
    document = asks({**json.loads(written)}, output())
    document["inputs"]["properties"]["contact"] = {"type": "string"}
    run = bench.ran(document, {"contact": "cal@acme.test"}).id
    assert panel.asked(run).policy["who"] == {"users": ["cal@acme.test"], "roles": ["approver"], "groups": ["Legal"]}
    assert panel.asked(run).due_at is not None
    panel.decide(run, "ann")
    panel.decide(run, "cal")
    assert panel.asked(run).decision == "approve"
