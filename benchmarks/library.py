"""A knowledge base of real English that every machine has: the documentation strings of Python's standard library."""

from __future__ import annotations

import ast
import random
import sysconfig
import warnings
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import connections, transaction

from tenants.context import enter_schema_as_owner, enter_tenant
from tenants.models import Tenant
from tenants.schema import OWNER

SHORTEST, LONGEST, BATCH, SEED = 60, 800, 1000, 7


@cache
def paragraphs() -> tuple[str, ...]:
    """Return the distinct documentation strings, shuffled the same way each time."""
    found = sorted({text for path in _modules() for text in _strings(path)})
    random.Random(SEED).shuffle(found)
    return tuple(found)


def questions(number: int) -> list[str]:
    """Return the first lines of some of them."""
    return [text.splitlines()[0] for text in paragraphs()[-number:]]


def knowledge_base(tenant: Tenant, chunks: int) -> Any:
    """Return a new knowledge base of so many chunks; the index is built after the rows, which is quicker."""
    from agents.models import Chunk, Document, KnowledgeBase

    with enter_tenant(tenant):
        base = KnowledgeBase.objects.create(slug=f"library-{chunks}", name="Library")
        document = Document.objects.create(
            knowledge_base=base, name="library.txt", content_hash="library", status="ready"
        )
    index = next(index for index in Chunk._meta.indexes if index.name == "chunk_embedding")
    with enter_schema_as_owner(tenant.schema_name):
        with connections[OWNER].cursor() as cursor:
            cursor.execute("SET maintenance_work_mem = '512MB'")
        with connections[OWNER].schema_editor() as editor:
            editor.remove_index(Chunk, index)
    with enter_tenant(tenant), transaction.atomic():
        rows = _rows(base, document, chunks)
        while batch := list(islice(rows, BATCH)):
            Chunk.objects.bulk_create(batch)
    with enter_schema_as_owner(tenant.schema_name):
        with connections[OWNER].schema_editor() as editor:
            editor.add_index(Chunk, index)
        with connections[OWNER].cursor() as cursor:
            cursor.execute("ANALYZE agents_chunk")
    return base


def _rows(base: Any, document: Any, chunks: int) -> Iterator[Any]:
    from agents.knowledge.embedding import embedder
    from agents.models import Chunk

    texts = islice(_texts(), chunks)
    number = 0
    while batch := list(islice(texts, BATCH)):
        for text, vector in zip(batch, embedder().embed(batch), strict=True):
            digest = sha256(text.encode()).hexdigest()
            yield Chunk(
                document=document, knowledge_base=base, ordinal=number, start=0, end=len(text), text=text,
                content_hash=digest, embedding=vector,
            )  # fmt: skip
            number += 1


def _texts() -> Iterator[str]:
    """Yield each paragraph, then pairs of them for ever."""
    known = paragraphs()
    yield from known
    choice = random.Random(SEED)
    while True:
        yield f"{choice.choice(known)}\n\n{choice.choice(known)}"


def _modules() -> list[Path]:
    library = Path(sysconfig.get_path("stdlib"))
    return [path for path in sorted(library.rglob("*.py")) if not {"site-packages", "test", "tests"} & set(path.parts)]


def _strings(path: Path) -> Iterator[str]:
    with warnings.catch_warnings(action="ignore"):
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            return
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented) and len(text := (ast.get_docstring(node) or "")) >= SHORTEST:
            yield text[:LONGEST].replace("\0", "")
