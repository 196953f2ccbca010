"""People choose what they are told, where and when not: on a page, by the API, and by a link in an e-mail."""

from __future__ import annotations

import json
from datetime import time

import pytest
from django.core import mail as outgoing
from django.test import Client

from collaboration.actions.deliveries import send_delivery
from collaboration.actions.preferences import choices_of, choose, hours_of
from collaboration.actions.telling import tell
from collaboration.models import Delivery, Notification, NotificationPreference
from collaboration.notifications import stopping
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User
from tenants.context import enter_tenant

PREFERENCES = "/api/v1/notifications/preferences"
PAGE = "/admin/collaboration/notification/mine/"


def chosen(user, kind: str) -> tuple[bool, str]:
    one = next(one for one in choices_of(user) if one.kind.name == kind)
    return one.in_app, one.email


def test_the_api_tells_every_kind_and_changes_what_is_given(visit, person, acme, globex):
    client, user = visit("acme", "editor"), person("acme", "editor")
    before = client.get(PREFERENCES).json()
    assert {one["kind"]: one["email"] for one in before["choices"]}["approval.requested"] == "immediate"
    body = {"time_zone": "Europe/Berlin", "quiet_from": "22:00", "quiet_until": "07:00",
            "choices": [{"kind": "run.failed", "email": "daily"}]}  # fmt: skip
    after = client.patch(PREFERENCES, json.dumps(body), content_type="application/json")
    assert after.status_code == 200, after.content
    with enter_tenant(acme):
        assert chosen(user, "run.failed") == (True, "daily")
        assert hours_of(user).quiet_until == time(7)
        assert NotificationPreference.objects.count() == 1
    with enter_tenant(globex):
        assert not NotificationPreference.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"quiet_from": "22:00"}, "quiet_until"),
        ({"choices": [{"kind": "nonsense", "email": "off"}]}, "choices"),
        ({"choices": [{"kind": "mention", "email": "pigeon"}]}, "choices"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(visit, body, field):
    answer = visit("acme", "viewer").patch(PREFERENCES, json.dumps(body), content_type="application/json")
    assert answer.status_code == 400
    assert any(problem["field"].startswith(field) for problem in answer.json()["error"]["details"])


def test_the_page_stores_what_was_chosen(visit, person, acme):
    client, user = visit("acme", "approver"), person("acme", "approver")
    page = client.get(PAGE).content.decode()
    assert "A decision is asked of me" in page
    form = {"time_zone": "Asia/Tokyo", "quiet_from": "", "quiet_until": "", "daily_at": "07:30",
            "in-run.failed": "on", "mail-run.failed": "hourly", "mail-mention": "off"}  # fmt: skip
    assert client.post(PAGE, form).status_code == 302
    with enter_tenant(acme):
        assert chosen(user, "run.failed") == (True, "hourly")
        assert chosen(user, "mention") == (False, "off")
        assert hours_of(user).daily_at == time(7, 30)


def test_the_page_says_what_is_wrong(visit):
    form = {"time_zone": "Asia/Tokyo", "quiet_from": "22:00", "quiet_until": "", "daily_at": "07:30"}
    assert "Quiet hours have a beginning and an end" in visit("acme", "viewer").post(PAGE, form).content.decode()


def stop_link(user: User, event: str = "run.failed") -> str:
    return stopping.path_of(user, event)


def test_opening_the_link_stops_nothing(in_acme, acme):
    user = User.objects.get(email="editor@acme.test")
    answer = Client(headers={"host": "acme.test"}).get(stop_link(user))
    assert answer.status_code == 200
    assert "<button>Stop</button>" in answer.content.decode()
    assert chosen(user, "run.failed") == (True, "immediate")


def test_the_link_stops_one_kind_for_one_person(in_acme):
    user, other = (User.objects.get(email=f"{role}@acme.test") for role in ("editor", "viewer"))
    client = Client(headers={"host": "acme.test"}, enforce_csrf_checks=True)
    assert client.post(stop_link(user)).status_code == 200
    assert chosen(user, "run.failed") == (True, "off")
    assert chosen(user, "mention") == (True, "immediate")
    assert chosen(other, "run.failed") == (True, "immediate")


def test_the_link_of_a_digest_stops_what_is_on_it(in_acme):
    user = User.objects.get(email="editor@acme.test")
    choose(actor=user, choices={"run.failed": (True, "daily"), "mention": (True, "daily")})
    Client(headers={"host": "acme.test"}).post(stop_link(user, "digest.daily"))
    assert {chosen(user, kind) for kind in ("run.failed", "mention")} == {(True, "off")}
    assert chosen(user, "budget.near") == (True, "immediate")


@pytest.mark.parametrize("host", ["acme.test", "globex.test"])
def test_a_link_that_was_not_written_here_stops_nothing(in_acme, globex, host):
    user = User.objects.get(email="editor@acme.test")
    link = stop_link(user) if host == "globex.test" else stop_link(user)[:-3] + "abc"
    assert Client(headers={"host": host}).post(link).status_code == 404
    assert chosen(user, "run.failed") == (True, "immediate")


def test_an_unknown_kind_is_no_choice(in_acme):
    with pytest.raises(InvalidInput):
        choose(actor=User.objects.get(email="editor@acme.test"), choices={"nonsense": (True, "off")})


def test_the_bell_counts_what_stands_for_itself(visit, in_acme):
    user = User.objects.get(email="editor@acme.test")
    for number in range(3):
        tell([user], kind="run.failed", title="Failed", url="/admin/", key=str(number), burst="same")
    tell([user], kind="mention", title="You", url="/admin/", key="other")
    client = visit("acme", "editor")
    assert client.get("/api/v1/notifications/unread").json() == {"unread": 2}
    assert 'aria-label="Notifications, 2 unread"' in client.get("/admin/").content.decode()
    listed = client.get("/api/v1/notifications").json()["results"]
    assert [(one["title"], one["more"]) for one in listed] == [("You", 0), ("Failed", 2)]
    folded = client.get(f"/api/v1/notifications?folded_into={listed[1]['id']}").json()["results"]
    assert len(folded) == 2
    assert "and 2 more" in client.get("/admin/collaboration/notification/").content.decode()


def test_people_see_their_own_mail_in_the_log(visit, in_acme, globex):
    people = [User.objects.get(email=f"{role}@acme.test") for role in ("editor", "viewer")]
    tell(people, kind="run.failed", title="Secret title", url="/admin/", key="one")
    for delivery in Delivery.objects.all():
        send_delivery(delivery_id=delivery.pk)
    assert len(outgoing.outbox) == 2
    mine = visit("acme", "editor").get("/api/v1/deliveries").json()["results"]
    assert [(one["channel"], one["user"]) for one in mine] == [("email", str(people[0].pk))]
    assert len(visit("acme", "owner").get("/api/v1/deliveries").json()["results"]) == 2
    assert visit("globex", "owner").get("/api/v1/deliveries").json()["results"] == []
    theirs = Delivery.objects.get(user=people[1])
    assert visit("acme", "editor").get(f"/api/v1/deliveries/{theirs.pk}").status_code == 404
    assert visit("acme", "editor").get(f"/admin/collaboration/delivery/{theirs.pk}/change/").status_code == 404
    shown = visit("acme", "owner").get(f"/admin/collaboration/delivery/{theirs.pk}/change/").content.decode()
    assert "viewer@acme.test" in shown
    assert "Secret title" not in shown
    again = visit("acme", "owner").post(f"/api/v1/deliveries/{theirs.pk}/redeliver")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "not_sent_again")


def test_nobody_reads_anybody_elses(visit, in_acme):
    user = User.objects.get(email="editor@acme.test")
    tell([user], kind="mention", title="Mine", url="/admin/", key="one")
    row = Notification.objects.get()
    assert visit("acme", "owner").get(f"/api/v1/notifications/{row.pk}").status_code == 404
