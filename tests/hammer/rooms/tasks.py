"""The Celery task of the hammer: what it saw is in the row that it leaves, so that the sweep finds what it should not see."""

from __future__ import annotations

from celery import shared_task
from django.core.cache import cache

from tenants.entry.celery import TenantTask
from tests.hammer.marks import numbers
from tests.hammer.rooms import notes

NAME = "hammer.note"


@shared_task(base=TenantTask, name=NAME)
def note(mark: str) -> None:
    """Read, use the cache, and write a row with the sender's mark and with all marks that were seen."""
    cache.set("task", mark, 60)
    seen = numbers(repr([notes.read(), cache.get("task")]))
    notes.write(mark, "saw " + " ".join(f"zzmark{number:02d}zz" for number in sorted(seen)[:10]))
