"""Messages beside those of runs: kept in public until what they ask for is done, in the tenant that asked and no other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from django_redis import get_redis_connection

from tenants.actions.due_times import sweep_due_times
from tenants.context import enter_platform
from tenants.messages import enqueue_kept
from tenants.models import DueTime
from tests.workbench import Bench, ask, definition, output

KIND = DueTime.Kind


@pytest.fixture
def lost(bench: Bench) -> Any:
    """Lose every message that was sent so far."""
    return lambda: get_redis_connection("default").delete("nexod.celery.default")


def kept() -> set[tuple[str, UUID]]:
    with enter_platform():
        return {(row.kind, row.item) for row in DueTime.objects.all()}


def swept_after(seconds: float) -> list[tuple[str, str, str]]:
    """Let that much time go by and return what a sweep sends: (kind, item, schema)."""
    with enter_platform():
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE tenants_duetime SET wake_at = wake_at - make_interval(secs => %(s)s),"
                " due_at = due_at - make_interval(secs => %(s)s)",
                {"s": seconds},
            )
        return [(due.kind, due.item, due.schema) for due in sweep_due_times()]


def does(bench: Bench, name: str, slug: str = "acme", **kwargs: str) -> Any:
    """Do what a worker does with the message."""
    from nexod.celery import app

    app.loader.import_default_modules()
    headers = {"nexod_tenant": bench.tenant(slug).schema_name}
    return app.tasks[name].apply(kwargs=kwargs, headers=headers, throw=True)


def tells(bench: Bench, slug: str = "acme") -> int:
    """Tell people of all that happened to approvals, from what is kept; return of how much."""
    with enter_platform():
        rows = DueTime.objects.filter(kind=KIND.NOTED, tenant__slug=slug).order_by("item")
        entries = [str(row.item) for row in rows]
    for entry in entries:
        does(bench, "collaboration.notify_about_approval", slug, entry=entry)
    return len(entries)


def notifications(bench: Bench, slug: str = "acme") -> list[str]:
    from collaboration.models import Notification

    with bench.inside(slug):
        return sorted(Notification.objects.values_list("kind", flat=True))


def letters(bench: Bench) -> list[UUID]:
    """Return the e-mails on their way, each to somebody else."""
    from collaboration.models import Delivery

    with bench.inside():
        found = list(Delivery.objects.filter(status="pending").exclude(user=None))
    assert len({one.user_id for one in found}) == len(found) > 0
    return [one.pk for one in found]


def test_a_question_whose_message_is_lost_is_told_all_the_same(bench: Bench, lost: Any) -> None:
    from workflows.models import Approval

    run = bench.ran(definition([ask("ok"), output()])).id
    lost()
    with bench.inside():
        asked = Approval.objects.get(run=run).pk
    assert kept() == {(KIND.ASKED, asked)}
    assert swept_after(4) == []
    assert swept_after(2) == [(KIND.ASKED, str(asked), bench.tenant("acme").schema_name)]
    does(bench, "collaboration.notify_approval", approval=str(asked))
    assert kept() == {(KIND.DELIVERY, letter) for letter in letters(bench)}
    assert set(notifications(bench)) == {"approval.requested"}
    assert notifications(bench, "globex") == []


def test_the_end_of_a_run_is_kept_with_it(bench: Bench, lost: Any) -> None:
    run = bench.ran(definition([ask("ok"), output()])).id
    bench.decide(run, "approve")
    with enter_platform():
        DueTime.objects.all().delete()
    assert bench.advance(run).status == "completed"
    lost()
    assert kept() == {(KIND.ENDED, run)}
    assert len(swept_after(6)) == 1
    does(bench, "collaboration.notify_run", run=str(run))
    assert kept() == set()
    assert "run.finished" in notifications(bench)


def test_what_happens_to_a_question_is_told_though_every_message_is_lost(bench: Bench, lost: Any) -> None:
    from workflows.actions.approvals import reassign_approval
    from workflows.models import Approval

    run = bench.ran(definition([ask("ok"), output()])).id
    theirs = bench.ran(definition([ask("ok"), output()]), slug="globex").id
    with bench.inside():
        asked = Approval.objects.get(run=run)
        reassign_approval(actor=bench.user("approver"), approval=asked, to=bench.user("admin"))
    bench.decide(run, "approve", role="admin")
    lost()
    with bench.inside():
        lines = asked.entries.filter(kind__in=["reassigned", "decided"])
        noted = {(KIND.NOTED, UUID(int=pk)) for pk in lines.values_list("pk", flat=True)}
    assert len(noted) == 2
    assert noted <= kept()
    swept = [due for due in swept_after(6) if due[0] == KIND.NOTED]
    assert len(swept) == 2
    for _, item, _ in swept * 2:
        does(bench, "collaboration.notify_about_approval", entry=item)
    assert notifications(bench) == ["approval.decided"]
    assert notifications(bench, "globex") == [], theirs
    assert not noted & kept()


def test_a_run_that_is_over_at_once_keeps_no_message(bench: Bench) -> None:
    assert bench.ran(definition([output()])).status == "completed"
    assert kept() == set()


def test_a_message_whose_worker_loses_the_database_is_kept(
    bench: Bench, lost: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collaboration.actions import notify

    def away(**kwargs: Any) -> None:
        raise OperationalError

    run = bench.start(definition([output()]))
    with bench.inside():
        enqueue_kept(KIND.ENDED, run)
    with monkeypatch.context() as patch:
        patch.setattr(notify, "notify_run", away)
        with pytest.raises(OperationalError):
            does(bench, "collaboration.notify_run", run=str(run))
    assert kept() == {(KIND.ENDED, run)}
    does(bench, "collaboration.notify_run", run=str(run))
    assert kept() == set()


def test_one_that_fails_is_not_sent_for_ever(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from collaboration.actions import notify

    def fails(**kwargs: Any) -> None:
        raise ValueError("never")

    run = bench.start(definition([output()]))
    with bench.inside():
        enqueue_kept(KIND.ENDED, run)
    monkeypatch.setattr(notify, "notify_run", fails)
    with pytest.raises(ValueError, match="never"):
        does(bench, "collaboration.notify_run", run=str(run))
    assert kept() == set()


def test_another_tenants_worker_does_not_drop_it(bench: Bench) -> None:
    run = bench.start(definition([output()]))
    with bench.inside():
        enqueue_kept(KIND.ENDED, run)
    does(bench, "collaboration.notify_run", slug="globex", run=str(run))
    assert kept() == {(KIND.ENDED, run)}


def test_what_is_asked_for_again_while_it_is_done_is_done_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from collaboration.actions import notify

    run = bench.start(definition([output()]))

    def asks_again(**kwargs: Any) -> None:
        enqueue_kept(KIND.ENDED, run)

    with bench.inside():
        enqueue_kept(KIND.ENDED, run)
    monkeypatch.setattr(notify, "notify_run", asks_again)
    does(bench, "collaboration.notify_run", run=str(run))
    assert kept() == {(KIND.ENDED, run)}
