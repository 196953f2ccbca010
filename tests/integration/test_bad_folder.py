"""One folder with all that people have: what is good is found afterwards, what is not says why, and neither harms the other."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from agents.actions import turns
from agents.actions.addresses import add_addresses
from agents.actions.knowledge import create_knowledge_base
from agents.actions.lanes import LANES
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.progress import progress_of
from agents.knowledge.readers import NOBODY
from agents.knowledge.retrieve import search
from agents.models import Chunk, Document, KnowledgeBase
from tenants.context import enter_tenant
from tests.office import entities, lying, slides, word, workbook
from tests.papers import bomb, pdf
from tests.site import endless, open_site

SCRIPTS = "مد وجزر עברית 潮の満ち引き 조석 🌊👩\u200d🚀"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
GOOD = {
    "a.pdf": ("aardvarks", pdf("All about aardvarks.")),
    "b.docx": ("beavers", word(f"All about beavers. {SCRIPTS}")),
    "c.pptx": ("camels", slides(("Camels", f"All about camels. {SCRIPTS}", ""))),
    "d.xlsx": ("dolphins", workbook({"Animals": [["Name", "Says"], ["dolphins", SCRIPTS]]})),
    "e.html": ("elephants", f"<h1>Elephants</h1><script>alert(1)</script><p>All about elephants. {SCRIPTS}".encode()),
    "f.md": ("ferrets", f"# Ferrets\n\nAll about ferrets. {SCRIPTS}".encode()),
    "g.rst": ("gorillas", f"Gorillas\n========\n\nAll about gorillas. {SCRIPTS}".encode()),
    "h.txt": ("hamsters", f"All about hamsters. {SCRIPTS}".encode("utf-16")),
    "i.csv": ("iguanas", f"name;says\niguanas;{SCRIPTS}\n".encode()),
    "j.eml": ("jaguars", f"From: a@b.c\nSubject: Jaguars\n\nAll about jaguars. {SCRIPTS}\n".encode()),
    "مد-潮-🌊.md": ("koalas", f"All about koalas. {SCRIPTS}".encode()),
}
AT_THE_DOOR = {
    "encrypted.docx": (OLE, "password"),
    "empty.txt": (b" \n", "no text"),
    "nopdf.pdf": (b"plain", "is not a PDF"),
    "old.docx": (b"plain", "is called .docx but is none"),
}
FAILED = {
    "encrypted.pdf": (pdf("x", password="y"), "document_encrypted"),
    "empty.docx": (word(), "document_empty"),
    "scanned.pdf": (pdf("", ""), "document_scanned"),
    "corrupt.pdf": (pdf("corrupt")[:200], "document_unreadable"),
    "corrupt.xlsx": (b"PK\x03\x04 cut off", "document_unreadable"),
    "binary.txt": (bytes(range(256)) * 40, "document_unreadable"),
    "scripts.html": (b"<html><body><script>alert(1)</script></body></html>", "document_empty"),
    "lying.docx": (lying(word("x"), "word/document.xml"), "too_large document_too_complex document_unreadable"),
    "entities.xhtml": (entities("<html><body><p>{}</p></body></html>"), "document_empty document_too_complex ready"),
    "bomb.pdf": (bomb(pages=8, megabytes=20), "document_too_complex document_unreadable"),
}


@pytest.fixture
def base(acme: Any, person: Any, settings: Any, tmp_path: Path, monkeypatch: Any) -> KnowledgeBase:
    settings.MEDIA_ROOT = tmp_path / "media"
    small = Limits(cpu_s=3, wall_s=60, memory_bytes=700_000_000)
    monkeypatch.setattr("agents.knowledge.parsing.child.Limits", lambda: small)
    with enter_tenant(acme):
        return create_knowledge_base(actor=person("acme", "editor"), name="Docs")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "papers"
    found.mkdir()
    for name, (_, content) in GOOD.items():
        (found / name).write_bytes(content)
    for name, (content, _) in {**AT_THE_DOOR, **FAILED}.items():
        (found / name).write_bytes(content)
    (found / "z-copy.md").write_bytes(GOOD["f.md"][1])
    (found / "picture.png").write_bytes(b"png")
    with (found / "gigabyte.txt").open("wb") as file:
        file.truncate(1024**3)
    return found


def test_what_is_good_is_found_and_what_is_not_says_why(
    base: KnowledgeBase, folder: Path, acme: Any, globex: Any, person: Any, settings: Any
) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="Not everything"):
        call_command("ingest", str(folder), tenant="acme", knowledge_base="docs", stdout=out)
    told = " ".join(out.getvalue().split())
    for name, (_, says) in AT_THE_DOOR.items():
        assert says in told[told.index(f"{name}:") :][:300], name
    assert "gigabyte.txt: The file has 1,073.7 MB; 26.2 MB are allowed. Split it." in told
    assert "duplicate │ 1" in told
    assert "not supported │ 1" in told
    with open_site() as site, enter_tenant(acme):
        settings.NEXOD_EGRESS_ALLOW = [site.allowed]
        site.pages["/endless"] = endless
        add_addresses(actor=person("acme", "editor"), knowledge_base=base, addresses=[f"{site.address}/endless"])
        while progress_of(base.documents.all()).is_busy:
            turns.take_turn(lane=LANES[0])
    with enter_tenant(acme):
        require_outcomes(base)
    with enter_tenant(globex):
        assert not Document.objects.exists()


def require_outcomes(base: KnowledgeBase) -> None:
    """Find each good one by what it is about, and every bad one with its reason and without chunks."""
    rows = {row.name: row for row in base.documents.all()}
    for name, (about, _) in GOOD.items():
        row = rows[name]
        assert (row.status, row.error) == ("ready", None), name
        [found] = search(base, about, reader=NOBODY, limit=1)
        assert (found.document_id, about in found.text.lower()) == (row.pk, True), name
        assert name == "a.pdf" or SCRIPTS in row.body.text, name
        assert "alert(1)" not in row.body.text
    for name, (_, codes) in FAILED.items():
        row, outcome = rows[name], (rows[name].error or {"code": rows[name].status})["code"]
        assert outcome in codes.split(), (name, outcome)
        assert outcome == "ready" or len(row.error["message"]) > 40, name
        assert outcome == "ready" or not Chunk.objects.filter(document=row).exists(), name
    page = next(row for row in rows.values() if row.origin == "url")
    assert (page.status, page.error["code"]) == ("failed", "page_endless")
    assert "upload" in page.error["message"]
