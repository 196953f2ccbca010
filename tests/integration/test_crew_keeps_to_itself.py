"""A crew at work, watched by an audit hook: it writes no file and opens no socket but to its model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.model_server import ModelServer, ToolCall, ToolCalls, says_system

ROOT = Path(__file__).resolve().parents[2]
WATCHED = """
import json, os, sys, tempfile
tempfile.gettempdir()  # Python itself tries out its folder once
SEEN = {"written": [], "connected": [], "resolved": [], "started": [], "failed": []}

def watch(event, args):
    if event == "open" and isinstance(args[0], int):
        return  # an end of a pipe
    if event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        SEEN["written"].append(str(args[0]))
    elif event in ("os.mkdir", "os.rename", "sqlite3.connect"):
        SEEN["written"].append(str(args[0]))
    elif event == "socket.connect":
        SEEN["connected"].append("%s:%s" % args[1][:2] if isinstance(args[1], tuple) else str(args[1]))
    elif event == "socket.getaddrinfo":
        SEEN["resolved"].append(str(args[0]))
    elif event in ("subprocess.Popen", "os.system"):
        SEEN["started"].append(str(args[0]))

from django.conf import settings
settings.configure(NEXOD_EGRESS_ALLOW=[sys.argv[1]])
sys.addaudithook(watch)
from agents.crew import CrewAgent, CrewSpec, CrewTask, run_crew
from agents.llm.endpoint import Endpoint
endpoint = Endpoint(f"http://{sys.argv[1]}/v1", "key", "scripted")
names = ("one", "two")
agents = tuple(CrewAgent(name, name, "work", endpoint) for name in names)
tasks = tuple(CrewTask(name, name, "Do {what}", "A result") for name in names)
boss = CrewAgent("boss", "boss", "lead", endpoint)
inputs = {"what": "something private"}
run_crew(CrewSpec("crew", agents, tasks), inputs)
run_crew(CrewSpec("managed", agents, tasks, "hierarchical", boss, planning=True), inputs)

from dataclasses import replace
from tests.toolbox import Echo, bound
from agents.crew.errors import GuardrailFailed
rails = ({"kind": "words", "max_words": 500}, {"kind": "cel", "expression": "result.words >= 0"},
         {"kind": "model", "rubric": "fine"})
uses = replace(agents[0], name="user", role="user of tools", tools=(bound(Echo()),))
beside = replace(tasks[0], agent="user", async_execution=True, guardrails=rails, allow_delegation=True)
run_crew(CrewSpec("beside", (uses, agents[1]), (beside, replace(beside, name="too"), tasks[1])), inputs)
strict = replace(tasks[0], guardrails=({"kind": "words", "max_words": 0},), max_retries=1)
try:
    run_crew(CrewSpec("strict", agents, (strict,)), inputs)
except GuardrailFailed:
    SEEN["failed"].append("refused")
doomed = replace(uses, name="doomed", role="doomed")
try:
    run_crew(CrewSpec("doomed", (doomed,), (replace(tasks[0], agent="doomed"),)), inputs)
except RuntimeError:
    SEEN["failed"].append("broken")
import threading
SEEN["threads"] = [thread.name for thread in threading.enumerate() if not thread.daemon]
print("SEEN" + json.dumps(SEEN))
"""


@pytest.fixture
def seen(model_server: ModelServer, tmp_path: Path) -> dict[str, list[str]]:
    """What four crews did in a process of their own, in an empty home and working folder.

    They delegate, plan, run beside each other, use a tool that gives a lot, are judged and fail.
    """
    work = ToolCall("delegate_work_to_coworker", {"task": "help", "context": "all", "coworker": "two"})
    model_server.answer(ToolCalls((work,)), when=says_system("You are boss"))
    calls = ToolCalls((ToolCall("echo", {"word": "long"}), work))
    model_server.answer(calls, calls, when=says_system("You are user of tools"))
    model_server.answer(ToolCalls((ToolCall("echo", {"word": "kaboom"}),)), when=says_system("You are doomed"))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    command = [sys.executable, "-c", WATCHED, model_server.address]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said, _, found = done.stdout.partition("SEEN")
    return {
        **json.loads(found),
        "said": (said + done.stderr).splitlines(),
        "home": sorted(map(str, tmp_path.rglob("*"))),
    }


def test_a_crew_leaves_nothing_behind_and_talks_to_its_model_only(
    seen: dict[str, list[str]], model_server: ModelServer
) -> None:
    assert set(seen["written"]) <= {"/dev/null"}
    assert seen["home"] == []
    assert set(seen["connected"]) == {model_server.address}
    assert set(seen["resolved"]) == {"127.0.0.1"}
    # openai names the platform in its headers; what tenants write is evaluated in a child of ours
    assert set(seen["started"]) <= {"uname", sys.executable}
    assert seen["failed"] == ["refused", "broken"]
    said = " ".join(request.text for request in model_server.requests)
    assert "(cut: " in said
    assert said.count("You are two") >= 4
    assert seen["said"] == []
    assert seen["threads"] == ["MainThread"]
