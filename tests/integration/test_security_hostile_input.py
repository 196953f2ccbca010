"""What a person may type into an address or a form never ends in a page that fails."""

from __future__ import annotations

import pytest

from nexod.admin.schema_form import InputForm
from tenants.context import enter_tenant
from tenants.entry.hosts import place_of
from tests.content import fill
from workflows.models import Run


@pytest.fixture
def content(acme, person):
    owner = person("acme", "owner")
    with enter_tenant(acme):
        return fill(owner)


def test_a_run_with_an_input_called_items_has_a_page(visit, acme, content):
    with enter_tenant(acme):
        Run.objects.filter(pk=content.run.pk).update(inputs={"items": "three", "name": "x"})
    page = visit("acme", "owner").get(f"/admin/workflows/run/{content.run.pk}/change/")
    assert page.status_code == 200
    assert "items: three" in page.content.decode()


@pytest.mark.parametrize("after", ["9" * 5000, "-1", "x", ""])
def test_any_number_of_an_event_is_read(visit, content, after):
    answer = visit("acme", "owner").get(f"/admin/workflows/run/{content.run.pk}/live/", {"after": after})
    assert answer.status_code == 200


def test_a_knowledge_base_that_is_no_id_is_not_found(visit, content):
    answer = visit("acme", "owner").post("/admin/workflows/starters/briefing/install/", {"knowledge_base": "no id"})
    assert answer.status_code == 404


def test_a_search_for_nul_finds_what_is_left(visit, content):
    assert visit("acme", "owner").get("/admin/search/", {"s": "\x00"}).status_code == 200


def test_the_platforms_hosts_have_no_letter_case(acme, settings):
    settings.NEXOD_PLATFORM_HOSTS = ["Staff.Example"]
    assert place_of("staff.example").tenant is None


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": "\\u0000"}', "{"])
def test_json_of_an_input_that_cannot_be_read_is_an_error_at_its_field(text):
    form = InputForm({"properties": {"items": {"type": "object"}}}, {"input-items": text})
    assert not form.is_valid()
    assert list(form.errors) == ["items"]
