"""The demo's documents: which files there are, and keeping a knowledge base equal to them through the API."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nexod.embedded.demo.api import Api, ApiRefused
from nexod.embedded.errors import EmbeddedError
from nexod.embedded.home import PROJECT

SUFFIXES = frozenset({".md", ".txt", ".rst", ".html", ".htm", ".pdf"})
DEFAULT_NAME = "Nexod's documentation"
STANDSTILL_TIMEOUT_S = 120.0
POLL_INTERVAL_S = 0.4


class NoDocuments(EmbeddedError):
    """There is nothing to read."""

    code = "no_documents"


@dataclass(frozen=True)
class Library:
    """Files that belong together, and the knowledge base's name for them."""

    name: str
    slug: str
    files: tuple[Path, ...]


def find_library(docs: str) -> Library:
    """Return the files of the folder ``docs``; of the project's own documentation when it is empty. Raises NoDocuments."""
    if not docs:
        own = (PROJECT / "README.md", *_readable(PROJECT / "docs"))
        return Library(DEFAULT_NAME, "nexod-documentation", tuple(file for file in own if file.exists()))
    folder = Path(docs).expanduser().resolve()
    if not folder.is_dir():
        raise NoDocuments(f"DOCS={docs} is not a folder.")
    files = tuple(_readable(folder))
    if not files:
        raise NoDocuments(f"There is no {', '.join(sorted(SUFFIXES))} file in {folder}.")
    mark = hashlib.sha256(str(folder).encode()).hexdigest()[:6]
    plain = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")[:50] or "documents"
    return Library(folder.name or "Documents", f"{plain}-{mark}", files)


def _readable(folder: Path) -> Iterable[Path]:
    hidden = re.compile(r"/\.")
    found = (file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    return sorted(file for file in found if not hidden.search(str(file.relative_to(folder.parent))))


def knowledge_base(api: Api, library: Library) -> dict[str, Any]:
    """Return the library's knowledge base; it is made if it is not there."""
    for found in api.pages("/knowledge-bases", slug=library.slug):
        return dict(found)
    return dict(api.post("/knowledge-bases", {"name": library.name, "slug": library.slug}))


@dataclass
class Filled:
    """What became of the files."""

    uploaded: int = 0
    unchanged: int = 0
    removed: int = 0
    refused: list[str] | None = None


def fill(api: Api, base_id: str, library: Library, tell: Callable[[str], None]) -> Filled:
    """Make the knowledge base hold exactly the library's files; ``tell`` is given each refusal."""
    kept = {row["content_hash"]: row for row in api.pages("/documents", knowledge_base=base_id)}
    wanted = {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in library.files}
    filled = Filled(unchanged=len(kept.keys() & wanted.keys()))
    for digest in kept.keys() - wanted.keys():
        api.delete(f"/documents/{kept[digest]['id']}")
        filled.removed += 1
    for digest, file in wanted.items():
        if digest in kept:
            continue
        try:
            api.upload("/documents", file, knowledge_base=base_id)
            filled.uploaded += 1
        except ApiRefused as refusal:
            tell(f"{file.name}: {refusal.message}")
    return filled


def wait_until_read(api: Api, base_id: str, tick: Callable[[int, int], None]) -> list[dict[str, Any]]:
    """Wait until no document is in work, calling ``tick(done, all)``; return them. Raises ApiRefused at a standstill."""
    moved, before = time.monotonic(), ""
    while True:
        rows = list(api.pages("/documents", knowledge_base=base_id))
        done = [row for row in rows if row["status"] in {"ready", "failed"}]
        tick(len(done), len(rows))
        if len(done) == len(rows):
            return rows
        if (now := str(sorted((row["id"], row["progress"]) for row in rows)) + str(len(done))) != before:
            moved, before = time.monotonic(), now
        elif time.monotonic() - moved > STANDSTILL_TIMEOUT_S:
            raise ApiRefused("The documents are not being read; see the log of the service worker.")
        time.sleep(POLL_INTERVAL_S)
