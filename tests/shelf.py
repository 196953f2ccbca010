"""Documents that are read already: texts put into a knowledge base as ingestion would, without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from django.db import transaction

from agents.knowledge import spaces
from agents.knowledge.chunking import chunk
from agents.knowledge.counting import count
from agents.knowledge.index import embedded, place, update
from agents.knowledge.parsing.outline import outlined
from agents.knowledge.stores.base import Entry
from agents.models import Chunk, Document, DocumentText, KnowledgeBase


def add(base: KnowledgeBase, title: str, text: str, **fields: Any) -> Document:
    """Return a document of that text, indexed; ``fields`` are of its row."""
    digest = sha256(f"{base.pk}{title}{text}".encode()).hexdigest()
    document = Document.objects.create(
        knowledge_base=base, name=f"{title}.txt", title=title, content_hash=digest, status="ready", **fields
    )
    return write(document, text)


def write(document: Document, text: str) -> Document:
    """Make the document say ``text``."""
    parsed = outlined(text, (), fallback_title=document.title, media_type="text/plain")
    pieces = chunk(parsed)
    update(document, {}, pieces, embedded(document.knowledge_base, [piece.context for piece in pieces]))
    DocumentText.objects.update_or_create(document=document, defaults={"text": parsed.text})
    return document


def fill(base: KnowledgeBase, texts: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
    """Put in many texts at once, each a title, what it says in one chunk, and fields of its row: in seconds, not minutes."""
    parsed = [outlined(text, (), fallback_title=title, media_type="text/plain") for title, text, _ in texts]
    pieces = [piece for one in parsed for piece in chunk(one)]
    assert len(pieces) == len(texts)
    vectors = embedded(base, [piece.context for piece in pieces])
    with transaction.atomic():
        documents = Document.objects.bulk_create(
            Document(
                knowledge_base=base, name=f"{title}.txt", title=title, content_hash=title, status="ready", **fields
            )
            for title, _, fields in texts
        )
        bodies = zip(documents, parsed, strict=True)
        DocumentText.objects.bulk_create(DocumentText(document=document, text=one.text) for document, one in bodies)
        chunks = Chunk.objects.bulk_create(
            Chunk(document=document, knowledge_base=base, ordinal=0, start=piece.start, end=piece.end, text=piece.text,
                  content_hash=piece.digest)
            for document, piece in zip(documents, pieces, strict=True)
        )  # fmt: skip
        for space in spaces.written(base):
            rows = zip(chunks, vectors[space.pk], strict=True)
            place(space, [Entry(row.pk, row.document_id, vector) for row, vector in rows])
        count(base.pk, [row.pk for row in chunks])
