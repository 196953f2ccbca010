"""The page of what people did."""

from __future__ import annotations

from nexod.kernel import activity
from tenants.context import enter_tenant
from tests.content import fill
from tests.integration.test_comments import take


def page(client, query=""):
    answer = client.get(f"/admin/collaboration/activity/{query}")
    return answer.status_code, answer.content.decode()


def test_it_tells_by_days_what_was_done_and_folds_the_same(visit, acme, person):
    owner = person("acme", "owner")
    with enter_tenant(acme):
        content = fill(owner)
        for _ in range(3):
            activity.note(owner, "commented", "workflow", content.workflow)
    status, text = page(visit("acme", "viewer"))
    assert status == 200
    assert "Olive Owner" in text
    assert "4 times" in text
    assert f"/admin/workflows/workflow/{content.workflow.pk}/change/" in text
    assert content.run.title in text
    assert "Nothing like that was done." in page(visit("acme", "viewer"), "?verb=published")[1]
    assert content.run.title not in page(visit("globex", "owner"))[1]


def test_older_lines_are_a_page_further(visit, acme, person):
    owner = person("acme", "owner")
    with enter_tenant(acme):
        for number in range(70):
            activity.note(owner, "published", "workflow", owner, f"Line {number:02}")
    viewer = visit("acme", "viewer")
    text = page(viewer)[1]
    assert "Line 69" in text
    assert "Line 09" not in text
    older = text.split('class="nx-button" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "Line 09" in page(viewer, older)[1]
    assert page(viewer, "?cursor=nonsense&actor=x&span=y")[0] == 200


def test_who_may_not_see_it_is_refused_and_what_they_may_not_see_is_left_out(visit, acme, person):
    with enter_tenant(acme):
        content = fill(person("acme", "owner"))
        take(person("acme", "viewer"), "view_run")
    assert content.run.title not in page(visit("acme", "viewer"))[1].replace(content.workflow.name, "")
    with enter_tenant(acme):
        take(person("acme", "approver"), "view_activity")
    assert page(visit("acme", "approver"))[0] == 403
