"""What a page is about, and who may be told that others are on it."""

from __future__ import annotations

import pytest

from collaboration.pages import is_told, subject_of, subject_said

ID = "0190a0a0-0000-7000-8000-00000000feed"


@pytest.mark.parametrize(
    ("page", "subject"),
    [
        (f"/admin/workflows/workflow/{ID}/change/?thread=1", f"workflow:{ID}"),
        (f"/admin/workflows/run/{ID.upper()}/change/", f"run:{ID}"),
        (f"/admin/agents/agent/{ID}/change/", f"agent:{ID}"),
        (f"/admin/agents/run/{ID}/change/", ""),
        ("/admin/workflows/run/", ""),
        (f"/runs/{ID}", ""),
    ],
)
def test_a_page_of_the_admin_says_what_it_is_about(page, subject):
    assert subject_of(page) == subject


@pytest.mark.parametrize("said", [None, 7, "run", "run:", "run:7", f"user:{ID}", {"run": ID}])
def test_what_is_no_subject_is_none(said):
    assert subject_said(said) == ""


@pytest.mark.parametrize(
    ("page", "subject", "needed"),
    [
        (f"/admin/workflows/run/{ID}/change/", f"run:{ID}", "workflows.view_run"),
        (f"/r/{ID}", f"run:{ID}", "workflows.view_run"),
        ("/admin/accounts/apikey/", "", "accounts.view_apikey"),
        (f"/admin/agents/document/{ID}/change/", "", "agents.read_every_document"),
        ("/admin/agents/document/", "", "agents.view_document"),
        (f"/admin/agents/memory/{ID}/change/", "", "agents.inspect_memory"),
        ("/admin/start/agent/secret-plans/", "", "agents.view_agent"),
    ],
)
def test_a_page_is_told_to_who_may_see_it(page, subject, needed):
    assert is_told(page, subject, {needed})
    assert not is_told(page, subject, {"workflows.view_workflow", "agents.view_crew"})


def test_a_page_with_an_id_of_nobody_knows_what_is_told_to_nobody():
    assert not is_told(f"/somewhere/{ID}", "", {"workflows.view_run"})
    assert is_told("/admin/", "", set())
