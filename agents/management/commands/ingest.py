"""``manage.py ingest FOLDER --tenant acme --knowledge-base docs``: what the folder holds becomes what the knowledge base holds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import IO, Any, cast

from django.core.files.base import File
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from agents.actions.documents import put_document
from agents.knowledge.folders import Summary, files_in
from agents.knowledge.metadata import RULE, is_sound
from agents.knowledge.progress import Progress, progress_of
from agents.models import Document, KnowledgeBase
from nexod.kernel.errors import NexodError, QuotaExceeded
from tenants.accounts.models import User
from tenants.accounts.roles import OWNER
from tenants.context import enter_tenant
from tenants.entry.command import tenant_by_slug
from tenants.models import Tenant

POLL_S = 1.0


class Command(BaseCommand):
    """Hand every file to the workers; they read. Again, it takes only what has changed, and goes on where it was stopped.

    Exit codes: 0, all was taken (with --wait: and read); 1, something was not.
    """

    help = "Puts the files of a folder into a knowledge base."

    def add_arguments(self, parser: CommandParser) -> None:
        """Accept the folder and where it goes."""
        parser.add_argument("folder", type=Path)
        parser.add_argument("--tenant", required=True, help="slug of the tenant")
        parser.add_argument("--knowledge-base", required=True, help="slug of the knowledge base")
        parser.add_argument("--as", dest="email", default="", help="whose rights it has; without: an owner's")
        parser.add_argument(
            "--metadata",
            action="append",
            default=[],
            metavar="NAME=TEXT",
            help="of every file; may be said several times",
        )
        parser.add_argument(
            "--restricted",
            action="store_true",
            help="new ones are read by whose rights it has, until readers are named",
        )
        parser.add_argument("--wait", action="store_true", help="stay until the workers have read everything")
        parser.add_argument("--timeout", type=float, default=86_400.0, help="seconds after which --wait gives up")

    def handle(self, *args: Any, folder: Path, tenant: str, knowledge_base: str, **options: Any) -> None:
        """Take the files, one transaction each; show what became of them."""
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        console = Console(file=cast(IO[str], self.stdout))
        with tenant_by_slug(tenant) as here:
            base, actor = _base(knowledge_base), _actor(options["email"])
            visibility = Document.Visibility.RESTRICTED if options["restricted"] else Document.Visibility.EVERYONE
            given = {"metadata": _metadata(options["metadata"]), "visibility": visibility}
            summary = _taken(folder.resolve(), console, {"actor": actor, "knowledge_base": base, **given})
            _show(console, summary)
            if options["wait"]:
                _wait(here, base, console, options["timeout"])
                failed = _show_failed(console, base)
                summary.counts["refused"] += failed
        if summary.counts["refused"]:
            raise CommandError("Not everything could be taken; the reasons are above.", returncode=1)


def _base(slug: str) -> KnowledgeBase:
    try:
        return KnowledgeBase.objects.get(slug=slug)
    except KnowledgeBase.DoesNotExist as error:
        known = ", ".join(KnowledgeBase.objects.values_list("slug", flat=True)) or "none"
        raise CommandError(f"There is no knowledge base {slug!r} here; there are: {known}.") from error


def _actor(email: str) -> User:
    people = User.objects.filter(is_active=True)
    found = people.filter(email__iexact=email) if email else people.filter(groups__name=OWNER).order_by("created_at")
    if actor := found.first():
        return actor
    raise CommandError(f"There is nobody {email or 'who owns this workspace'} here.")


def _metadata(given: list[str]) -> dict[str, str] | None:
    pairs = [one.partition("=") for one in given]
    if wrong := next((one for one, (_, sign, _) in zip(given, pairs, strict=True) if not sign), None):
        raise CommandError(f"--metadata {wrong}: it is a name, = and a text.")
    found = {name: text for name, _, text in pairs}
    if not is_sound(found):
        raise CommandError(RULE)
    return found or None


def _taken(folder: Path, console: Console, given: dict[str, Any]) -> Summary:
    summary = Summary()
    with console.status("Looking…") as status:
        for number, path in enumerate(files_in(folder, lambda path: summary.counts.update(["not supported"])), 1):
            name = str(path.relative_to(folder))
            status.update(f"{number:,} {name}")
            _take(path, name, summary, given)
    return summary


def _take(path: Path, name: str, summary: Summary, given: dict[str, Any]) -> None:
    try:
        with path.open("rb") as content:
            file: File[bytes] = File(content, name=path.name)
            document, taken = put_document(
                name=path.name, file=file, address=f"folder:{name}"[:800], origin=Document.Origin.FOLDER, **given
            )  # fmt: skip
    except QuotaExceeded as error:
        raise CommandError(f"{error.message} Begin again after you made room: it goes on here.") from error
    except (NexodError, OSError) as error:
        summary.refuse(name, error.message if isinstance(error, NexodError) else str(error))
        return
    is_here = document.address == f"folder:{name}"[:800]
    summary.counts[
        "unchanged" if taken == "known" and is_here else "duplicate" if taken == "known" else taken.value
    ] += 1


def _show(console: Console, summary: Summary) -> None:
    table = Table("", "files", title="Folder", title_justify="left")
    for what in ("added", "changed", "unchanged", "duplicate", "refused", "not supported"):
        if summary.counts[what]:
            table.add_row(what, f"{summary.counts[what]:,}")
    console.print(table)
    for name, reason in summary.refused:
        console.print(f"{name}: {reason}", style="red", markup=False)


def _wait(tenant: Tenant, base: KnowledgeBase, console: Console, timeout_s: float) -> None:
    """Show the progress until nothing is in work; the connection is given back between two looks."""
    ends_at = time.monotonic() + timeout_s
    with console.status("Reading…") as status:
        while (progress := _progress(tenant, base)).is_busy:
            if time.monotonic() > ends_at:
                raise CommandError("The documents are still being read; the workers go on by themselves.")
            status.update(_line(progress))
            time.sleep(POLL_S)
    console.print(_line(progress), markup=False)


def _progress(tenant: Tenant, base: KnowledgeBase) -> Progress:
    with enter_tenant(tenant):
        return progress_of(Document.objects.filter(knowledge_base=base))


def _line(progress: Progress) -> str:
    speed = f", {progress.documents_per_minute:g} a minute" if progress.documents_per_minute else ""
    read = f"{progress.bytes_done / 1e6:,.1f} of {progress.bytes / 1e6:,.1f} MB"
    return f"{progress.ended:,} of {progress.documents:,} documents, {read}{speed}"


def _show_failed(console: Console, base: KnowledgeBase) -> int:
    failed = Document.objects.filter(knowledge_base=base, status=Document.Status.FAILED).order_by("name")
    for document in failed[:100]:
        console.print(f"{document.name}: {(document.error or {}).get('message', '')}", style="red", markup=False)
    return failed.count()
