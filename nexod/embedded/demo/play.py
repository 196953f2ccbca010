"""The demo's story, told from outside: documents in, a workflow installed, a run watched, approved, and its briefing shown."""

from __future__ import annotations

import os
import time
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.panel import Panel
from rich.status import Status

from nexod.embedded.demo.api import Api, ApiRefused
from nexod.embedded.demo.connection import connect_model, connection_fields
from nexod.embedded.demo.library import Library, fill, knowledge_base, wait_until_read
from nexod.embedded.demo.narrator import Narrator
from nexod.embedded.home import Home

STARTER = "briefing"
Json = dict[str, Any]


class Play:
    """One performance. ``known`` is the content of demo.json."""

    def __init__(self, known: Json, console: Console, *, once: bool) -> None:
        self.known, self.console, self.once = known, console, once
        self.acme: Json = known["tenants"]["acme"]
        self.api = self.api_of(self.acme)
        self.narrator = Narrator(console)

    def api_of(self, tenant: Json) -> Api:
        """Return the API as the tenant's admin sees it."""
        return Api(self.known["base_url"], tenant["host"], tenant["api_key"])

    def perform(self, library: Library, topic: str) -> Json:
        """Do it all and return the finished run. Raises ApiRefused when a step fails."""
        self.connect_models(connection_fields(os.environ))
        base = self.read_documents(library)
        workflow = self.install(base)
        return self.run(workflow, topic)

    def connect_models(self, fields: Json) -> None:
        """Give both tenants the model."""
        self.heading("Model", f"{fields['model_names'][0]} for acme and globex")
        for tenant in self.known["tenants"].values():
            connect_model(self.api_of(tenant), fields)
        if fields["provider"] == "embedded":
            self.line("small enough to run anywhere, too small to write well; NEXOD_LLM_BASE_URL names a better one")

    def read_documents(self, library: Library) -> Json:
        """Bring the knowledge base up to date and wait until every document is read."""
        self.heading("Documents", f"{len(library.files)} files for the knowledge base “{library.name}” of acme")
        base = knowledge_base(self.api, library)
        with self.console.status("uploading") as status:
            filled = fill(self.api, base["id"], library, lambda text: self.line(f"[yellow]refused[/] {escape(text)}"))
            rows = wait_until_read(self.api, base["id"], lambda done, all_: _count(status, done, all_))
        for row in rows:
            if row["status"] == "failed":
                self.line(f"[yellow]not readable[/] {escape(row['name'])}: {escape(row['error']['message'])}")
        readable = sum(row["status"] == "ready" for row in rows)
        if not readable:
            raise ApiRefused("None of the documents can be read.")
        self.line(f"{readable} can be searched ({filled.uploaded} new, {filled.unchanged} unchanged)")
        return base

    def install(self, base: Json) -> Json:
        """Return the Briefing of acme that reads this knowledge base; it is installed if it is not there."""
        self.heading("Workflow", "the starter Briefing: research, write, review, score, approve, publish")
        for row in self.api.pages("/workflows", starter=STARTER):
            workflow: Json = self.api.get(f"/workflows/{row['id']}")
            if base["slug"] in _knowledge_bases(workflow):
                self.line("installed already")
                return workflow
        self.line("installed with its three agents and their crew")
        return dict(self.api.post(f"/starters/{STARTER}/install", {"knowledge_base": base["id"]}))

    def run(self, workflow: Json, topic: str) -> Json:
        """Start a run, tell its events until it is over, approve where that is our part, and return the run."""
        self.heading("Run", f"“{topic}”")
        run: Json = self.api.post(f"/workflows/{workflow['id']}/runs", {"inputs": {"topic": topic}})
        for event in self.api.events(run["id"]):
            self.narrator.tell(event)
            if event["type"] == "approval.requested":
                self.answer(event["data"]["approval"])
        return dict(self.api.get(f"/runs/{run['id']}"))

    def answer(self, approval: str) -> None:
        """Approve through the API, or say who can."""
        if self.once:
            self.api.post(f"/approvals/{approval}/decide", {"decision": "approve", "comment": "Approved by the demo."})
            return
        text = (
            f"Approve it in the admin of acme\n[bold cyan]{self.admin(self.acme['host'])}[/]\n{self.login(self.acme)}"
        )
        self.console.print(Panel(text, title="It waits for you", border_style="yellow", expand=False, padding=(1, 3)))

    def show_result(self, run: Json) -> None:
        """Print what the run made, what it cost and where to look."""
        for artifact in self.api.pages("/artifacts", run=run["id"]):
            text = self.api.text(artifact["content_url"])
            shown = Markdown(text) if self.console.is_terminal else escape(text)
            self.console.print(Panel(shown, title=escape(artifact["name"]), border_style="green", padding=(1, 3)))
        self.heading("Cost")
        totals = run["totals"]
        self.line(
            f"{totals['tokens_in']:,} tokens in, {totals['tokens_out']:,} out in {totals['model_calls']} model calls;"
            f" {totals['seconds']:.1f} s of work in {self.narrator.steps} steps; ${totals['cost_usd']:.4f}"
        )

    def show_places(self) -> None:
        """Print where to look and how to come in."""
        globex, staff = self.known["tenants"]["globex"], self.known["staff"]
        self.heading("Where to look")
        for name, place in (("admin of acme", self.acme), ("admin of globex", globex), ("staff admin", staff)):
            self.line(f"{name:<16} [cyan]{self.admin(place['host']):<38}[/] {self.login(place)}")
        docs = f"{self.url(self.acme['host'])}/api/docs"
        self.line(f"{'API of acme':<16} [cyan]{docs:<38}[/] Authorization: Bearer {self.acme['api_key']}")

    def url(self, host: str) -> str:
        """Return the address of a host, for a browser."""
        return f"http://{host}:{self.known['base_url'].rsplit(':', 1)[1]}"

    def admin(self, host: str) -> str:
        """Return the address of a host's admin."""
        return f"{self.url(host)}/admin/"

    def login(self, place: Json) -> str:
        """Return how to log in."""
        return f"{escape(place['email'])}  password {escape(place['password'])}"

    def heading(self, name: str, about: str = "") -> None:
        """Begin a part."""
        self.console.print(f"\n[bold]{name}[/]" + (f"  [dim]{escape(about)}[/]" if about else ""), soft_wrap=True)

    def line(self, text: str) -> None:
        """Print a line of a part."""
        self.console.print(f"  {text}", soft_wrap=True)


def _count(status: Status, done: int, all_: int) -> None:
    status.update(f"reading {done} of {all_}")


def _knowledge_bases(workflow: Json) -> set[str]:
    published = workflow.get("published") or {}
    nodes = published.get("definition", {}).get("nodes", [])
    return {str(node.get("config", {}).get("knowledge_base", "")) for node in nodes}


def perform(known: Json, library: Library, topic: str, console: Console, *, once: bool) -> int:
    """Perform the demo on a console; return the exit code."""
    play = Play(known, console, once=once)
    began = time.monotonic()
    run = play.perform(library, topic)
    seconds = time.monotonic() - began
    if run["status"] == "completed":
        play.show_result(run)
    play.show_places()
    if run["status"] != "completed":
        play.line(f"\n  the logs of the services are in {escape(str(Home.from_environment().logs))}")
        console.print(f"\ndemo: run {run['id']} ended {run['status']}", soft_wrap=True)
        return 1
    console.print(f"\ndemo: completed run {run['id']} in {seconds:.1f}s", soft_wrap=True)
    return 0
