"""What a site lets programs fetch, and how often: its robots.txt, remembered for an hour."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import httpx
from django.core.cache import cache
from protego import Protego

from agents.knowledge.web.errors import NotYet, PageEndless, PageMissing, PageRefused, PageUnusable
from agents.knowledge.web.fetch import AGENT, fetch

REMEMBERED_S = 3600
MOST_BYTES = 512 * 1024
MOST_S = 10.0
LONGEST_DELAY_S = 60.0


def require_allowed(url: str, while_waiting: Callable[[], None] = lambda: None) -> None:
    """Raise PageRefused for a page that its site keeps from programs, NotYet when it is not its turn."""
    parsed = httpx.URL(url)
    site = f"{parsed.scheme}://{parsed.netloc.decode()}"
    rules = Protego.parse(_rules(site, while_waiting))
    if not rules.can_fetch(url, AGENT):
        raise PageRefused(
            f"The robots.txt of {parsed.host} keeps programs from this page. Download it, then upload it."
        )
    delay = min(rules.crawl_delay(AGENT) or 0, LONGEST_DELAY_S)
    if delay and not cache.add(f"crawl:{site}", 1, ceil(delay)):
        raise NotYet(f"{parsed.host} wants {delay:g} s between two pages.", retry_s=delay)


def _rules(site: str, while_waiting: Callable[[], None]) -> str:
    kept = cache.get(f"robots:{site}")
    if kept is None:
        kept = _fetched(site, while_waiting)
        cache.set(f"robots:{site}", kept, REMEMBERED_S)
    return str(kept)


def _fetched(site: str, while_waiting: Callable[[], None]) -> str:
    """Return the rules; none for a site without any. A site that fails is not asked for pages either (RFC 9309, 2.3.1)."""
    try:
        answer = fetch(f"{site}/robots.txt", max_bytes=MOST_BYTES, while_waiting=while_waiting, most_s=MOST_S)
    except (PageMissing, PageRefused, PageUnusable, PageEndless):
        return ""
    return (answer.body or b"").decode(errors="replace")
