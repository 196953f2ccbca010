"""What a process has opened to ask models, it closes when it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.model_server import ModelServer

ROOT = Path(__file__).parents[2]
ASKS = """
import django; django.setup()
from agents.llm.client import egress
import sys
print(egress().post(sys.argv[1], json={"model": "scripted", "messages": [{"role": "user", "content": "Hello"}]}).status_code)
"""


def test_a_process_that_ends_leaves_no_connection_open(model_server: ModelServer) -> None:
    model_server.always("Hello")
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", ASKS, f"{model_server.base_url}/chat/completions"]
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NEXOD_EGRESS_ALLOW": model_server.address}, check=False, capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout.strip()) == (0, "200"), ended.stderr
    assert "unclosed" not in ended.stderr
