"""Who asks, and which documents may answer. What is not open to everyone is closed, unless the reader is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from agents.knowledge.metadata import holding
from agents.models import Chunk, Document
from nexod.kernel import run_port
from tenants.accounts.models import User

READ_ALL = "agents.read_every_document"
_READABLE = """(d.visibility = 'everyone'
  OR EXISTS (SELECT FROM agents_document_readers r WHERE r.document_id = d.id AND r.user_id = %s)
  OR EXISTS (SELECT FROM agents_document_reader_groups g WHERE g.document_id = d.id AND g.group_id = ANY(%s)))"""


@dataclass(frozen=True, slots=True)
class Reader:
    """A person by id and groups. Without a person: what is open to everyone, nothing else."""

    user: UUID | None = None
    groups: tuple[int, ...] = ()
    reads_all: bool = False


NOBODY = Reader()


def reader_of(user: User | None) -> Reader:
    """Return what ``user`` is as a reader; who is not active any more reads nothing that is restricted."""
    if user is None or not user.is_active:
        return NOBODY
    return Reader(user.pk, tuple(user.groups.values_list("pk", flat=True)), user.has_perm(READ_ALL))


def current_reader() -> Reader:
    """Return who the current run reads for: the person that started it. Outside of a run nobody in particular."""
    port = run_port.current()
    started_by = port.started_by if port else None
    return reader_of(User.objects.filter(pk=started_by).first()) if started_by else NOBODY


def readable_by(reader: Reader, documents: QuerySet[Document]) -> QuerySet[Document]:
    """Return those of ``documents`` that the reader may read."""
    if reader.reads_all:
        return documents
    named = Q(readers=reader.user) if reader.user else Q(pk__in=())
    mine = Document.objects.filter(named | Q(reader_groups__in=reader.groups)).values("pk")
    return documents.filter(Q(visibility=Document.Visibility.EVERYONE) | Q(pk__in=mine))


def may_read(user: User, document: Document) -> bool:
    """Say whether the person may read the document."""
    return readable_by(reader_of(user), Document.objects.filter(pk=document.pk)).exists()


@dataclass(frozen=True, slots=True)
class Within:
    """The documents of a knowledge base that may answer: those the reader may read, whose metadata holds ``metadata``."""

    knowledge_base: UUID
    reader: Reader = NOBODY
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def condition(self) -> tuple[str, list[Any]]:
        """Return the SQL that is true for a row ``d`` of documents, and its values."""
        parts, values = list[str](), list[Any]()
        if not self.reader.reads_all:
            parts.append(_READABLE)
            values += [self.reader.user, list(self.reader.groups)]
        if self.metadata:
            held, wanted = holding(self.metadata)
            parts.append(held)
            values += wanted
        return " AND ".join(parts) or "true", values

    def joined(self, chunk: str) -> tuple[str, str, list[Any]]:
        """Return the joins and the condition that let only their chunks through; ``chunk`` is the SQL of a chunk's id."""
        condition, values = self.condition
        joins = f" JOIN agents_chunk c ON c.id = {chunk} JOIN agents_document d ON d.id = c.document_id"
        return joins, f" AND {condition}", values

    def needed(self) -> Within | None:
        """Return it when it keeps any document of the knowledge base back, None otherwise."""
        if self.metadata:
            return self
        if self.reader.reads_all:
            return None
        restricted = Document.objects.filter(knowledge_base=self.knowledge_base).exclude(
            visibility=Document.Visibility.EVERYONE
        )
        return self if restricted.exists() else None

    def of(self, chunks: QuerySet[Chunk]) -> QuerySet[Chunk]:
        """Return those of ``chunks`` that are of these documents."""
        documents = readable_by(self.reader, Document.objects.filter(knowledge_base=self.knowledge_base))
        if self.metadata:
            held, wanted = holding(self.metadata)
            sql = f"SELECT d.id FROM agents_document d WHERE {held}"
            documents = documents.filter(pk__in=RawSQL(sql, wanted))  # noqa: S611 (no value is part of the SQL)
        return chunks.filter(document__in=documents)

    def documents(self, most: int) -> list[UUID] | None:
        """Return the ids of these documents, or None when there are more than ``most``."""
        condition, values = self.condition
        sql = f"SELECT d.id FROM agents_document d WHERE d.knowledge_base_id = %s AND {condition} LIMIT %s"
        with connection.cursor() as cursor:
            cursor.execute(sql, [self.knowledge_base, *values, most + 1])
            found = [row[0] for row in cursor.fetchall()]
        return found if len(found) <= most else None
