"""Why a document cannot become knowledge, or knowledge cannot be found. Each message says what to do about it."""

from __future__ import annotations

from typing import ClassVar

from nexod.kernel.errors import Conflict, InvalidInput, NexodError, NotFound, TooLarge, Unavailable


class KnowledgeBaseMissing(NotFound):
    """There is no such knowledge base."""

    code: ClassVar[str] = "knowledge_base_missing"


class StoreUnavailable(Unavailable):
    """The vector store cannot be reached now. It is tried again by itself."""

    code: ClassVar[str] = "vector_store_unavailable"


class StoreRefused(Conflict):
    """The vector store refuses what it was asked. Look at its connection: address, key and dimensions of the index."""

    code: ClassVar[str] = "vector_store_refused"


class DocumentError(InvalidInput):
    """The document cannot be used."""

    code: ClassVar[str] = "document_invalid"


class DocumentTypeUnsupported(DocumentError):
    """This type of file is not supported. Upload PDF, Word, PowerPoint, Excel, HTML, Markdown, text, CSV or e-mail (.eml)."""

    code, status = "document_type_unsupported", 415


class DocumentEmpty(DocumentError):
    """There is no text in this document. Check that the right file was uploaded."""

    code = "document_empty"


class DocumentScanned(DocumentEmpty):
    """The pages of this PDF are images without text. Run text recognition (OCR) on it, then upload the result."""

    code = "document_scanned"


class DocumentEncrypted(DocumentError):
    """This PDF is protected by a password. Save it without one, then upload it again."""

    code = "document_encrypted"


class DocumentUnreadable(DocumentError):
    """This file is damaged or is not what its name says. Open it in its own program, save it anew and upload that."""

    code = "document_unreadable"


class DocumentTooLarge(TooLarge):
    """The document is larger than allowed. Split it and upload the parts."""


class DocumentTooComplex(TooLarge):
    """Reading this document takes more time or memory than allowed. Split it, or save it in a simpler format."""

    code = "document_too_complex"


class DocumentDuplicate(DocumentError):
    """The same content is in this knowledge base already, so this one is not read. Delete it, or leave it: it changes nothing."""

    code = "document_duplicate"


class DocumentGone(Conflict):
    """The document was deleted, or taken over, while it was being read."""

    code = "document_gone"


def from_code(code: str, message: str) -> NexodError:
    """Return the error of this module that ``code`` names; an unknown code becomes DocumentUnreadable."""
    return _BY_CODE.get(code, DocumentUnreadable)(message or None)


_BY_CODE: dict[str, type[NexodError]] = {
    error.code: error
    for error in (
        DocumentTypeUnsupported,
        DocumentEmpty,
        DocumentScanned,
        DocumentEncrypted,
        DocumentUnreadable,
        DocumentTooLarge,
        DocumentTooComplex,
    )
}
