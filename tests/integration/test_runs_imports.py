"""What may be imported where: LangGraph only with its safety on, and in no process that does not execute runs."""

from __future__ import annotations

import os
import subprocess
import sys

SETUP = "import django; django.setup()\n"
ACTIONS = "from workflows.actions import approvals, events, runs, starters, workflows; import workflows.tasks\n"
HEAVY = "import sys; print(sorted({'langgraph', 'crewai', 'langchain_core', 'openai'} & set(sys.modules)))"


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "LANGGRAPH_STRICT_MSGPACK"}
    command = [sys.executable, "-c", SETUP + code]
    return subprocess.run(
        command, env={**clean, **environment}, capture_output=True, text=True, check=False, timeout=60
    )


def test_actions_and_tasks_load_nothing_heavy() -> None:
    assert python(ACTIONS + HEAVY).stdout.strip() == "[]"


def test_the_engine_turns_the_safety_on_by_itself() -> None:
    looks = "from langgraph.checkpoint.serde import _msgpack; print(_msgpack.STRICT_MSGPACK_ENABLED)"
    assert python(f"import workflows.engine.checkpoints\n{looks}").stdout.strip() == "True"


def test_the_engine_refuses_a_langgraph_without_it() -> None:
    ended = python("import langgraph.checkpoint.serde._msgpack\nimport workflows.engine.checkpoints")
    assert ended.returncode != 0
    assert "LANGGRAPH_STRICT_MSGPACK=true" in ended.stderr
