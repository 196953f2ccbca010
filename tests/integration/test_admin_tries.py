"""The draft is tried in the admin, with samples from an earlier run, and the run's page says what was pinned."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.context import enter_tenant
from workflows.models import Run


@pytest.fixture
def address(content) -> str:
    return f"/admin/workflows/workflow/{content.workflow.pk}/try/"


def new_run(acme: Any, content: Any) -> Run:
    with enter_tenant(acme):
        return Run.objects.exclude(pk=content.run.pk).get(is_try=True)


def test_a_try_begins_with_its_pins_and_its_page_says_so(visit, acme, content, address):
    client = visit("acme", "editor")
    page = client.get(address).content.decode()
    assert 'name="input-name"' in page
    assert 'name="pin-greet"' in page
    given = {"input-name": "Ada", "pin-greet": "on", "output-greet": '{"text": "Hi"}', "output-end": "not read"}
    answer = client.post(address, given)
    run = new_run(acme, content)
    assert (run.inputs, run.pins) == ({"name": "Ada"}, {"greet": {"output": {"text": "Hi"}, "route": ""}})
    page = client.get(answer["Location"]).content.decode()
    assert "A try of the draft" in page
    assert "Pinned, not executed" in page
    assert f"{address}?from={run.pk}" not in page
    again = client.get(f"{address}?from={run.pk}").content.decode()
    assert 'value="Ada"' in again


def test_what_is_no_json_is_said_at_its_step(visit, acme, content, address):
    given = {"input-name": "Ada", "pin-greet": "on", "output-greet": "{"}
    answer = visit("acme", "editor").post(address, given)
    assert next(pin for pin in answer.context["pins"] if pin.node == "greet").problem.startswith("This is not JSON")
    with enter_tenant(acme):
        assert not Run.objects.filter(is_try=True).exists()


def test_a_refused_pin_is_said_at_its_step_and_a_missing_input_at_its_field(visit, content, address):
    client = visit("acme", "editor")
    answer = client.post(address, {"input-name": "Ada", "pin-greet": "on", "output-greet": "[]"})
    assert "A pin is" in next(pin for pin in answer.context["pins"] if pin.node == "greet").problem
    assert client.post(address, {}).context["form"].errors == {"name": ["This field is required."]}


def test_the_page_leads_to_a_try_for_those_who_may(visit, content, address):
    change = f"/admin/workflows/workflow/{content.workflow.pk}/change/"
    assert address in visit("acme", "editor").get(change).content.decode()
    assert address not in visit("acme", "viewer").get(change).content.decode()
    assert visit("acme", "viewer").get(address).status_code == 403
    assert visit("globex", "owner").get(address).status_code == 404
