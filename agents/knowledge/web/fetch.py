"""One page: every hop is checked, size and time are bounded, and an unchanged one costs a header."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from agents.knowledge.web.errors import PageEndless, PageMissing, PageRefused, PageUnusable, SiteUnavailable
from nexod.kernel.egress import ResponseTooLarge, http_client

AGENT = "Nexod"
MOST_HOPS = 5
MOST_S = 60.0
_LONGEST_WAIT_S = 3600
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier answer said about itself; empty for a page that was never fetched."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: ``url`` is where redirects led. ``body`` is None for a page that has not changed."""

    url: str
    body: bytes | None
    media_type: str
    charset: str
    known: Known


def fetch(
    url: str,
    *,
    max_bytes: int,
    known: Known = Known(),
    may_fetch: Callable[[str], None] = lambda url: None,
    while_waiting: Callable[[], None] = lambda: None,
    most_s: float = MOST_S,
) -> Answer:
    """Return what is at ``url``. ``may_fetch`` is asked for the address of every hop and raises for one that is not wanted.

    Raises AddressRefused, PageRefused, PageMissing, PageUnusable, PageEndless or SiteUnavailable.
    """
    ends_at = time.monotonic() + most_s

    def wanted() -> None:
        while_waiting()
        if time.monotonic() > ends_at:
            raise PageEndless(f"The page had not come whole after {most_s:g} s. Download it, then upload the file.")

    with http_client(max_bytes=max_bytes, while_waiting=wanted, headers=_headers(known)) as client:
        for _ in range(MOST_HOPS + 1):
            may_fetch(str(url))
            try:
                answer, url = _hop(client, checked(url), wanted)
            except ResponseTooLarge as error:
                allowed = f"{max_bytes / 1e6:,.1f} MB"
                raise PageEndless(
                    f"The page has over {allowed}. Download the part that matters, then upload it."
                ) from error
            except (httpx.TimeoutException, httpx.TransportError) as error:
                raise SiteUnavailable(f"{httpx.URL(url).host} does not answer, or broke off.") from error
            if answer:
                return answer
    raise PageUnusable(f"The address was redirected more than {MOST_HOPS} times. Give the address that it ends at.")


def checked(address: str) -> str:
    """Return the address as it is sent; raise PageUnusable for one that cannot be."""
    try:
        url = httpx.URL(address.strip())
    except httpx.InvalidURL as error:
        raise PageUnusable(f"The address is not valid: {error}.") from error
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise PageUnusable("An address begins with https:// or http:// and a host, and holds no password.")
    return str(url.copy_with(fragment=None))


def _headers(known: Known) -> dict[str, str]:
    asked = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {"User-Agent": AGENT, "Accept": "text/html, application/pdf, text/*;q=0.9, */*;q=0.5"} | {
        name: value for name, value in asked.items() if value
    }


def _hop(client: httpx.Client, url: str, wanted: Callable[[], None]) -> tuple[Answer | None, str]:
    """Return the answer, or where to ask instead."""
    with client.stream("GET", url) as response:
        if response.status_code in _REDIRECTS and (target := response.headers.get("location")):
            try:
                return None, str(response.url.join(target))
            except httpx.InvalidURL as error:
                raise PageUnusable("The site redirects to an address that is not valid.") from error
        known = Known(response.headers.get("etag", "")[:255], response.headers.get("last-modified", "")[:80])
        if response.status_code == 304:
            return Answer(url, None, "", "", known), url
        _require_success(response)
        parts = []
        for part in response.iter_raw():
            wanted()
            parts.append(part)
        media_type, charset = response.headers.get("content-type", ""), response.charset_encoding or ""
        return Answer(url, b"".join(parts), media_type.partition(";")[0].strip().lower(), charset, known), url


def _require_success(response: httpx.Response) -> None:
    status, host = response.status_code, response.url.host
    if status == 200:
        return
    if status in (404, 410):
        raise PageMissing(
            f"{host} says that there is no such page ({status}). Check the address, or delete this document."
        )
    if status in (401, 403, 451):
        raise PageRefused(f"{host} refuses this page ({status}). Download it yourself, then upload the file.")
    if status in (408, 429) or status >= 500:
        raise SiteUnavailable(f"{host} cannot give the page right now ({status}).", retry_s=_wait(response))
    raise PageUnusable(f"{host} answered {status} instead of a page. Check the address in a browser.")


def _wait(response: httpx.Response) -> float:
    told = response.headers.get("retry-after", "")
    return float(min(int(told), _LONGEST_WAIT_S)) if told.isascii() and told.isdigit() else 0.0
