"""A web site on loopback whose pages do what sites do, the worst included; it remembers who asked for what."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler

from tests.loopback import LoopbackHandler, LoopbackServer

Answer = tuple[int, dict[str, str], bytes]
HTML = {"Content-Type": "text/html; charset=utf-8"}


class Site:
    """Pages by path. A path whose page is a function gets the handler and writes for itself."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.server = LoopbackServer(self._handler())

    @property
    def address(self) -> str:
        """Return ``http://127.0.0.1:port``."""
        return f"http://{self.server.host}"

    @property
    def allowed(self) -> str:
        """Return what NEXOD_EGRESS_ALLOW has to hold."""
        return self.server.host

    @property
    def paths(self) -> list[str]:
        """Return what was asked for, in order."""
        return [path for path, _ in self.asked]

    def page(self, path: str, html: str, **headers: str) -> str:
        """Serve ``html`` there; return the address."""
        self.pages[path] = (200, {**HTML, **headers}, html.encode())
        return self.address + path

    def answers(self, path: str, status: int, body: bytes = b"", **headers: str) -> str:
        """Serve this there; return the address."""
        self.pages[path] = (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
        return self.address + path

    def sitemap(self, path: str, *addresses: str, index: bool = False, packed: bool = False) -> str:
        """Serve a sitemap of these addresses, or an index of them."""
        outer, inner = ("sitemapindex", "sitemap") if index else ("urlset", "url")
        text = "".join(f"<{inner}><loc>{address}</loc></{inner}>" for address in addresses)
        body = f'<?xml version="1.0"?><{outer} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{text}</{outer}>'
        return self.answers(path, 200, gzip.compress(body.encode()) if packed else body.encode())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(LoopbackHandler):
            def do_GET(self) -> None:  # noqa: N802  as http.server calls it
                site.asked.append((self.path, dict(self.headers)))
                found = site.pages.get(self.path, (404, {}, b""))
                if callable(found):
                    with suppress(OSError):
                        found(self)
                    self.close_connection = True
                    return
                status, headers, body = found
                if status == 200 and headers.get("ETag") and headers["ETag"] == self.headers.get("If-None-Match"):
                    status, body = 304, b""
                self.reply(status, body, headers)

        return Handler


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Send a page that never ends, as fast as it is taken."""
    _begin(handler)
    while True:
        handler.wfile.write(b"<p>and on it goes " * 1000)


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """Send a byte now and then, for ever."""
    _begin(handler)
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def silent(handler: BaseHTTPRequestHandler) -> None:
    """Take the request and answer nothing for a long while."""
    time.sleep(20)


def breaking_off(handler: BaseHTTPRequestHandler) -> None:
    """Announce more than is sent."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"<p>half")


def _begin(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Connection", "close")
    handler.end_headers()


@contextmanager
def open_site() -> Iterator[Site]:
    """Serve a site without pages."""
    site = Site()
    with site.server:
        yield site
