"""Webhooks in the admin: made, tried, followed attempt by attempt, sent again; their secrets are shown once."""

from __future__ import annotations

from typing import Any

import pytest

from collaboration.actions.deliveries import send_delivery
from collaboration.models import Delivery, WebhookEndpoint
from tenants.context import enter_tenant
from tests.admin import filled, told
from tests.sink import Answer, Sink

ADD = "/admin/collaboration/webhookendpoint/add/"


@pytest.fixture
def editor(visit: Any) -> Any:
    return visit("acme", "editor")


def made(editor: Any, acme: Any, url: str, **more: Any) -> Any:
    given = filled(editor.get(ADD).content.decode(), "webhookendpoint_form")
    answer = editor.post(ADD, {**given, "name": "Warehouse", "url": url, **more})
    with enter_tenant(acme):
        return answer, WebhookEndpoint.objects.filter(name="Warehouse").first()


def pages(endpoint: Any) -> str:
    return f"/admin/collaboration/webhookendpoint/{endpoint.pk}"


def sent(acme: Any) -> Any:
    """Send what waits, as a worker does, and return the delivery."""
    with enter_tenant(acme):
        delivery = Delivery.objects.get()
        send_delivery(delivery_id=delivery.pk)
        return delivery


def test_its_secret_is_shown_once_and_a_new_one_is_another(editor: Any, acme: Any, sink: Sink) -> None:
    answer, endpoint = made(editor, acme, sink.url("/hook"))
    first = secret_in(answer)
    assert endpoint.events == ["run.completed", "run.failed"]
    assert "whsec_" not in editor.get(f"{pages(endpoint)}/change/").content.decode()
    assert secret_in(editor.post(f"{pages(endpoint)}/secret/")) != first


def secret_in(answer: Any) -> str:
    text: str = answer.content.decode()
    start = text.index("whsec_")
    return text[start : start + 50]


def test_an_address_that_may_not_be_called_is_said_at_its_field(editor: Any, acme: Any) -> None:
    answer, endpoint = made(editor, acme, "https://169.254.169.254/latest/")
    assert (answer.status_code, endpoint) == (200, None)
    assert answer.context["adminform"].form.errors["url"]


def test_a_test_is_sent_its_attempt_is_shown_and_it_is_sent_again(editor: Any, acme: Any, sink: Sink) -> None:
    _, endpoint = made(editor, acme, sink.url("/hook"))
    answer = editor.post(f"{pages(endpoint)}/ping/", follow=True)
    assert "on its way" in told(answer)
    sink.answer(Answer(status=503, body=b"closed for tea"))
    delivery = sent(acme)
    page = editor.get(f"/admin/collaboration/delivery/{delivery.pk}/change/").content.decode()
    assert "503" in page
    assert "closed for tea" in page
    again = f"/admin/collaboration/delivery/{delivery.pk}/redeliver/"
    assert "on its way again" in told(editor.post(again, follow=True))
    sent(acme)
    assert [seen.headers["webhook-id"] for seen in sink.requests] == [f"msg_{delivery.pk}"] * 2
    assert "Delivered" in editor.get(f"{pages(endpoint)}/change/").content.decode()


def test_why_it_is_disabled_stands_on_its_page(editor: Any, acme: Any, sink: Sink) -> None:
    _, endpoint = made(editor, acme, sink.url("/hook"))
    with enter_tenant(acme):
        WebhookEndpoint.objects.update(is_enabled=False, disabled_reason="Nexod disabled it: it answered 410 Gone.")
    page = editor.get(f"{pages(endpoint)}/change/").content.decode()
    assert "it answered 410 Gone" in page


@pytest.mark.parametrize("what", ["ping", "secret"])
def test_who_may_not_and_who_is_elsewhere_do_nothing(visit: Any, editor: Any, acme: Any, sink: Sink, what: str) -> None:
    _, endpoint = made(editor, acme, sink.url("/hook"))
    with enter_tenant(acme):
        before = WebhookEndpoint.objects.get().encrypted_secrets
    assert visit("globex", "owner").post(f"{pages(endpoint)}/{what}/").status_code == 404
    answer = visit("acme", "viewer").post(f"{pages(endpoint)}/{what}/")
    assert answer.status_code in (302, 403)
    with enter_tenant(acme):
        assert WebhookEndpoint.objects.get().encrypted_secrets == before
        assert not Delivery.objects.exists()
