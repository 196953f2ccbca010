"""A real browser for acceptance tests and screenshots: headless Chromium that resolves every tenant's host to this machine.

Playwright runs an event loop in the thread that uses it, where Django refuses to work: tests ask the database before or after.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from nexod.embedded.ports import free_port
from nexod.embedded.probes import http_ok
from tests.processes import until

if TYPE_CHECKING:
    from tests.workbench import Bench

ROOT = Path(__file__).parent.parent
READY_S = 120

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP *.test 127.0.0.1",
)  # fmt: skip
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PATIENCE_MS = 60_000


@dataclass
class Visitor:
    """Somebody at a tenant's host, and everything that went wrong on the pages meanwhile."""

    page: Page
    base: str
    wrong: list[str] = field(default_factory=list)

    def watch(self) -> Visitor:
        """Write down errors of scripts, failed requests and requests to anybody else."""
        own = urlsplit(self.base).netloc
        self.page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        self.page.on("console", self._console)
        self.page.on("response", lambda r: self.wrong.append(f"{r.status} {r.url}") if r.status >= 500 else None)
        self.page.on(
            "request",
            lambda r: self.wrong.append(f"foreign: {r.url}") if urlsplit(r.url).netloc not in (own, "") else None,
        )
        return self

    def _console(self, message: Any) -> None:
        # Chromium says so about every host without https that is not localhost.
        if message.type == "error" and "Cross-Origin-Opener-Policy" not in message.text:
            self.wrong.append(f"console: {message.text}")

    def go(self, path: str) -> Page:
        """Open a page and wait until it stands."""
        self.page.goto(f"{self.base}{path}")
        self.page.wait_for_load_state("load")
        return self.page

    def log_in(self, email: str, password: str) -> Visitor:
        """Come in through the login page."""
        self.go("/admin/login/")
        self.page.fill("#id_username", email)
        self.page.fill("#id_password", password)
        self.page.click("#login-form button[type=submit]")
        self.page.wait_for_url("**/admin/")
        return self

    def too_wide(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@dataclass
class Hall:
    """One browser, from which visitors go to the hosts of one server."""

    browser: Browser
    port: int

    def visitor(self, host: str, *, phone: bool = False, dark: bool = False, **more: Any) -> Visitor:
        """Return a visitor with cookies of his own."""
        context: BrowserContext = self.browser.new_context(
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            has_touch=phone,
            reduced_motion="reduce",
            **more,
        )
        context.set_default_timeout(PATIENCE_MS)
        return Visitor(context.new_page(), f"http://{host}:{self.port}").watch()


@contextmanager
def web_server(folder: Path) -> Iterator[int]:
    """Run the web process of the test stores, without the role that owns the database; give its port."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
    command = [sys.executable, "-W", "ignore", "-m", "uvicorn", "nexod.asgi:application", "--port", str(port)]
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
    try:
        if not until(lambda: process.poll() is not None or http_ok(f"http://127.0.0.1:{port}/health"), READY_S):
            raise RuntimeError(f"The web process did not start:\n{(folder / 'web.log').read_text()[-4000:]}")
        yield port
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def open_hall(port: int) -> Iterator[Hall]:
    """Start Chromium, and end it with the block."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield Hall(browser, port)
        finally:
            browser.close()


def apart(work: Callable[[], Any]) -> Any:
    """Do what asks the database in a thread of its own: in this one is the browser's event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def inside(bench: Bench, work: Callable[[], Any]) -> Any:
    """Do it so in acme."""

    def worked() -> Any:
        with bench.inside():
            return work()

    return apart(worked)
