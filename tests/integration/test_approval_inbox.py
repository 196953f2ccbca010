"""The inbox and the page of an approval: who finds what there, what is refused and how it is told, one by one and at once."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.admin import told
from tests.workbench import Bench, ask, definition, output
from workflows.models import Approval

INBOX = "/admin/workflows/approval/"
SCHEMA = {
    "type": "object",
    "required": ["to", "amount"],
    "properties": {"to": {"type": "string"}, "amount": {"type": "integer", "minimum": 1, "maximum": 500}},
}


class Desk:
    """Approvals that wait in acme, and people who come in by the front door."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def asks(self, title: str = "Pay?", content: str = "Good?", *, slug: str = "acme", **policy: Any) -> Approval:
        policy = {"who": {"roles": ["approver"]}} | policy
        run = self.bench.ran(definition([ask("ok", content, title=title, policy=policy), output()]), slug=slug)
        with self.bench.inside(slug):
            return Approval.objects.get(run=run.id)

    def client(self, role: str = "approver", slug: str = "acme") -> Client:
        client = Client(headers={"host": f"{slug}.test"})
        with self.bench.inside(slug):
            client.force_login(self.bench.user(role, slug))
        return client

    def update(self, approval: Approval, **values: Any) -> None:
        with self.bench.inside():
            Approval.objects.filter(pk=approval.pk).update(**values)

    def now(self, approval: Approval) -> Approval:
        with self.bench.inside():
            approval.refresh_from_db()
        return approval

    def kinds(self, approval: Approval) -> list[str]:
        with self.bench.inside():
            return list(approval.entries.order_by("id").values_list("kind", flat=True))

    def titles(self, query: str = "", role: str = "approver", slug: str = "acme") -> list[str]:
        page = self.client(role, slug).get(f"{INBOX}{query}")
        assert page.status_code == 200
        return [row.approval.title for row in page.context["rows"]]


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


def path(approval: Approval, page: str = "decide") -> str:
    return f"{INBOX}{approval.pk}/{page}/"


def test_each_finds_what_is_theirs_to_decide(desk: Desk):
    desk.asks("For approvers")
    desk.asks("For owners", who={"roles": ["owner"]})
    desk.asks("At globex", slug="globex")
    assert desk.titles() == ["For approvers"]
    assert desk.titles(role="owner") == ["For owners"]
    assert desk.titles(role="editor") == []
    assert sorted(desk.titles("?view=all", role="viewer")) == ["For approvers", "For owners"]
    assert desk.titles("?view=all", role="owner", slug="globex") == ["At globex"]


def test_what_is_claimed_and_decided_has_views_of_its_own(desk: Desk):
    one, two = desk.asks("One"), desk.asks("Two")
    client = desk.client()
    client.post(path(one, "claim"))
    client.post(path(two), {"decision": "approve"})
    assert (desk.titles("?view=claimed"), desk.titles("?view=decided")) == (["One"], ["Two"])
    assert desk.titles("?view=claimed", role="owner") == []


def test_the_numbers_are_the_persons_own(desk: Desk):
    desk.asks()
    desk.asks(who={"roles": ["owner"]})
    page = desk.client().get(INBOX)
    assert [view["count"] for view in page.context["views"]] == [1, 0, 2, None]
    assert '<span class="nx-badge">1</span>' in page.content.decode().partition("Runs</span>")[0]
    assert "nx-badge" not in desk.client("viewer").get("/admin/").content.decode().partition("Runs</span>")[0]


def test_what_is_due_comes_first_and_overdue_is_said(desk: Desk):
    desk.asks("Later", due={"after": "3d"})
    desk.asks("Whenever")
    over = desk.asks("Over", due={"after": "1h"})
    desk.update(over, due_at=timezone.now() - timedelta(hours=2))
    assert desk.titles() == ["Over", "Later", "Whenever"]
    assert desk.titles("?sort=newest") == ["Over", "Whenever", "Later"]
    page = desk.client().get(INBOX).content.decode()
    assert page.count("Overdue, was due") == 1
    assert "Any moment now it is rejected." in desk.client().get(path(over, "change")).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?due=overdue", ["Over"]), ("?due=today", ["Over"]), ("?due=week", ["Over", "Later"]), ("?due=none", ["Tool"]),
        ("?kind=tool", ["Tool"]), ("?kind=node", ["Over", "Later"]), ("?kind=budget", []), ("?q=LAT", ["Later"]),
        ("?role=owner", ["Later"]), ("?role=approver", ["Over", "Later", "Tool"]),
        ("?due=never&kind=%00&role=king&sort=x&workflow=1&page=x&view=x", ["Over", "Later", "Tool"]),
    ],
)  # fmt: skip
def test_filters_leave_out_the_rest_and_take_no_nonsense(desk: Desk, query: str, found: list[str]):
    desk.update(desk.asks("Over", due={"after": "1h"}), due_at=timezone.now() - timedelta(hours=1))
    desk.asks("Later", due={"after": "3d"}, who={"roles": ["approver", "owner"]})
    desk.update(desk.asks("Tool"), subject="tool:http_request")
    assert desk.titles(query) == found


def test_a_workflow_is_chosen_by_its_name(desk: Desk):
    one, _ = desk.asks("One"), desk.asks("Two")
    with desk.bench.inside():
        workflow = str(one.run.workflow_id)
    assert desk.titles(f"?workflow={workflow}") == ["One"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Nothing waits for you"), ("?view=claimed", "You have claimed nothing"),
        ("?view=all", "Nothing waits for a decision"), ("?view=decided", "Nothing has been decided yet"),
        ("?q=x", "No approval fits these filters."),
    ],
)  # fmt: skip
def test_where_nothing_is_it_says_so(desk: Desk, query: str, words: str):
    assert words in desk.client().get(f"{INBOX}{query}").content.decode()


def test_a_longer_list_asks_the_database_no_more_often(desk: Desk):
    client = desk.client()

    def asked() -> int:
        with desk.bench.inside(), CaptureQueriesContext(connection) as queries:
            assert client.get(INBOX).status_code == 200
        return len(queries)

    desk.asks()
    client.get(INBOX)
    few = asked()
    for _ in range(4):
        desk.asks(quorum=1)
    assert asked() == few


def test_a_decision_leads_back_to_where_it_was_made(desk: Desk):
    approval = desk.asks()
    answer = desk.client().post(path(approval), {"decision": "approve", "next": f"{INBOX}?view=all#row-1"})
    assert answer["Location"] == f"{INBOX}?view=all#row-1"
    assert desk.now(approval).decision == "approve"
    away = desk.client().post(path(desk.asks()), {"decision": "approve", "next": "https://evil.test/"})
    assert away["Location"].startswith(INBOX)


def test_what_changed_meanwhile_is_shown_and_not_decided(desk: Desk):
    approval = desk.asks(content="Pay 100")
    seen = approval.digest
    desk.update(approval, content="Pay 900", digest="f" * 64)
    given = {"decision": "approve", "digest": seen, "comment": "As we said."}
    answer = desk.client().post(path(approval), given)
    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "has changed since you saw it" in shown
    assert "Pay 900" in shown
    assert "As we said." in shown
    assert f'name="digest" value="{"f" * 64}"' in shown
    assert desk.now(approval).status == "pending"


def test_a_late_decision_says_who_was_first(desk: Desk):
    approval = desk.asks(who={"roles": ["approver", "owner"]})
    desk.client("owner").post(path(approval), {"decision": "approve"})
    answer = desk.client().post(path(approval), {"decision": "reject"})
    assert answer.status_code == 409
    assert "has been decided already" in answer.content.decode()
    assert "Olive Owner" in answer.content.decode()
    assert desk.now(approval).decision == "approve"


def test_what_is_missing_is_said_and_what_was_typed_stays(desk: Desk):
    approval = desk.asks()
    desk.update(approval, decisions=["approve", "request_changes", "edit"])
    answer = desk.client().post(path(approval), {"decision": "request_changes", "comment": "  "})
    assert answer.status_code == 400
    assert "Say what should change." in answer.content.decode()
    answer = desk.client().post(path(approval), {"decision": "edit", "content": " ", "comment": "Mind the gap"})
    assert answer.status_code == 400
    assert "Mind the gap" in answer.content.decode()


def test_arguments_are_edited_in_fields_and_checked(desk: Desk):
    approval = desk.asks()
    asked = {"to": "bob@example.org", "amount": 100, "unknown": "kept"}
    desk.update(approval, schema=SCHEMA, arguments=asked, subject="tool:pay")
    client = desk.client()
    page = client.get(path(approval, "change")).content.decode()
    assert 'name="arguments-amount"' in page
    assert 'value="bob@example.org"' in page
    wrong = client.post(
        path(approval), {"decision": "edit", "arguments-to": "bob@example.org", "arguments-amount": "900"}
    )
    assert wrong.status_code == 400
    assert "less than or equal to 500" in wrong.content.decode()
    assert 'value="900"' in wrong.content.decode()
    client.post(path(approval), {"decision": "edit", "arguments-to": "al@example.org", "arguments-amount": "90"})
    now = desk.now(approval)
    assert now.decision == "edit"
    assert json.loads(now.edited_content) == {"to": "al@example.org", "amount": 90, "unknown": "kept"}


def test_an_edit_that_needs_more_votes_is_shown_beside_what_was_asked(desk: Desk):
    approval = desk.asks(content="We pay 100 dollars.", who={"roles": ["approver", "owner"]}, quorum=2)
    answer = desk.client().post(path(approval), {"decision": "edit", "content": "We pay 90 dollars."}, follow=True)
    assert "others have to decide, too" in told(answer)
    page = desk.client("owner").get(path(approval, "change")).content.decode()
    assert "What is different from what was asked first" in page
    assert "<del>" in page and "[taken out: </span>100" in page and "[new: </span>90" in page  # noqa: PT018
    assert "1 of 2 approved" in page
    assert "You have voted on this already." in desk.client().get(path(approval, "change")).content.decode()


@pytest.mark.parametrize(
    ("role", "policy", "words"),
    [
        ("viewer", {}, "This is for approver to decide. Your role may look at it."),
        ("owner", {}, "This is for approver to decide."),
        ("admin", {"who": {"users": ["approver@acme.test"]}}, "people by name"),
        ("approver", {"who": {"roles": ["approver"], "users": ["owner@acme.test"]}}, ""),
    ],
)
def test_who_may_not_decide_reads_why(desk: Desk, role: str, policy: dict[str, Any], words: str):
    page = desk.client(role).get(path(desk.asks(**policy), "change")).content.decode()
    assert words in page
    assert ('name="decision" value="approve"' in page) is (not words)


def test_a_claim_keeps_others_away_until_it_is_released(desk: Desk):
    approval = desk.asks(who={"roles": ["approver", "owner"]})
    client, owner = desk.client(), desk.client("owner")
    assert "yours to decide" in told(client.post(path(approval, "claim"), follow=True))
    assert "Claimed by Approver Person" in owner.get(path(approval, "change")).content.decode()
    assert owner.post(path(approval), {"decision": "approve"}).status_code == 409
    assert "has it" in owner.get(f"{INBOX}?view=all").content.decode()
    client.post(path(approval, "release"))
    assert owner.post(path(approval), {"decision": "approve"}).status_code == 302
    assert desk.kinds(approval)[-3:] == ["claimed", "released", "decided"]


def test_what_is_passed_on_is_somebody_elses(desk: Desk):
    approval = desk.asks()
    with desk.bench.inside():
        owner = desk.bench.user("owner")
    client = desk.client()
    assert f'<option value="{owner.pk}">' in client.get(path(approval, "change")).content.decode()
    answer = client.post(path(approval, "reassign"), {"to": owner.pk, "comment": "Yours"}, follow=True)
    assert "Passed to Olive Owner" in told(answer)
    assert (desk.titles(), desk.titles(role="owner")) == ([], ["Pay?"])
    for nobody in ("", "x", str(approval.pk)):
        assert "Choose to whom" in told(client.post(path(approval, "reassign"), {"to": nobody}, follow=True))


def test_nobody_of_another_tenant_gets_it(desk: Desk):
    approval = desk.asks()
    with desk.bench.inside("globex"):
        stranger = desk.bench.user("owner", "globex").pk
    desk.client().post(path(approval, "reassign"), {"to": stranger})
    assert desk.now(approval).assigned_to_id is None
    for page in ("decide", "claim", "release", "reassign", "seen"):
        assert desk.client("owner", "globex").post(path(approval, page), {"decision": "approve"}).status_code == 404
    for page in ("change", "card", "record.csv", "record.json"):
        there = path(approval, page).rstrip("/") if "." in page else path(approval, page)
        assert desk.client("owner", "globex").get(there).status_code == 404
        assert desk.client("viewer").get(there).status_code == 200


def test_many_are_decided_each_by_itself(desk: Desk):
    fine, changed, theirs, odd = (desk.asks(title) for title in ("Fine", "Changed", "Theirs", "Odd"))
    rows = [f"{one.pk}:{one.digest}" for one in (fine, changed, theirs, odd)]
    desk.update(changed, digest="f" * 64)
    desk.update(theirs, roles=["owner"])
    desk.update(odd, kind="budget")
    answer = desk.client().post(f"{INBOX}bulk/", {"row": [*rows, "x:y"], "decision": "approve", "comment": "All good"})
    results = {result.title: result.problem for result in answer.context["results"]}
    assert answer.context["done"] == 1
    assert results["Fine"] == ""
    assert "changed since you saw it" in results["Changed"]
    assert "This is for owner to decide." in results["Theirs"]
    assert "by itself" in results["Odd"]
    assert [desk.now(one).status for one in (fine, changed, theirs, odd)] == ["decided"] + ["pending"] * 3
    assert desk.now(fine).comment == "All good"


@pytest.mark.parametrize("given", [{}, {"decision": "approve"}, {"decision": "edit", "row": "x"}, {"row": "x"}])
def test_many_of_nothing_changes_nothing(desk: Desk, given: dict[str, str]):
    approval = desk.asks()
    row = {"row": f"{approval.pk}:{approval.digest}"} if "row" in given else {}
    answer = desk.client().post(f"{INBOX}bulk/", {**given, **row}, follow=True)
    assert "Tick what is to be decided" in told(answer)
    assert desk.now(approval).status == "pending"


def test_nothing_is_decided_by_a_link(desk: Desk):
    approval = desk.asks()
    for page in ("decide", "claim", "release", "reassign", "seen"):
        assert desk.client().get(path(approval, page)).status_code == 405
    assert desk.client().get(f"{INBOX}bulk/").status_code == 405
    assert desk.kinds(approval) == ["asked"]


def test_what_was_on_the_screen_is_on_the_record_once(desk: Desk):
    approval = desk.asks()
    client = desk.client()
    client.get(path(approval, "change"))
    assert desk.kinds(approval) == ["asked"]
    client.post(path(approval, "seen"), {"digest": "0" * 64})
    assert desk.kinds(approval) == ["asked"]
    for _ in range(2):
        assert client.post(path(approval, "seen"), {"digest": approval.digest}).status_code == 204
    assert desk.kinds(approval) == ["asked", "seen"]


def test_the_record_is_read_and_taken_away(desk: Desk):
    approval = desk.asks()
    client = desk.client()
    client.post(path(approval, "seen"), {"digest": approval.digest})
    client.post(path(approval), {"decision": "reject", "comment": "No."})
    with desk.bench.inside():
        approval.entries.create(kind="reminded", by_email="=cmd()@acme.test")
    page = client.get(path(approval, "change")).content.decode()
    assert "Approver Person saw it" in page
    assert "Decided: Rejected" in page
    found = json.loads(client.get(f"{INBOX}{approval.pk}/record.json").content)
    assert [entry["kind"] for entry in found["record"]] == ["asked", "seen", "decided", "reminded"]
    assert {entry["digest"] for entry in found["record"][:3]} == {approval.digest}
    table = client.get(f"{INBOX}{approval.pk}/record.csv")
    rows = list(csv.DictReader(io.StringIO(table.content.decode())))
    assert [row["by"] for row in rows] == ["", "approver@acme.test", "approver@acme.test", "'=cmd()@acme.test"]
    assert "attachment" in table["Content-Disposition"]
    assert not [value for row in rows for value in row.values() if value.startswith(("=", "+", "-", "@"))]


def test_who_is_no_approver_any_more_is_told_so(desk: Desk):
    approval = desk.asks()
    client = desk.client()
    with desk.bench.inside():
        desk.bench.user("approver").groups.set([Group.objects.get(name="viewer")])
    try:
        answer = client.post(path(approval), {"decision": "approve"}, follow=True)
        assert "This needs the permission workflows.decide_approval." in told(answer)
        assert desk.now(approval).status == "pending"
    finally:
        with desk.bench.inside():
            desk.bench.user("approver").groups.set([Group.objects.get(name="approver")])
