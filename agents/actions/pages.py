"""A document that is a page of the web gets its content: fetched, or found unchanged, before it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from urllib.parse import unquote

import httpx
from django.conf import settings
from django.core.files.base import ContentFile
from django.utils import timezone

from agents.actions.contents import Taken, file_name, take
from agents.actions.lanes import in_work
from agents.knowledge.errors import DocumentDuplicate, DocumentGone, DocumentTypeUnsupported
from agents.knowledge.parsing.formats import NAMES, SUFFIXES, suffix_of
from agents.knowledge.web.fetch import Answer, Known, fetch
from agents.knowledge.web.robots import require_allowed
from agents.models import Document

_VAGUE = frozenset(("", "application/octet-stream", "text/plain", "binary/octet-stream"))
_TEXTS = ("text/", "application/xhtml")


def fetched(document: Document, while_waiting: Callable[[], None]) -> tuple[Document, bool]:
    """Return the document with the content that its address has now, and whether that differs from what it had.

    Raises what says why there is none (agents/knowledge/web/errors.py), DocumentDuplicate, or what ``take`` raises.
    """
    answer = fetch(
        document.address,
        max_bytes=settings.NEXOD_MAX_DOCUMENT_BYTES,
        known=Known(document.etag, document.last_modified) if document.content_hash else Known(),
        may_fetch=lambda url: require_allowed(url, while_waiting),
        while_waiting=while_waiting,
    )
    is_changed = answer.body is not None and _took(document, answer)
    seen = {"etag": answer.known.etag, "last_modified": answer.known.last_modified, "fetched_at": timezone.now()}
    ours = in_work(document)
    if not ours.update(**seen) or (row := ours.select_related("knowledge_base").first()) is None:
        raise DocumentGone
    return row, is_changed


def _took(document: Document, answer: Answer) -> bool:
    document.name = _name(answer)
    kept, taken = take(document, ContentFile(_content(answer), name=document.name), is_in_work=True)
    if kept.pk != document.pk:
        if kept.visibility != Document.Visibility.EVERYONE:
            raise DocumentDuplicate  # its title is for its readers
        same = kept.title or kept.name
        raise DocumentDuplicate(
            f"The same content is here already, as {same!r}. Delete one, or leave it: nothing is doubled."
        )
    return taken is not Taken.KNOWN


def _name(answer: Answer) -> str:
    """Return a file's name for the page, with a suffix that says what it was served as."""
    url = httpx.URL(answer.url)
    last = PurePosixPath(unquote(url.path)).name
    served, named = suffix_of(answer.media_type), PurePosixPath(last).suffix.lower()
    if answer.media_type in _VAGUE and named in SUFFIXES:
        served = named
    if not served:
        raise DocumentTypeUnsupported(f"The page is served as {answer.media_type[:80]}. Pages may be {NAMES}.")
    stem = PurePosixPath(last).stem if named in SUFFIXES else last
    return file_name(f"{stem or url.host}{served}")


def _content(answer: Answer) -> bytes:
    """Return the bytes as they came, or as UTF-8 when the server says that a text is something else."""
    body = answer.body or b""
    if not answer.charset or not answer.media_type.startswith(_TEXTS):
        return body
    try:
        body.decode()
    except UnicodeDecodeError:
        try:
            return body.decode(answer.charset, "replace").encode()
        except LookupError:
            return body
    return body
