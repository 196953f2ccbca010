"""What several decide: whoever still has to vote is told, of each round anew, and nobody is asked for what is done."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.core import mail as outgoing
from django.db import connection, transaction

from tests.integration.test_kept_messages import does
from tests.panel import Panel, asks, panel, users
from tests.probe import probe
from tests.workbench import Bench, ask, definition, output, text

__all__ = ["panel"]
ASKED = "collaboration.notify_approval"
ABOUT = "collaboration.notify_about_approval"
TRIO = ("ann", "ben", "cal")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what is to be done by a worker about approvals, from now on, in the order in which it was committed."""
    from nexod.kernel import queue

    found: list[dict[str, Any]] = []
    real = queue.current_app.send_task

    def send_task(name: str, **given: Any) -> Any:
        if name == ABOUT:
            found.append(given["kwargs"])
        return real(name, **given)

    monkeypatch.setattr(queue.current_app, "send_task", send_task)
    return found


def tells(bench: Bench, sent: list[dict[str, Any]]) -> None:
    """Do what workers are sent for; each message comes twice."""
    while sent:
        message = sent.pop(0)
        for _ in range(2):
            does(bench, ABOUT, **message)


def reminds(bench: Bench, panel: Panel, run: UUID, sent: list[dict[str, Any]]) -> None:
    """Remind whoever still has to vote, as the sweeper does when it is time."""
    from workflows.actions.approvals import note, tell_people
    from workflows.models import ApprovalEntry

    with bench.inside():
        tell_people(note(panel.asked(run), ApprovalEntry.Kind.REMINDED).pk)
    tells(bench, sent)


def unread(bench: Bench, *names: str, slug: str = "acme") -> list[tuple[str, str]]:
    """Return who has which titles unread, of everybody or of these."""
    from collaboration.models import Notification

    with bench.inside(slug):
        rows = Notification.objects.unread().values_list("user__email", "title")
        found = sorted((email.split("@")[0], title) for email, title in rows)
    return [one for one in found if not names or one[0] in names]


def voted_on(bench: Bench, panel: Panel, quorum: Any = 3, slug: str = "acme") -> UUID:
    """Return a run whose question Ann, Ben and Cal were told of."""
    run = bench.ran(asks(users(*TRIO, slug=slug, quorum=quorum), output()), slug=slug).id
    does(bench, ASKED, slug=slug, approval=str(panel.asked(run, slug).pk))
    assert unread(bench, slug=slug) == [(name, "Approve: Please decide") for name in TRIO]
    return run


def test_who_has_voted_is_not_reminded_and_has_read_it(bench: Bench, panel: Panel, sent: list) -> None:
    run = voted_on(bench, panel)
    voted_on(bench, panel, slug="globex")
    panel.decide(run, "ann")
    tells(bench, sent)
    assert [name for name, _ in unread(bench)] == ["ben", "cal"]
    reminds(bench, panel, run, sent)
    assert [who for who, title in unread(bench) if title.startswith("Reminder")] == ["ben", "cal"]
    assert len(unread(bench, slug="globex")) == 3


def test_a_stand_in_who_has_voted_is_not_reminded_nor_is_who_is_away(bench: Bench, panel: Panel, sent: list) -> None:
    run = voted_on(bench, panel)
    panel.away("ann", "dan")
    panel.decide(run, "dan")
    reminds(bench, panel, run, sent)
    assert [who for who, title in unread(bench) if title.startswith("Reminder")] == ["ben", "cal"]


def test_an_edit_asks_the_others_anew_who_had_voted_too(bench: Bench, panel: Panel, sent: list) -> None:
    run = voted_on(bench, panel)
    panel.decide(run, "ann")
    panel.decide(run, "ben", "edit", content="Better.")
    tells(bench, sent)
    asked = [who for who, title in unread(bench) if title == "Approve as edited: Please decide"]
    assert asked == ["ann", "cal"]
    assert unread(bench, "ben") == []


def test_who_votes_while_being_told_has_read_what_asks(bench: Bench, panel: Panel, sent: list) -> None:
    """The vote waits for who tells of the question, and so does what marks it read."""
    from collaboration.actions.notify import notify_approval

    run = bench.ran(asks(users(*TRIO, quorum="any"), output())).id
    asked = panel.asked(run)
    with ThreadPoolExecutor(1) as another:
        with bench.inside(), transaction.atomic():
            assert notify_approval(approval_id=asked.pk) == 3
            vote = another.submit(panel.decide, run, "ann")
            until_blocked()
        assert vote.result(timeout=60).status == "decided"
    tells(bench, sent)
    assert unread(bench, *TRIO) == []


def until_blocked() -> None:
    """Wait until somebody waits for a lock of this connection."""
    ends_at = time.monotonic() + 60
    with connection.cursor() as cursor:
        while time.monotonic() < ends_at:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")


def test_a_decision_is_waited_for_by_nobody_any_more(bench: Bench, panel: Panel, sent: list) -> None:
    run = voted_on(bench, panel, quorum="any")
    theirs = voted_on(bench, panel, quorum="any", slug="globex")
    panel.decide(run, "ann")
    tells(bench, sent)
    assert [title for _, title in unread(bench) if title.startswith("Approve")] == []
    assert len(unread(bench, slug="globex")) == 3, theirs


def test_a_run_that_is_cancelled_asks_nobody_any_more(bench: Bench, panel: Panel) -> None:
    from workflows.actions.runs import cancel_run

    run = voted_on(bench, panel)
    with bench.inside():
        cancel_run(actor=bench.user("owner"), run=bench.run(run))
    bench.advance(run)
    does(bench, "collaboration.notify_run", run=str(run))
    assert unread(bench, *TRIO) == []


def test_what_is_asked_again_after_a_failure_is_told_again(bench: Bench, panel: Panel, probes: Any) -> None:
    from nexod.kernel.errors import InvalidInput
    from workflows.actions.approvals import decide_approval
    from workflows.actions.runs import resume_run

    broken = [True]

    def fails(call: Any) -> None:
        if broken:
            raise InvalidInput("broken")

    probes["fails"] = fails
    nodes = [text("a"), ask("ok", policy=users(*TRIO)), ask("gate"), probe("beside", "fails"), output()]
    run = bench.ran(definition(nodes, ["a ok", "a gate", "gate beside", "ok end", "beside end"]))
    with bench.inside():
        at = {one.step.node: one for one in run.approvals.select_related("step")}
    does(bench, ASKED, approval=str(at["ok"].pk))
    assert len(unread(bench, *TRIO)) == 3
    with bench.inside():
        decide_approval(actor=bench.user("approver"), approval=at["gate"], decision="approve")
    assert bench.advance(run.id).status == "failed"
    does(bench, "collaboration.notify_run", run=str(run.id))
    assert unread(bench, *TRIO) == []
    broken.clear()
    with bench.inside():
        resume_run(actor=bench.user(), run=bench.run(run.id))
    assert bench.advance(run.id).status == "waiting"
    for _ in range(2):
        does(bench, ASKED, approval=str(at["ok"].pk))
    assert unread(bench, *TRIO) == [(name, "Approve: Please decide") for name in TRIO]


def test_of_a_place_that_changes_hands_only_who_got_it_is_told(bench: Bench, panel: Panel, sent: list) -> None:
    from workflows.actions.approvals import reassign_approval

    run = voted_on(bench, panel)
    with bench.inside():
        reassign_approval(actor=panel.user("ann"), approval=panel.asked(run), to=panel.user("dan"))
    tells(bench, sent)
    assert [one for one in unread(bench) if "Handed" in one[1]] == [("dan", "Handed to you: Please decide")]


def test_what_a_losing_branch_asked_is_read_while_the_run_goes_on(bench: Bench, panel: Panel, sent: list) -> None:
    from workflows.actions.approvals import decide_approval

    nodes = [
        text("a"),
        ask("first", policy=users("dan")),
        ask("second", policy=users(*TRIO)),
        {"id": "any", "type": "join", "config": {"mode": "any", "others": "stop"}},
        ask("last", policy=users("dan")),
        output(),
    ]
    run = bench.ran(definition(nodes, ["a first", "a second", "first any", "second any", "any last", "last end"])).id
    with bench.inside():
        at = {one.step.node: one for one in bench.run(run).approvals.select_related("step")}
        does(bench, ASKED, approval=str(at["second"].pk))
    assert len(unread(bench, *TRIO)) == 3
    with bench.inside():
        decide_approval(actor=panel.user("dan"), approval=at["first"], decision="approve")
    assert bench.advance(run).status == "waiting"
    tells(bench, sent)
    assert unread(bench, *TRIO) == []


@pytest.mark.parametrize("end", ["voted", "no approver", "passed on"])
def test_no_mail_asks_who_has_nothing_to_decide_any_more(bench: Bench, panel: Panel, end: str) -> None:
    from collaboration.actions.deliveries import send_delivery
    from collaboration.models import Delivery
    from workflows.actions.approvals import reassign_approval

    run = voted_on(bench, panel)
    with bench.inside():
        if end == "voted":
            panel.decide(run, "ann")
        elif end == "no approver":
            panel.user("ann").groups.clear()
        else:
            reassign_approval(actor=panel.user("ann"), approval=panel.asked(run), to=panel.user("dan"))
        for delivery in Delivery.objects.filter(status="pending"):
            send_delivery(delivery_id=delivery.pk)
    assert sorted(letter.to[0] for letter in outgoing.outbox) == ["ben@acme.test", "cal@acme.test"]
