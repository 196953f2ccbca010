"""Both organisations as outsiders meet them: programs with keys, browsers that are logged in, all of it really committed.

``Door.shows_failure`` is what every failed run owes its people, whatever went wrong.
"""

from __future__ import annotations

from html import unescape
from typing import Any
from uuid import UUID

from django.test import Client

from tenants.accounts.actions.api_keys import issue_api_key
from tenants.accounts.models import ApiKey
from tests import cast
from tests.program import EVERY_SCOPE, Program
from tests.workbench import Bench

Json = dict[str, Any]
KEY = "front door"


class Door:
    """Whoever comes in, and what they then see."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._programs: dict[tuple[str, str], Program] = {}
        self._browsers: dict[tuple[str, str], Client] = {}

    def program(self, role: str = "owner", slug: str = "acme") -> Program:
        """Return a program with a key of that person."""
        if (role, slug) not in self._programs:
            self._programs[role, slug] = Program(slug, self.key(role, slug))
        return self._programs[role, slug]

    def key(self, role: str = "owner", slug: str = "acme") -> str:
        """Return an API key that other processes know too."""
        with self.bench.inside(slug):
            user = self.bench.user(role, slug)
            return issue_api_key(actor=user, user=user, name=KEY, scopes=EVERY_SCOPE)[1]

    def browser(self, role: str = "owner", slug: str = "acme") -> Client:
        """Return a browser in which that person is logged in."""
        if (role, slug) not in self._browsers:
            client = Client(headers={"host": f"{slug}.test"})
            with self.bench.inside(slug):
                client.force_login(self.bench.user(role, slug))
            self._browsers[role, slug] = client
        return self._browsers[role, slug]

    def make(self, path: str, body: Json) -> Json:
        """Create something and return it."""
        answer = self.program()("post", path, body)
        assert answer.status_code in (200, 201, 202), answer.content
        made: Json = answer.json()
        return made

    def connect(self, base_url: str, *, timeout_s: int = 60) -> Json:
        """Make the default connection to a model."""
        return self.make(
            "model-connections",
            {
                "name": "Our model",
                "base_url": base_url,
                "api_key": "sk-front-door",
                "model_names": ["scripted"],
                "timeout_s": timeout_s,
                "is_default": True,
            },
        )

    def workflow(self, document: Json) -> Json:
        """Create and publish a workflow."""
        made = self.make("workflows", {"name": document["name"], "definition": document})
        self.make(f"{made['url']}/publish", {})
        return made

    def start(self, kind: str, target: Json, inputs: Json | None = None) -> UUID:
        """Start a run of what is in ``/workflows``, ``/agents`` or ``/crews``; no worker has it yet."""
        return UUID(self.make(f"{kind}/{target['id']}/runs", {"inputs": inputs or {}})["id"])

    def ran(self, document: Json, inputs: Json | None = None) -> UUID:
        """Start a run of a new workflow and do what a worker does with it."""
        run = self.start("workflows", self.workflow(document), inputs)
        self.bench.advance(run)
        return run

    def run(self, run: UUID) -> Json:
        """Return the run as its API shows it."""
        found: Json = self.program().get(f"runs/{run}")
        return found

    def page(self, run: UUID) -> str:
        """Return the run's page in the admin."""
        answer = self.browser().get(f"/admin/workflows/run/{run}/change/")
        assert answer.status_code == 200
        return str(answer.content.decode())

    def shows_failure(self, run: UUID, *, node: str, code: str) -> Json:
        """Check all that a failed run owes; return its reason."""
        found = self.run(run)
        assert (found["status"], found["outputs"]) == ("failed", None), found
        reason: Json = found["error"]
        assert (reason["node"], reason["code"]) == (node, code), reason
        assert len(reason["message"]) > 20
        page = unescape(self.page(run))
        assert f"{node}: {reason['message']}" in page
        assert f"<code>{code}</code>" in page
        failed = [step for step in self.steps(run) if step["status"] == "failed"]
        assert [(step["node"], step["error"]) for step in failed] == [(node, reason)]
        last = self.program().get(f"runs/{run}/events?after={found['last_seq'] - 1}")["results"][-1]
        assert (last["type"], last["data"]["reason"]) == ("run.failed", reason)
        self.left_nothing(run)
        return reason

    def steps(self, run: UUID) -> list[Json]:
        """Return the run's steps as its API shows them, oldest first."""
        return list(reversed(self.program().get(f"runs/{run}/steps")["results"]))

    def left_nothing(self, run: UUID) -> None:
        """Check that an ended run holds nothing, and that the other organisation knows nothing of it."""
        found = self.run(run)
        assert (found["current_steps"], found["pending_approvals"]) == ([], [])
        assert self.program().get("approvals?status=pending")["results"] == []
        assert self.bench.ticket(run).state == "done"
        seqs = [event.seq for event in self.bench.events(run)]
        assert seqs == list(range(1, found["last_seq"] + 1))
        assert self.bench.types(run)[-1] == f"run.{found['status']}"
        self._hidden(run)

    def _hidden(self, run: UUID) -> None:
        stranger = self.program(slug="globex")
        for path in (f"runs/{run}", f"runs/{run}/steps", f"runs/{run}/events"):
            assert stranger("get", path).status_code == 404
        for path in ("runs", "approvals", "workflows", "agents", "notifications"):
            assert stranger.get(path)["results"] == []
        assert self.browser(slug="globex").get(f"/admin/workflows/run/{run}/change/").status_code == 404

    def close(self) -> None:
        """Take the keys away and log everybody out."""
        for (_, slug), browser in self._browsers.items():
            with self.bench.inside(slug):
                browser.logout()
        for slug in cast.SLUGS:
            with self.bench.inside(slug):
                ApiKey.objects.filter(name=KEY).delete()
