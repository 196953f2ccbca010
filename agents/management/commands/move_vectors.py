"""``manage.py move_vectors --tenant acme --knowledge-base docs``: vectors by another model, or in another store."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agents.actions.space_work import work_on
from agents.actions.spaces import build_space
from agents.knowledge.stores import STORES
from agents.models import KnowledgeBase, StoreConnection, VectorSpace
from nexod.kernel.errors import NexodError
from tenants.accounts.models import User
from tenants.accounts.roles import OWNER
from tenants.entry.command import tenant_by_slug


class Command(BaseCommand):
    """Begins, or goes on with, what was begun, and tells how far it is. Workers may do it as well: one at a time does."""

    help = "Give a knowledge base other vectors, while the present ones serve."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to move, and where to."""
        parser.add_argument("--tenant", required=True, help="Slug of the tenant")
        parser.add_argument("--knowledge-base", required=True, help="Slug of the knowledge base")
        parser.add_argument("--store", choices=sorted(STORES), default="")
        parser.add_argument("--connection", default="", help="Slug of the vector store's connection")
        parser.add_argument("--model", default="", help="Name of an embedding model, such as wordllama-256")
        parser.add_argument("--half", action="store_true", default=None, help="An index of 16 bits a number")

    def handle(self, **options: Any) -> None:
        """Build the space to its end."""
        with tenant_by_slug(options["tenant"]):
            base = KnowledgeBase.objects.filter(slug=options["knowledge_base"]).first()
            if base is None:
                raise CommandError(f"There is no knowledge base {options['knowledge_base']!r}.")
            try:
                space = self._begun(base, options)
            except NexodError as error:
                raise CommandError(error.message) from error
            self._follow(space)

    def _begun(self, base: KnowledgeBase, options: dict[str, Any]) -> VectorSpace:
        begun = base.spaces.filter(state=VectorSpace.State.BUILDING).first()
        if begun:
            self.stdout.write(f"Going on: {begun}")
            return begun
        row = StoreConnection.objects.filter(slug=options["connection"]).first() if options["connection"] else None
        if options["connection"] and row is None:
            raise CommandError(f"There is no vector store {options['connection']!r}.")
        return build_space(
            actor=User.objects.filter(groups__name=OWNER).earliest("created_at"),
            knowledge_base=base,
            model=options["model"],
            store=options["store"],
            store_connection=row,
            half=options["half"],
        )

    def _follow(self, space: VectorSpace) -> None:
        told = -1
        while True:
            work_on(space=space.pk)
            found = VectorSpace.objects.filter(pk=space.pk).first()
            if found is None or found.state != VectorSpace.State.BUILDING:
                break
            if found.error:
                raise CommandError(f"{found.error['message']} It is tried again by itself.")
            if found.done == told:
                self.stdout.write("All are embedded; the rest is workers' (an index, or a store that lags).")
                return
            told = found.done
            self.stdout.write(f"{found.done:,} of {found.total:,}")
        self.stdout.write("The new vectors serve." if found else "It was given up.")
