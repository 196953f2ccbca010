"""The tool in the how-to works as the page says: registered by a line, given to an agent, used in a run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.tools import registry
from tests.agents import make_agent, ran_agent
from tests.integration.test_agent_loop import asks
from tests.integration.test_runs_models import model
from tests.model_server import ModelServer
from tests.sink import Answer, Sink
from tests.workbench import Bench

__all__ = ["model"]
PAGE = Path(__file__).resolve().parents[2] / "docs/howto/add-a-tool.md"


@pytest.fixture
def weather(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Do what the page says."""
    source = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert source is not None
    module: dict[str, Any] = {"__name__": "weather"}
    exec(compile(source[1], str(PAGE), "exec"), module)
    monkeypatch.setattr(registry, "_TOOLS", dict(registry._TOOLS))
    registry.register(module["Weather"]())
    return registry.tool("weather")


@pytest.fixture
def sink(settings: Any, model: ModelServer) -> Iterator[Sink]:
    with Sink() as found:
        settings.NEXOD_EGRESS_ALLOW = [*settings.NEXOD_EGRESS_ALLOW, found.address]
        yield found


def test_the_tool_of_the_page_works(bench: Bench, model: ModelServer, sink: Sink, weather: Any) -> None:
    sink.answer(Answer(body=json.dumps({"celsius": 21}).encode()))
    tool = {"tool": "weather", "settings": {"service": sink.url("/now")}}
    model.answer(asks("weather", place="Pisa"), "It is warm.")
    run = ran_agent(bench, make_agent(bench, tools=[tool]))
    assert run.outputs["text"] == "It is warm."
    assert '{"place": "Pisa", "celsius": 21}' in model.requests[1].text
    assert [seen.path for seen in sink.requests] == ["/now?place=Pisa"]


def test_the_api_and_the_checks_know_it(program: Any, weather: Any) -> None:
    editor = program("acme", "editor")
    assert "weather" in [row["name"] for row in editor.get("tools")["results"]]
    refused = editor("post", "agents", {"name": "A", "role": "r", "goal": "g", "tools": [{"tool": "weather"}]})
    assert "'service' is a required property" in refused.content.decode()
