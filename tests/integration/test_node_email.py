"""A workflow writes to members of its own workspace, once each."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from tests import cast
from tests.workbench import Bench, ask, definition, node, output


@pytest.fixture(autouse=True)
def outbox(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []


def writing(*after: dict[str, Any], **config: Any) -> dict[str, Any]:
    given = {"subject": "On {{ inputs.topic }}", "text": "Hello", **config}
    return definition([node("write", "email", given), *after, output(sent="{{ nodes.write.sent }}")])


def test_members_are_written_to_one_by_one(bench: Bench) -> None:
    run = bench.ran(writing(roles=["owner"], to=[cast.email("acme", "viewer").upper()]))
    assert run.outputs == {"sent": "2"}
    assert sorted(m.to for m in mail.outbox) == [[cast.email("acme", "owner")], [cast.email("acme", "viewer")]]
    assert {(m.subject, m.body) for m in mail.outbox} == {("On tides", "Hello")}


@pytest.mark.parametrize("to", ["stranger@example.com", "{{ 'owner@globex.test' }}"])
def test_strangers_and_people_of_other_workspaces_are_not(bench: Bench, to: str) -> None:
    assert bench.ran(writing(to=[to])).error["code"] == "nobody_to_tell"
    assert mail.outbox == []


def test_who_was_deactivated_is_left_out(bench: Bench) -> None:
    from tenants.accounts.models import User

    address = cast.email("acme", "viewer")
    with bench.inside():
        User.objects.filter(email=address).update(is_active=False)
    try:
        assert bench.ran(writing(to=[address])).error["code"] == "nobody_to_tell"
    finally:
        with bench.inside():
            User.objects.filter(email=address).update(is_active=True)


def test_a_subject_is_one_line(bench: Bench) -> None:
    bench.ran(writing(roles=["owner"], subject="a\r\nBcc: x@example.com"))
    assert mail.outbox[0].subject == "a Bcc: x@example.com"


def test_a_run_that_goes_on_writes_nothing_again(bench: Bench) -> None:
    run = bench.ran(writing(ask("q"), roles=["owner"]))
    bench.forget_checkpoints(run.id)
    bench.decide(run.id, "approve")
    assert bench.advance(run.id).status == "completed"
    assert len(mail.outbox) == 1
