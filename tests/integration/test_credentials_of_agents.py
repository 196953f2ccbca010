"""An agent's tool uses a credential of which its model learns nothing: neither by the answer, nor by an error, nor by asking."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.agents import make_agent, ran_agent, told
from tests.integration.test_agent_loop import asks
from tests.integration.test_runs_models import model
from tests.model_server import ModelServer
from tests.vault import SECRET, Echo, echoing, keep, places_of
from tests.workbench import Bench, definition, node, output

__all__ = ["model"]
Json = dict[str, Any]


@pytest.fixture
def echo(settings: Any, model: ModelServer) -> Iterator[Echo]:
    with echoing(settings) as found:
        yield found


def http(echo: Echo, **settings: Any) -> Json:
    return {"tool": "http_request", "settings": {"hosts": [echo.host], "credential": "crm", **settings}}


def read_by(model: ModelServer) -> str:
    return json.dumps([request.body for request in model.requests])


@pytest.mark.parametrize("path", ["/orders", "/text", "/fails", "/refuses", "/moves"])
def test_the_service_is_sent_it_and_the_model_reads_nothing_of_it(
    bench: Bench, model: ModelServer, echo: Echo, path: str
) -> None:
    keep(bench, echo.host)
    agent = make_agent(bench, tools=[http(echo)])
    model.answer(asks("http_request", url=echo.url(path)), "Done.")
    run = ran_agent(bench, agent)
    assert run.status == "completed", run.error
    assert echo.seen[0][1]["authorization"] == f"Bearer {SECRET}"
    assert not any(part in read_by(model) for part in (SECRET, json.dumps(SECRET)[1:-1], "crm"))
    assert places_of(bench, SECRET) == []


def test_a_host_that_the_tool_may_call_and_the_credential_not_is_refused_in_the_run(
    bench: Bench, model: ModelServer, echo: Echo
) -> None:
    """The credential was made narrower after the agent was given it."""
    from agents.models import Credential

    keep(bench, echo.host)
    agent = make_agent(bench, tools=[http(echo)])
    with bench.inside():
        Credential.objects.update(hosts=["api.example.com"])
    model.answer(asks("http_request", url=echo.url("/steal")), "Well.")
    run = ran_agent(bench, agent)
    assert [event["reason"]["code"] for event in told(bench, run, "tool.failed")] == ["credential_refused"]
    assert not echo.seen


def test_nobody_is_asked_about_what_the_credential_would_be_refused_for(
    bench: Bench, model: ModelServer, echo: Echo
) -> None:
    from agents.models import Credential

    keep(bench, echo.host)
    agent = make_agent(bench, tools=[{**http(echo), "approval": "always"}])
    with bench.inside():
        Credential.objects.all().delete()
    model.answer(asks("http_request", url=echo.url("/x")), "Well.")
    run = ran_agent(bench, agent)
    assert (run.status, run.outputs["text"]) == ("completed", "Well.")
    assert [event["reason"]["code"] for event in told(bench, run, "tool.failed")] == ["credential_missing"]


def test_a_tool_node_uses_it_too(bench: Bench, echo: Echo) -> None:
    keep(bench, echo.host)
    config = {**http(echo), "arguments": {"url": {"template": echo.url("/orders")}}}
    run = bench.ran(definition([node("call", "tool", config), output(said="{{ nodes.call.result | tojson }}")]))
    assert run.status == "completed", run.error
    assert echo.seen[0][1]["authorization"] == f"Bearer {SECRET}"
    assert "[hidden]" in run.outputs["said"]
    assert places_of(bench, SECRET) == []
