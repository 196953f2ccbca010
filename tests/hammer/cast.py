"""The tenants of the hammer: fifty that work and one that is suspended, alike in everything but their marks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

from django.core.files.base import ContentFile
from django.test import Client

from agents.knowledge.files import files
from nexod.kernel import events
from tenants.accounts.actions.api_keys import issue_api_key
from tenants.accounts.models import User
from tenants.actions.lifecycle import set_status
from tenants.actions.provisioning import FirstAdmin, ensure_plan, provision_tenant
from tenants.context import enter_platform, enter_tenant, release_connections
from tenants.models import Tenant
from tenants.schema.migration import migrate_everything
from tests.content import Content, fill
from tests.hammer.marks import mark
from tests.hammer.resident import Resident, slug
from tests.program import EVERY_SCOPE
from tests.shelf import write
from workflows.actions.events import append_events
from workflows.actions.workflows import create_workflow, publish_workflow
from workflows.models import Run

TENANTS = 50
SUSPENDED = 98
"""The number of the tenant that is suspended when the hammering begins."""
FURNISHERS = 2
PASSWORD = "correct horse battery"
QUESTION = "the height of spring tides"
Definition = dict[str, Any]


def assemble(progress: Callable[[str], None], tenants: int = TENANTS) -> tuple[list[Resident], Resident]:
    """Migrate, make the tenants with one row of everything each, and return them and the suspended one."""
    migrate_everything(lambda name: None)
    ensure_plan()
    progress(f"provisioning {tenants} tenants")
    with ThreadPoolExecutor(FURNISHERS) as furnishers:
        begun = [furnishers.submit(_furnished, _provisioned(number), number) for number in (*range(tenants), SUSPENDED)]
        *residents, outcast = (each.result() for each in begun)
    with enter_platform():
        set_status(tenant=Tenant.objects.get(pk=outcast.pk), status="suspended")
    return residents, outcast


def address(number: int) -> str:
    """Return the e-mail address of the tenant's owner."""
    return f"owner-{mark(number)}@{slug(number)}.test"


def _provisioned(number: int) -> Tenant:
    name, owner = slug(number), FirstAdmin(address(number), PASSWORD, f"Olive {mark(number)}")
    return provision_tenant(slug=name, name=name, domain=f"{name}.test", admin=owner)


def _furnished(tenant: Tenant, number: int) -> Resident:
    """Make the rows, in a thread: the next tenant is provisioned meanwhile."""
    try:
        with enter_tenant(tenant):
            return _with_rows(tenant, number)
    finally:
        release_connections()


def _with_rows(tenant: Tenant, number: int) -> Resident:
    user = User.objects.get()
    content = fill(user, mark=mark(number))
    key = issue_api_key(actor=user, user=user, name=mark(number), scopes=EVERY_SCOPE)[1]
    client = Client(headers={"host": f"{slug(number)}.test"})
    client.force_login(user)
    ids = _ids(content) | _workflows(user, number) | {"over": _run_that_is_over(content, number)}
    _write_document(content, number)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    return Resident(number, tenant.schema_name, tenant.pk, key, cookie, ids)


def _ids(content: Content) -> dict[str, str]:
    return {name: str(getattr(content, name).pk) for name in Content.__dataclass_fields__ if name != "step"}


def _workflows(user: User, number: int) -> dict[str, str]:
    """Return two workflows that workers can run: one straight through, one with a question in the middle."""
    made = {name: create_workflow(actor=user, name=f"{name} {mark(number)}", definition=definition)
            for name, definition in (("straight", STRAIGHT), ("asking", ASKING))}  # fmt: skip
    for workflow in made.values():
        publish_workflow(actor=user, workflow=workflow)
    return {name: str(workflow.pk) for name, workflow in made.items()}


def _run_that_is_over(content: Content, number: int) -> str:
    """Return a run that has ended, whose events carry the mark."""
    run = Run.objects.create(
        kind="workflow", title=f"Over {mark(number)}", definition={}, status="completed", started_by=content.user
    )
    told = [events.RunCreated(kind="workflow", target=mark(number), actor=address(number))]
    told += [events.RunStarted(attempt=attempt) for attempt in range(1, 4)]
    append_events(run.pk, [*told, events.RunCompleted()])
    return str(run.pk)


def _write_document(content: Content, number: int) -> None:
    """Give the document a file and a text that answers every tenant's question alike."""
    text = f"{QUESTION} is known to {mark(number)}"
    files.delete(content.document.storage_key)
    files.save(content.document.storage_key, ContentFile(text.encode()))
    write(content.document, text)


def _definition(name: str, middle: list[Definition]) -> Definition:
    greet = {"id": "greet", "type": "template", "config": {"template": "Hello {{ inputs.name }}"}}
    end = {"id": "end", "type": "output", "config": {"outputs": {"text": {"template": "{{ nodes.greet.text }}"}}}}
    nodes = [greet, *middle, end]
    return {
        "format": "nexod.workflow/1",
        "name": name,
        "inputs": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
        "start": "greet",
        "nodes": nodes,
        "edges": [{"from": one["id"], "to": two["id"]} for one, two in pairwise(nodes)],
    }


STRAIGHT = _definition("Straight", [])
ASKING = _definition(
    "Asking", [{"id": "ask", "type": "approval", "config": {"title": "Good?", "content": "{{ nodes.greet.text }}"}}]
)
