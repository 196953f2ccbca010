"""``manage.py workflow push|pull|validate|test``: workflows as files, for whoever keeps them beside other code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from nexod.kernel.errors import NexodError
from tenants.accounts.models import User
from tenants.accounts.roles import OWNER
from tenants.context import current_tenant, enter_platform, enter_tenant
from tenants.models import Tenant
from workflows.actions.imports import import_bundle
from workflows.actions.references import TenantReferences
from workflows.actions.versions import version_named
from workflows.definitions import DefinitionInvalid, validate
from workflows.errors import PublishUnconfirmed
from workflows.models import DataSet, Workflow
from workflows.portable.bundle import MAX_CHARACTERS, Bundle, read, written
from workflows.portable.exporting import exported

if TYPE_CHECKING:
    from agents.credentials.facts import Facts


class Command(BaseCommand):
    """Say what is done, and with exit code 1 what cannot be."""

    help = "Pushes workflow files into a tenant, pulls them out, validates and tests them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Accept one of the four verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        push = verbs.add_parser("push", help="create or change what the file brings")
        push.add_argument("file", help="YAML or JSON; - is the standard input")
        push.add_argument("--publish", action="store_true", help="publish the draft that comes of it")
        push.add_argument("--confirm", action="store_true", help="publish although others changed it or are editing it")
        push.add_argument("--replace", action="store_true", help="make what exists already what the file says")
        push.add_argument("--name", action="append", default=[], metavar="KIND:THEIRS=OURS", help="what takes a place")
        pull = verbs.add_parser("pull", help="write a workflow to a file")
        pull.add_argument("slug")
        pull.add_argument("--version", default="published", dest="which", help="draft, published or a number")
        pull.add_argument("--json", action="store_const", const="json", default="yaml", dest="form")
        pull.add_argument("-o", "--output", default="-", help="a file; - is the standard output")
        check = verbs.add_parser("validate", help="tell every problem of a file; nothing is stored")
        check.add_argument("file")
        test = verbs.add_parser("test", help="run the data sets of a workflow on its draft")
        test.add_argument("slug")
        test.add_argument("--min-score", type=float, default=None)
        for verb in (push, pull, check, test):
            verb.add_argument("--tenant", required=True, help="the tenant's slug")
        push.add_argument("--as", dest="email", default="", help="who does it; else the first owner")

    def handle(self, *args: Any, verb: str, tenant: str, **options: Any) -> None:
        """Do it in the tenant."""
        with enter_platform():
            found = Tenant.objects.filter(slug=tenant).first()
        if found is None:
            raise CommandError(f"There is no tenant {tenant!r}.")
        found.require_active()
        with enter_tenant(found):
            try:
                getattr(self, f"_{verb}")(**options)
            except DefinitionInvalid as error:
                raise CommandError(_problems(error)) from error
            except PublishUnconfirmed as error:
                raise CommandError(
                    "\n".join([error.message, *_facts(error), "Say --confirm to publish it."])
                ) from error
            except NexodError as error:
                raise CommandError("\n".join([error.message, *_details(error)])) from error

    def _push(
        self, *, file: str, publish: bool, confirm: bool, replace: bool, name: list[str], email: str, **_: Any
    ) -> None:
        bundle, actor = _bundle(file), _actor(email)
        imported = import_bundle(
            actor=actor, bundle=bundle, names=_names(name), replace=replace, publish=publish, confirm=confirm
        )
        for word in ("created", "changed", "kept"):
            for what in getattr(imported, word):
                self.stdout.write(f"{word:>8}  {what}")
        live = imported.workflow.published if publish else None
        state = f"version {live.number} is published" if live else "its draft is there; publish it to run it"
        self.stdout.write(self.style.SUCCESS(f"workflow {imported.workflow.slug}: {state}"))

    def _pull(self, *, slug: str, which: str, form: str, output: str, **_: Any) -> None:
        workflow = _workflow(slug)
        text = written(exported(workflow, version_named(workflow, which)), form)
        if output == "-":
            self.stdout.write(text, ending="")
            return
        Path(output).write_text(text, encoding="utf-8")
        self.stdout.write(self.style.SUCCESS(f"{output}: {slug}, {which} version"))

    def _validate(self, *, file: str, **_: Any) -> None:
        bundle = _bundle(file)
        problems = validate(bundle.workflow.definition, _WithFile(bundle))
        if problems:
            raise CommandError(_problems(DefinitionInvalid(problems)))
        self.stdout.write(self.style.SUCCESS(f"{file}: {len(bundle.workflow.definition['nodes'])} nodes, no problem"))

    def _test(self, *, slug: str, min_score: float | None, **_: Any) -> None:
        workflow = _workflow(slug)
        sets = list(DataSet.objects.filter(workflow=workflow).values_list("slug", flat=True))
        if not sets:
            raise CommandError(f"The workflow {slug!r} has no data set of cases.")
        for name in sets:
            wanted = [] if min_score is None else [f"--min-score={min_score}"]
            call_command("eval", f"--tenant={current_tenant().slug}", f"--dataset={name}", *wanted, stdout=self.stdout)


class _WithFile:
    """What the tenant has, together with what the file brings."""

    def __init__(self, bundle: Bundle) -> None:
        self._tenant = TenantReferences()
        self._brought = {("agent", agent.slug) for agent in bundle.agents} | {
            ("crew", crew.slug) for crew in bundle.crews
        }

    def has(self, kind: str, slug: str) -> bool:
        """Say whether either has it."""
        return (kind, slug) in self._brought or self._tenant.has(kind, slug)

    def inputs(self, workflow: str) -> dict[str, Any] | None:
        """Return what the tenant's workflow takes."""
        return self._tenant.inputs(workflow)

    def credential(self, slug: str) -> Facts | None:
        """Return what may be known of the tenant's credential; a file brings none."""
        return self._tenant.credential(slug)


def _bundle(file: str) -> Bundle:
    if file == "-":
        return read(sys.stdin.read(MAX_CHARACTERS + 1))
    try:
        with Path(file).open(encoding="utf-8") as source:
            return read(source.read(MAX_CHARACTERS + 1))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from error


def _workflow(slug: str) -> Workflow:
    found = Workflow.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no workflow {slug!r} here.")
    return found


def _actor(email: str) -> User:
    active = User.objects.filter(is_active=True).order_by("created_at")
    found = active.filter(email=email.lower()) if email else active.filter(groups__name=OWNER)
    actor = found.first()
    if actor is None:
        raise CommandError(f"There is nobody with the address {email}." if email else "The tenant has no owner.")
    return actor


def _names(given: list[str]) -> dict[str, dict[str, str]]:
    names: dict[str, dict[str, str]] = {}
    for one in given:
        kind, colon, pair = one.partition(":")
        theirs, equals, ours = pair.partition("=")
        if not (colon and equals):
            raise CommandError(f"--name {one}: write kind:theirs=ours, such as connection:gpt=our-model.")
        names.setdefault(kind, {})[theirs] = ours
    return names


def _problems(error: DefinitionInvalid) -> str:
    lines = [f"  {one['node'] or '-'}  {one['field']}: {one['message']}" for one in error.as_dict()["details"]]
    return "\n".join(["The definition has problems:", *lines])


def _facts(error: PublishUnconfirmed) -> list[str]:
    changed = error.as_dict()["details"]["changed"]
    return [f"  {one['name']} {sentence}" for one in changed for sentence in one["sentences"]]


def _details(error: NexodError) -> list[str]:
    details = error.as_dict()["details"]
    return [f"  {one['field']}: {one['message']}" for one in details] if isinstance(details, list) else []
