"""What people are told goes by e-mail as each of them chose: at once, in digests, not at night, each thing once."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.core import mail as outgoing

from collaboration.actions import mailing
from collaboration.actions.deliveries import send_delivery
from collaboration.actions.notifications import mark_read
from collaboration.actions.preferences import choose, set_hours
from collaboration.actions.telling import tell
from collaboration.models import Delivery, Notification
from collaboration.notifications import mail
from tenants import due_times
from tenants.accounts.models import User
from tenants.context import enter_platform, enter_tenant
from tenants.models import DueTime

KIND = "run.failed"


def user(role: str = "editor") -> User:
    return User.objects.get(email=f"{role}@acme.test")


def told(key: str | None = None, *, kind: str = KIND, role: str = "editor", **given) -> int:
    return tell(
        [user(role)], kind=kind, title=f"Briefing {key or ''} failed", url="/admin/", key=key or str(uuid4()), **given
    )


def sent() -> list:
    """Do what workers do with everything that is due."""
    for delivery in Delivery.objects.filter(status="pending").order_by("created_at"):
        send_delivery(delivery_id=delivery.pk)
    return outgoing.outbox


def pass_time(delta: timedelta) -> None:
    """Let everything lie so much further back."""
    for delivery in Delivery.objects.all():
        later = delivery.next_at and delivery.next_at - delta
        Delivery.objects.filter(pk=delivery.pk).update(created_at=delivery.created_at - delta, next_at=later)


def due(delivery: Delivery) -> datetime:
    with enter_platform():
        return DueTime.objects.get(item=delivery.pk).due_at


def test_a_failed_run_is_told_by_mail_once_to_one_person_of_one_tenant(in_acme, globex):
    assert told("one") == 1
    assert told("one") == 0
    [letter] = sent()
    assert letter.to == ["editor@acme.test"]
    assert letter.subject.endswith("Briefing one failed")
    [(html, kind)] = letter.alternatives
    assert kind == "text/html"
    assert "Briefing one failed" in letter.body
    assert "prefers-color-scheme: dark" in html
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/admin/collaboration/notification/mine/" in letter.body
    with enter_tenant(globex):
        assert not Notification.objects.exists()
        assert not Delivery.objects.exists()


def test_names_and_titles_are_no_html(in_acme):
    told("<script>alert(1)</script>")
    [letter] = sent()
    assert "<script>" not in letter.alternatives[0][0]
    assert "<script>" in letter.body


def test_a_title_makes_no_second_header(in_acme):
    told("x\r\nBcc: eve@evil.example")
    [letter] = sent()
    assert "\n" not in letter.subject
    assert letter.recipients() == ["editor@acme.test"]


def test_who_wants_no_mail_gets_none_and_reads_it_in_the_inbox(in_acme):
    choose(actor=user(), choices={KIND: (True, "off")})
    told()
    assert sent() == []
    assert Notification.objects.visible_to(user()).unread().shown().count() == 1


def test_who_wants_only_mail_finds_nothing_in_the_inbox(in_acme):
    choose(actor=user(), choices={KIND: (False, "immediate")})
    told()
    assert len(sent()) == 1
    assert not Notification.objects.visible_to(user()).shown().exists()


def test_a_burst_is_two_mails_the_first_and_five_more(in_acme):
    told("first", burst="briefing")
    assert len(sent()) == 1
    for number in range(5):
        told(str(number), burst="briefing")
    assert len(sent()) == 1, "what follows soon waits"
    pass_time(mailing.TOGETHER)
    _, rest = sent()
    assert rest.subject.endswith("and 4 more")
    assert all(f"Briefing {number} failed" in rest.body for number in range(5))
    assert "Briefing first failed" not in rest.body
    [head] = Notification.objects.visible_to(user()).shown().with_more()
    assert (head.title, head.more) == ("Briefing first failed", 5)


def test_a_burst_of_somebody_else_or_of_another_workflow_is_not_folded(in_acme):
    told(burst="briefing")
    told(burst="report")
    told(burst="briefing", role="owner")
    assert Notification.objects.shown().count() == 3


def test_what_comes_after_the_first_was_read_stands_for_itself(in_acme):
    told("first", burst="briefing")
    mark_read(actor=user(), notification=Notification.objects.get())
    told("second", burst="briefing")
    assert Notification.objects.unread().shown().get().title == "Briefing second failed"


def test_reading_the_first_reads_what_is_folded_into_it(in_acme):
    told("first", burst="briefing")
    told("second", burst="briefing")
    mark_read(actor=user(), notification=Notification.objects.shown().get())
    assert not Notification.objects.unread().exists()


def test_a_digest_comes_at_its_time_with_everything_that_is_unread(in_acme):
    choose(actor=user(), choices={KIND: (True, "daily")})
    for number in range(3):
        told(str(number))
    assert sent() == []
    delivery = Delivery.objects.get()
    assert due(delivery) == delivery.next_at > due_times.database_now()
    mark_read(actor=user(), notification=Notification.objects.get(key="1"))
    pass_time(timedelta(days=1))
    [letter] = sent()
    assert "Briefing 0 failed" in letter.body
    assert "Briefing 1 failed" not in letter.body
    assert Delivery.objects.get().status == "delivered"


def test_a_digest_of_what_was_read_meanwhile_is_not_sent(in_acme):
    choose(actor=user(), choices={KIND: (True, "hourly")})
    told()
    mark_read(actor=user(), notification=Notification.objects.get())
    pass_time(timedelta(hours=1))
    assert sent() == []
    delivery = Delivery.objects.get()
    assert delivery.status == "dropped"
    with enter_platform():
        assert not DueTime.objects.filter(item=delivery.pk).exists()


def test_quiet_hours_put_off_and_lose_nothing(in_acme):
    now = due_times.database_now().astimezone(UTC)
    around = [(now + timedelta(hours=shift)).time().replace(microsecond=0, tzinfo=None) for shift in (-1, 1)]
    set_hours(actor=user(), time_zone="UTC", quiet_from=around[0], quiet_until=around[1], daily_at=time(8))
    told("night")
    told("night too", kind="mention")
    assert sent() == []
    delivery = Delivery.objects.get()
    assert timedelta(minutes=50) < delivery.next_at - now <= timedelta(hours=1, seconds=1)
    pass_time(timedelta(hours=1, seconds=2))
    [letter] = sent()
    assert "Briefing night failed" in letter.body
    assert "Briefing night too failed" in letter.body


def test_a_digest_that_is_on_its_way_takes_nothing_more(in_acme):
    choose(actor=user(), choices={KIND: (True, "daily")})
    told("first")
    Delivery.objects.update(sending_until=due_times.database_now() + timedelta(minutes=1), attempts=1)
    told("second")
    assert Delivery.objects.count() == 2


def test_a_mail_that_the_server_cannot_take_is_tried_again_and_logged(in_acme, monkeypatch):
    told()
    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", _raising(smtplib.SMTPServerDisconnected("gone")))
    sent()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.log[0]["status"]) == ("pending", 0)
    assert "gone" in delivery.log[0]["error"]
    monkeypatch.undo()
    pass_time(timedelta(minutes=1))
    assert len(sent()) == 1
    assert [line["status"] for line in Delivery.objects.get().log] == [0, 250]


@pytest.mark.parametrize(("code", "status"), [(550, "failed"), (421, "pending"), (535, "pending")])
def test_what_the_server_refuses_for_good_is_not_tried_again(in_acme, monkeypatch, code, status):
    told()
    refusal = smtplib.SMTPRecipientsRefused({"editor@acme.test": (code, b"No.")})
    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", _raising(refusal))
    sent()
    assert (Delivery.objects.get().status, Delivery.objects.get().log[0]["error"]) == (status, "No.")


def test_a_worker_that_died_before_it_could_say_so_leaves_a_mail_with_the_same_id(in_acme, monkeypatch):
    told()
    monkeypatch.setattr("collaboration.actions.deliveries.settle", lambda claimed, attempt: None)
    sent()
    monkeypatch.undo()
    assert len(sent()) == 1, "its claim has not lapsed"
    Delivery.objects.update(sending_until=due_times.database_now() - timedelta(seconds=1))
    first, second = sent()
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_two_workers_send_it_once(in_acme):
    told()
    delivery = Delivery.objects.get()
    assert send_delivery(delivery_id=delivery.pk) is not None
    assert send_delivery(delivery_id=delivery.pk) is None
    assert len(outgoing.outbox) == 1


def test_who_has_left_is_not_written_to(in_acme):
    told()
    User.objects.filter(email="editor@acme.test").update(is_active=False)
    assert sent() == []


def test_without_a_mail_server_nothing_waits_for_one(in_acme, settings):
    settings.NEXOD_SENDS_MAIL = False
    told()
    assert not Delivery.objects.exists()
    assert Notification.objects.exists()


def _raising(error: Exception):
    def send(self, *args, **kwargs):
        raise error

    return send
