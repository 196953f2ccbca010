"""The ready-made Research crew on the model that comes along: a real one, small, on this machine's processor."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nexod.embedded.local_model import ALIAS, missing, weights
from nexod.embedded.ports import free_port
from nexod.embedded.probes import http_ok
from tests.faults import figure, until
from tests.workbench import Bench

KEY = "sk-test"
pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")
PAPER = (
    "# Tides\n\nTides are the rise and fall of the sea. The moon pulls the water towards it, so most coasts have high water "
    "twice a day. The sun pulls too, about half as strongly. At new and full moon both pull together: spring tides are higher."
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the embedded model; give its address."""
    port = free_port()
    command = [sys.executable, "-m", "nexod.embedded.model", str(weights()), ALIAS, str(port)]
    environment = {**os.environ, "NEXOD_LLM_API_KEY": KEY}
    with (tmp_path_factory.mktemp("model") / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        until(lambda: http_ok(f"http://127.0.0.1:{port}/health"), "the model serves", seconds=60)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(60)


def test_the_research_crew_works_on_the_embedded_model(bench: Bench, model: str, settings: Any, tmp_path: Path) -> None:
    from agents.actions.connections import create_connection
    from agents.actions.starters import install_ready_made
    from workflows.actions.runs import start_run

    settings.NEXOD_LLM = {"base_url": model, "api_key": KEY, "model": ALIAS}
    settings.NEXOD_EGRESS_ALLOW = [model.removeprefix("http://").removesuffix("/v1")]
    with bench.inside():
        owner = bench.user("owner")
        create_connection(actor=owner, name="Local", provider="embedded", base_url="", model_names=[])
        crew = install_ready_made(actor=owner, starter="research-crew").crew
        run = start_run(actor=owner, crew=crew, inputs={"topic": f"why the sea rises twice a day. {PAPER}"}).id
    began = time.monotonic()
    done = bench.advance(run)
    assert done.status == "completed", done.error
    counted = Counter(bench.types(run))
    figure(
        "research crew, embedded model",
        seconds=time.monotonic() - began,
        calls=done.model_calls,
        tokens_in=done.tokens_in,
        tokens_out=done.tokens_out,
        refused=counted["guardrail.refused"],
    )
    [step] = bench.steps(run)
    assert set(step.output["tasks"]) == {"research", "analyse", "write"}
    assert all(len(task["text"].split()) >= 5 for task in step.output["tasks"].values())
    assert counted["agent.finished"] == counted["agent.started"] == 3 + counted["guardrail.refused"]
    assert done.tokens_out > 20
