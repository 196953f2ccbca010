"""Why a page of the web cannot become a document. Each message says what to do; what passes by itself is tried again."""

from __future__ import annotations

from agents.knowledge.errors import DocumentError
from nexod.kernel.errors import Unavailable


class PageRefused(DocumentError):
    """The site does not give this page to programs. Download it yourself, then upload the file."""

    code = "page_refused"


class PageMissing(DocumentError):
    """There is no page at this address any more. Check the address, or delete this document."""

    code = "page_missing"


class PageUnusable(DocumentError):
    """What the site answers cannot be read as a document. Check the address in a browser."""

    code = "page_unusable"


class PageEndless(DocumentError):
    """The page is larger, or takes longer, than allowed. Download the part that matters, then upload that."""

    code = "page_endless"


class SiteUnavailable(Unavailable):
    """The site does not answer right now. It is asked again by itself, a few times; else try again later."""

    code = "site_unavailable"

    def __init__(self, message: str | None = None, *, retry_s: float = 0) -> None:
        super().__init__(message)
        self.retry_s = retry_s


class NotYet(SiteUnavailable):
    """The site wants time between two pages, and it has not passed."""
