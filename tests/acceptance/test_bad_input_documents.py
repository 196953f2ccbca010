"""Documents that cannot become knowledge, and folders and knowledge bases without any."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from agents.tasks import ingest_documents
from tests.front_door import Door
from tests.live_stage import Stage
from tests.papers import pdf
from tests.workbench import definition, node, output, text

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
LARGE = 50 * 1024 * 1024


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """Keep the files of these tests apart."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def base(door: Door) -> Iterator[Json]:
    """An empty knowledge base of acme."""
    return door.make("knowledge-bases", {"name": "Docs"})


async def test_50_mb_are_refused_by_the_server_with_the_limit(door: Door, stage: Stage, media: Path) -> None:
    base, key = await stage.within("acme", lambda: (door.make("knowledge-bases", {"name": "Docs"}), door.key()))
    async with stage.program("acme", key) as client:
        began = time.monotonic()
        answer = await client.post(
            "/api/v1/documents", data={"knowledge_base": base["id"]}, files={"file": ("big.md", b"x" * LARGE)}
        )
        assert time.monotonic() - began < 10
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (413, "too_large")
        assert error["message"] == "The file has 52.4 MB; 26.2 MB are allowed. Split it."
        assert error["details"] == {"bytes": LARGE, "limit_bytes": 26_214_400}
        assert (await client.get("/api/v1/documents")).json()["results"] == []
        assert (await client.get("/api/v1/me")).status_code == 200
    assert _files(media) == []


def test_50_mb_are_refused_in_the_admin_and_the_others_are_kept(door: Door, base: Json, media: Path) -> None:
    files = [SimpleUploadedFile("big.md", b"x" * LARGE), SimpleUploadedFile("small.md", b"# Tides")]
    page = door.browser().post(f"/admin/agents/knowledgebase/{base['id']}/upload/", {"files": files}, follow=True)
    assert "big.md: The file has 52.4 MB; 26.2 MB are allowed. Split it." in unescape(page.content.decode())
    assert [row["name"] for row in door.program().get("documents")["results"]] == ["small.md"]
    assert len(_files(media)) == 1


def test_an_encrypted_pdf_fails_by_itself_and_says_what_to_do(door: Door, base: Json) -> None:
    made = {name: _uploaded(door, base, name, file) for name, file in _PAPERS.items()}
    for document in made.values():
        headers = {"nexod_tenant": door.bench.tenant("acme").schema_name}
        ingest_documents.apply(kwargs={"lane": document["id"]}, headers=headers, throw=True)
    shown = door.program().get(f"documents/{made['secret.pdf']['id']}")
    assert (shown["status"], shown["error"]["code"]) == ("failed", "document_encrypted")
    assert (
        shown["error"]["message"] == "This PDF is protected by a password. Save it without one, then upload it again."
    )
    for path in (f"agents/document/{shown['id']}/change/", f"agents/knowledgebase/{base['id']}/documents/"):
        assert shown["error"]["message"] in unescape(door.browser().get(f"/admin/{path}").content.decode())
    assert door.program().get(f"documents/{made['tides.md']['id']}")["status"] == "ready"

    run = door.ran(definition([_look(), output(said="{{ nodes.look.text }}")]), {"topic": "moon"})
    assert "The moon pulls the water." in door.run(run)["outputs"]["said"]
    stranger = door.program(slug="globex")
    assert stranger("get", f"documents/{shown['id']}").status_code == 404
    assert stranger.get("documents")["results"] == []


_PAPERS = {"secret.pdf": pdf("Behind a password", password="x"), "tides.md": b"# Tides\n\nThe moon pulls the water."}


def _uploaded(door: Door, base: Json, name: str, file: bytes) -> Json:
    client: Client = door.program().client
    answer = client.post("/api/v1/documents", {"knowledge_base": base["id"], "file": SimpleUploadedFile(name, file)})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def test_a_knowledge_base_without_documents_fails_what_needs_one(door: Door, base: Json) -> None:
    run = door.ran(definition([text("before"), _look(required=True), output()]))
    reason = door.shows_failure(run, node="look", code="nothing_found")
    assert reason["message"] == "Nothing in 'docs' matches 'tides'. Add documents, or ask differently."


def test_a_knowledge_base_without_documents_gives_nothing_to_what_does_not(door: Door, base: Json) -> None:
    run = door.ran(definition([_look(), output(said="{{ nodes.look.ids | length }}")]))
    assert door.run(run)["outputs"] == {"said": "0"}
    door.left_nothing(run)


@pytest.mark.parametrize(
    ("folder", "says"),
    [("empty", "There is no .htm, .html, .md, .pdf, .rst, .txt file in "), ("missing", "is not a folder.")],
)
def test_the_demo_refuses_such_a_folder_before_it_starts_anything(tmp_path: Path, folder: str, says: str) -> None:
    (tmp_path / "empty").mkdir()
    home = tmp_path / "home"
    environment = {**os.environ, "NEXOD_HOME": str(home), "DOCS": str(tmp_path / folder), "COLUMNS": "1000"}
    command = [sys.executable, "-m", "nexod.embedded", "demo"]
    ended = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert says in " ".join((ended.stdout + ended.stderr).split())
    assert not home.exists()


def _look(**more: Any) -> Json:
    return node("look", "knowledge", {"knowledge_base": "docs", "query": "{{ inputs.topic }}", **more})


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]
