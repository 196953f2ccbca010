"""The example of the protocol's page does what the page says."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.documents import papers
from tests.yjs.node import NODE

__all__ = ["papers"]

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "coedit" / "edit.mjs"
HOSTS = Path(__file__).parents[1] / "yjs" / "hosts.mjs"


async def run(stage, name: str, key: str) -> tuple[int | None, str]:
    """Run the example as a reader would; hosts of the tests are on this machine."""
    given = [f"ws://acme.test:{stage.port}", name.partition(":")[2], key, "Together"]
    process = await asyncio.create_subprocess_exec(
        str(NODE), "--no-warnings", f"--import={HOSTS.as_uri()}", str(EXAMPLE), *given,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_the_example_writes_a_word_into_the_description(stage, papers):
    key = stage.key("acme", "editor", scopes=("read", "write"))
    code, said = await run(stage, await papers.make(), key)
    assert code == 0, said
    assert "Nodes: greet (template), ask (approval), end (output)" in said
    assert "Saved: Together " in said


async def test_the_example_says_why_it_was_refused(stage, papers):
    name = await papers.make("globex")
    code, said = await run(stage, name, stage.key("acme", "editor", scopes=("read", "write")))
    assert (code, "Refused: 4404" in said) == (1, True)
