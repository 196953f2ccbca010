"""The pages on triggers and on webhooks work as they stand: their bodies are taken, their verification verifies."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from collaboration.actions.deliveries import ping, send_delivery
from collaboration.actions.endpoints import create_endpoint
from collaboration.notifications.catalogue import EVENTS
from tests.triggers import signed
from tests.workbench import definition, output, text
from workflows.triggers.event import TITLES

HOWTO = Path(__file__).resolve().parents[2] / "docs/howto"
TRIGGERS, WEBHOOKS = (HOWTO / name for name in ("trigger-a-workflow.md", "receive-webhooks.md"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.mark.parametrize("body", blocks(TRIGGERS, "json"), ids=["schedule", "webhook", "event"])
def test_each_trigger_of_the_page_is_made_and_starts_a_run(bench, stage, body):
    bench.workflow(definition([text("a"), output()]), name="Report")
    client = stage.browser("acme", "editor")
    made = client.post("/api/v1/triggers", body, content_type="application/json")
    assert made.status_code == 201, made.content
    trigger = made.json()
    event: dict[str, Any] = {
        "run": {"title": "x", "error": {"message": "y"}},
        "due": "noon",
        "body": {"order": {"title": "Tea"}},
    }
    fired = client.post(
        f"/api/v1/triggers/{trigger['id']}/fire", json.dumps({"event": event}), content_type="application/json"
    )
    assert (fired.status_code, fired.json()["outcome"]) == (202, "started"), fired.content
    if trigger["kind"] == "webhook":
        sent, headers = signed(trigger["secret"], {"order": {}})
        answer = client.post(trigger["address"], sent, content_type="application/json", headers=headers)
        assert answer.json()["outcome"] == "started"
    times = client.get(f"/api/v1/triggers/{trigger['id']}/upcoming").json()["times"]
    assert len(times) == (10 if trigger["kind"] == "schedule" else 0)
    listed = client.get(f"/api/v1/firings?trigger={trigger['id']}").json()["results"]
    assert {row["outcome"] for row in listed} == {"started"}


def test_the_verification_of_the_page_takes_what_is_sent_and_nothing_else(bench, sink):
    place: dict[str, Any] = {}
    exec(blocks(WEBHOOKS, "python")[0], place)
    verified = place["verified"]
    with bench.inside():
        endpoint, secret = create_endpoint(actor=bench.user(), name="E", url=sink.url(), events=["run.failed"])
        delivery = ping(actor=bench.user(), endpoint=endpoint)
        send_delivery(delivery_id=delivery.pk)
    (seen,) = sink.requests
    assert verified(secret, seen.headers, seen.body) == f"msg_{delivery.pk}"
    for headers, body in (
        (seen.headers, seen.body + b" "),
        ({**seen.headers, "webhook-id": "msg_other"}, seen.body),
        ({**seen.headers, "webhook-timestamp": "1614265330"}, seen.body),
    ):
        with pytest.raises(ValueError, match=r"too old|not signed"):
            verified(secret, headers, body)


def test_the_pages_name_every_event():
    assert all(f"`{event}`" in WEBHOOKS.read_text() for event in EVENTS)
    assert all(f"`{event}`" in TRIGGERS.read_text() for event in TITLES)
