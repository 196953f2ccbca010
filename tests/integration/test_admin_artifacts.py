"""Artifacts and notifications: read safely, taken home as files, opened once."""

from __future__ import annotations

from django.utils import timezone

from collaboration.models import Notification
from tenants.context import enter_tenant
from workflows.models import Artifact, Run, RunEvent, Step

TEXT = """# Title

A claim [D1]. <img src=x onerror=alert(1)> [click](javascript:alert(1)) ![pixel](https://spy.example/p.png)
"""


def artifact(acme, made, **values) -> str:
    with enter_tenant(acme):
        Artifact.objects.filter(pk=made.artifact.pk).update(**values)
    return f"/admin/workflows/artifact/{made.artifact.pk}"


def test_markdown_is_shown_and_cannot_do_anything(visit, acme, content):
    path = artifact(acme, content, content=TEXT)
    page = visit("acme", "viewer").get(f"{path}/change/").content.decode()
    article = page[page.index("<article") : page.index("</article>")]
    assert "<h1>Title</h1>" in article
    assert "<img" not in article
    assert "javascript:" not in article.replace("[click](javascript:", "")
    assert 'href="javascript' not in article
    assert "spy.example" not in article


def test_the_passages_that_it_cites_are_shown(visit, acme, content):
    passages = [
        {
            "ref": ref,
            "document_title": title,
            "document_id": str(content.document.pk),
            "heading": "H",
            "page": 3,
            "start": 7,
            "end": 19,
            "text": "Passage",
        }
        for ref, title in (("D1", "Cited"), ("D2", "Found but not cited"))
    ]
    with enter_tenant(acme):
        Step.objects.create(run=content.run, node="find", node_type="knowledge", output={"passages": passages})
    page = visit("acme", "viewer").get(f"{artifact(acme, content, content=TEXT)}/change/").content.decode()
    assert "Cited" in page
    assert "Found but not cited" not in page
    assert f"/admin/agents/document/{content.document.pk}/text/?start=7&amp;end=19#nx-cited" in page
    assert "H · page 3" in page


def test_what_agents_found_is_a_source_as_it_was_checked(visit, acme, content):
    place = {
        "document": str(content.document.pk),
        "title": "Tides",
        "heading": "Moon",
        "page": None,
        "start": 4,
        "end": 9,
    }
    citations = [
        {"ref": "D1", "sentence": "A claim", "problem": "not_supported", "overlap": 0.1, "chunk": 1, **place},
        {"ref": "D2", "sentence": "Another", "problem": "not_retrieved", "overlap": 0.0, "chunk": None, "document": ""},
    ]
    with enter_tenant(acme):
        data = {"node": "write", "step": "s", "citations": citations, "flagged": 2}
        RunEvent.objects.create(run=content.run, seq=9_000, type="citations.checked", data=data, at=timezone.now())
        Run.objects.filter(pk=content.run.pk).update(last_seq=9_000)
    path = f"/admin/agents/document/{content.document.pk}/text/?start=4&amp;end=9#nx-cited"
    page = visit("acme", "viewer").get(f"{artifact(acme, content, content='So [D1, D2].')}/change/").content.decode()
    assert path in page
    assert "does not say so" in page
    assert "1 cited" in page
    timeline = visit("acme", "viewer").get(f"/admin/workflows/run/{content.run.pk}/change/").content.decode()
    assert f'<a class="nx-link" href="{path}">[D1] Tides, Moon</a>' in timeline
    assert "[D2] was not retrieved: Another" in timeline
    assert visit("globex", "viewer").get(path.replace("&amp;", "&")).status_code == 404


def test_a_download_is_a_file_and_never_a_page(visit, acme, content):
    path = artifact(acme, content, content="<h1>x</h1>", media_type="text/html", name='b"rief;ing.html')
    answer = visit("acme", "viewer").get(f"{path}/download/")
    assert answer.content == b"<h1>x</h1>"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox"


def test_people_see_their_own_notifications_only(visit, acme, content):
    assert "one" in visit("acme", "owner").get("/admin/collaboration/notification/").content.decode()
    other = visit("acme", "editor")
    path = f"/admin/collaboration/notification/{content.notification.pk}/open/"
    assert other.get(path).status_code == 404
    with enter_tenant(acme):
        assert Notification.objects.get().read_at is None


def test_opening_one_reads_it_and_goes_where_it_leads(visit, acme, content):
    with enter_tenant(acme):
        Notification.objects.update(url="/admin/workflows/run/")
    client = visit("acme", "owner")
    answer = client.get(f"/admin/collaboration/notification/{content.notification.pk}/open/")
    assert answer["Location"] == "/admin/workflows/run/"
    with enter_tenant(acme):
        assert Notification.objects.get().read_at is not None


def test_a_notification_never_leads_to_another_host(visit, acme, content):
    with enter_tenant(acme):
        Notification.objects.update(url="//evil.example/")
    answer = visit("acme", "owner").get(f"/admin/collaboration/notification/{content.notification.pk}/open/")
    assert answer["Location"] == "/admin/collaboration/notification/"


def test_all_are_read_at_once(visit, acme, content):
    visit("acme", "owner").post("/admin/collaboration/notification/read-all/")
    with enter_tenant(acme):
        assert not Notification.objects.unread().exists()


def test_the_sidebar_counts_what_waits(visit, content):
    page = visit("acme", "owner").get("/admin/").content.decode()
    assert page.count('<span class="nx-badge">1</span>') == 2
    assert '<span class="nx-badge">' not in visit("globex", "owner").get("/admin/").content.decode()
