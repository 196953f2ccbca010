"""A knowledge base of real English that every machine has: the documentation strings of Python's standard library."""

from __future__ import annotations

import ast
import random
import sysconfig
import warnings
from collections.abc import Iterator
from functools import cache
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
    """Return a new knowledge base of so many chunks, its vectors indexed as a worker would."""
    from agents.knowledge.counting import count
    from agents.knowledge.spaces import opened
    from agents.knowledge.stores import vector_store
    from agents.knowledge.stores.base import Entry
    from agents.knowledge.stores.indexing import build_index
    from agents.models import Chunk, Document, KnowledgeBase

    with enter_tenant(tenant):
        base = KnowledgeBase.objects.create(slug=f"library-{chunks}", name="Library")
        (space,) = opened(base)
        rows, number = _rows(chunks), 0
        while batch := list(islice(rows, BATCH)):
            with transaction.atomic():
                document = Document.objects.create(
                    knowledge_base=base, name=f"library-{number}.txt", content_hash=str(number), status="ready"
                )
                made = Chunk.objects.bulk_create(
                    Chunk(document=document, knowledge_base=base, ordinal=ordinal, start=0, end=len(text), text=text)
                    for ordinal, (text, _) in enumerate(batch)
                )
                entries = [Entry(row.pk, document.pk, vector) for row, (_, vector) in zip(made, batch, strict=True)]
                vector_store().put(space, entries)
                count(base.pk, [row.pk for row in made])
            number += 1
        build_index(space=space.pk)
    with enter_schema_as_owner(tenant.schema_name), connections[OWNER].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE agents_chunk, agents_chunkvector, agents_posting, agents_wordcount")
    return base


def _rows(chunks: int) -> Iterator[tuple[str, Any]]:
    from agents.knowledge.embedding import embedder

    texts = islice(_texts(), chunks)
    while batch := list(islice(texts, BATCH)):
        yield from zip(batch, embedder().embed(batch), strict=True)


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
