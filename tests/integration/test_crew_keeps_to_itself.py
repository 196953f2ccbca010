"""A crew at work, watched by an audit hook: it writes no file and opens no socket but to its model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
WATCHED = """
import json, os, sys, tempfile
tempfile.gettempdir()  # Python itself tries out its folder once
SEEN = {"written": [], "connected": [], "resolved": [], "started": []}

def watch(event, args):
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
run_crew(CrewSpec("crew", agents, tasks), {"what": "something private"})
run_crew(CrewSpec("managed", agents, tasks, "hierarchical", boss), {"what": "something private"})
import threading
SEEN["threads"] = [thread.name for thread in threading.enumerate() if not thread.daemon]
print("SEEN" + json.dumps(SEEN))
"""


@pytest.fixture
def seen(model_server: Any, tmp_path: Path) -> dict[str, list[str]]:
    """What two crews did in a process of their own, in an empty home and working folder."""
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
    seen: dict[str, list[str]], model_server: Any
) -> None:
    assert set(seen["written"]) <= {"/dev/null"}
    assert seen["home"] == []
    assert set(seen["connected"]) == {model_server.address}
    assert set(seen["resolved"]) == {"127.0.0.1"}
    assert set(seen["started"]) <= {"uname"}  # openai names the platform in its headers
    assert seen["said"] == []
    assert seen["threads"] == ["MainThread"]
