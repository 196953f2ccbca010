"""docs/howto/add-a-model-provider.md is followed: its provider works as it stands there, and its table is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agents.llm.endpoint import Endpoint
from agents.llm.gateway import Gateway
from agents.llm.providers import PROVIDERS
from tests.model_server import ModelServer

GUIDE = (Path(__file__).resolve().parents[2] / "docs/howto/add-a-model-provider.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| (.*?) \| (.*?) \| `([\w-]+)` \|$", re.MULTILINE)


def test_the_example_answers(model_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    [code] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    named: dict[str, type] = {}
    exec(code, named)
    monkeypatch.setitem(PROVIDERS, "example", named["Example"]())
    model_server.answer("Hello")
    endpoint = Endpoint(model_server.base_url, "key", "m", provider="example")
    assert Gateway(endpoint).chat([{"role": "user", "content": "Hi"}]).text == "Hello"
    assert PROVIDERS["example"].address == "https://api.example.com/v1"


def test_the_table_names_every_provider_with_its_options_and_package() -> None:
    rows = {name: (options, package) for name, _, options, package in ROW.findall(GUIDE)}
    assert set(rows) == set(PROVIDERS)
    for name, (options, package) in rows.items():
        kind = PROVIDERS[name]
        taken = {setting.name for setting in kind.settings} | set(kind.knobs)
        shown = set(re.findall(r"`(\w+)`", rows["openai"][0] if options == "as `openai`" else options))
        if name != "azure":  # which takes what OpenAI takes, beside its own
            assert shown == taken, name
        assert package == kind.package.replace("_", "-"), name
