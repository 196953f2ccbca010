"""The page of what people did."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from collaboration.models import Activity
from nexod.kernel import activity
from tenants.context import enter_tenant
from tests.content import fill
from tests.integration.test_comments import take
from workflows.models import Run


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


def test_it_is_narrowed_by_person_kind_deed_and_time(visit, acme, person):
    owner, editor = person("acme", "owner"), person("acme", "editor")
    with enter_tenant(acme):
        base = fill(owner).knowledge_base
        Run.objects.all().delete()
        Activity.objects.all().delete()
        for who, verb, kind, title in (
            (owner, "saved", "agent", "Finch"),
            (editor, "saved", "knowledge", "Handbook"),
            (editor, "deleted", "crew", "Scouts"),
            (owner, "published", "workflow", "Briefing"),
        ):
            facts = {"fields": ["goal", "max_tokens"]} if kind == "agent" else {}
            activity.note(who, verb, kind, base, title, **facts)
        old = timezone.now() - timedelta(days=3)
        Activity.objects.filter(title="Briefing").update(created_at=old)
    viewer = visit("acme", "viewer")

    def shown(query):
        lines = "".join(page(viewer, query)[1].split('<ol class="nx-timeline">')[1:])
        return {title for title in ("Finch", "Handbook", "Scouts", "Briefing") if title in lines}

    assert shown("") == {"Finch", "Handbook", "Scouts", "Briefing"}
    assert shown(f"?actor={editor.pk}") == {"Handbook", "Scouts"}
    assert shown("?kind=knowledge") == {"Handbook"}
    assert shown("?verb=saved") == {"Finch", "Handbook"}
    assert shown("?span=day") == {"Finch", "Handbook", "Scouts"}
    assert shown(f"?verb=saved&actor={owner.pk}&span=week") == {"Finch"}
    text = page(viewer)[1]
    assert f"/admin/agents/knowledgebase/{base.pk}/change/" in text
    assert f"/admin/agents/crew/{base.pk}/change/" not in text, "what was deleted has no page"
    assert "Goal, Max tokens" in text
    assert all(f'<option value="{kind}"' in text for kind in ("agent", "crew", "knowledge", "saved", "deleted"))
    assert "Handbook" not in page(visit("globex", "owner"))[1]


def test_who_may_not_see_it_is_refused_and_what_they_may_not_see_is_left_out(visit, acme, person):
    with enter_tenant(acme):
        content = fill(person("acme", "owner"))
        take(person("acme", "viewer"), "view_run")
    assert content.run.title not in page(visit("acme", "viewer"))[1].replace(content.workflow.name, "")
    with enter_tenant(acme):
        take(person("acme", "approver"), "view_activity")
    assert page(visit("acme", "approver"))[0] == 403
