"""The pages that a sitemap names (sitemaps.org): indexes are followed, everything is bounded, other sites are left out.

Addresses are taken out with an expression and no XML is parsed: there is nothing in it for an entity to blow up.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape

import httpx

from agents.knowledge.web.errors import PageEndless, PageUnusable
from agents.knowledge.web.fetch import checked, fetch

MOST_PAGES = 10_000
MOST_MAPS = 50
MOST_BYTES = 50 * 1024 * 1024
LONGEST_ADDRESS = 800
_LOC = re.compile(r"<(?:\w{1,20}:)?loc>\s*(?:<!\[CDATA\[)?\s*([^<\s\]]{1,4000})")
_INDEX = re.compile(r"<(?:\w{1,20}:)?sitemapindex[\s>]")
_MAP = re.compile(r"<(?:\w{1,20}:)?(?:urlset|sitemapindex)[\s>]")


@dataclass
class Pages:
    """Addresses in the order in which they were named, and how many others there were."""

    addresses: dict[str, None] = field(default_factory=dict)
    left_out: int = 0


def pages_of(
    address: str,
    *,
    may_fetch: Callable[[str], None] = lambda url: None,
    while_waiting: Callable[[], None] = lambda: None,
) -> Pages:
    """Return the pages of the sitemap at ``address``. Raises what ``fetch`` raises, and PageUnusable for what is no sitemap."""
    found, host = Pages(), httpx.URL(checked(address)).host
    waiting, seen = [address], {address}
    while waiting:
        text = _text(waiting.pop(0), may_fetch, while_waiting)
        named = [unescape(loc) for loc in _LOC.findall(text)]
        if not _INDEX.search(text[:4096]):
            _keep(found, named, host)
            continue
        for inner in named:
            if inner in seen or len(seen) > MOST_MAPS or not _is_at(inner, host):
                found.left_out += inner not in seen
            else:
                seen.add(inner)
                waiting.append(inner)
    return found


def _text(address: str, may_fetch: Callable[[str], None], while_waiting: Callable[[], None]) -> str:
    body = fetch(address, max_bytes=MOST_BYTES, may_fetch=may_fetch, while_waiting=while_waiting).body or b""
    text = (_unpacked(body) if body.startswith(b"\x1f\x8b") else body).decode(errors="replace")
    if not _MAP.search(text[:4096]):
        raise PageUnusable("This is no sitemap: there is no <urlset> in it. To add a single page, add its URL.")
    return text


def _unpacked(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(body, MOST_BYTES)
    except zlib.error as error:
        raise PageUnusable("The sitemap is compressed, and damaged.") from error
    if unpacker.unconsumed_tail:
        raise PageEndless("The sitemap unpacks to more than is allowed. Add the sitemaps that it is made of.")
    return text


def _keep(found: Pages, named: list[str], host: str) -> None:
    for address in named:
        if address in found.addresses:
            continue
        if len(found.addresses) < MOST_PAGES and len(address) <= LONGEST_ADDRESS and _is_at(address, host):
            found.addresses[address] = None
        else:
            found.left_out += 1


def _is_at(address: str, host: str) -> bool:
    """Say whether the address is one of the site's own, which is all that a sitemap may name."""
    try:
        return httpx.URL(checked(address)).host == host
    except (PageUnusable, httpx.InvalidURL):
        return False
