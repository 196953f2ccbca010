"""Business hours over the API and in the admin: set by who looks after the organisation, seen by all of it and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.context import enter_tenant
from workflows.actions.business_hours import tenant_calendar
from workflows.models import BusinessHours

PATH, PAGE = "/api/v1/business-hours", "/admin/workflows/businesshours/"
WEEK = {"monday": [["09:00", "12:00"], ["13:00", "24:00"]], "friday": [["8:30", "14:00"]]}
JSON = "application/json"


def test_an_office_until_somebody_says_otherwise(visit, acme):
    shown = visit("acme", "viewer").get(PATH).json()
    assert (shown["zone"], shown["week"]["monday"], shown["week"]["saturday"]) == ("UTC", [["09:00", "17:00"]], [])
    with enter_tenant(acme):
        assert not BusinessHours.objects.exists()


def test_they_are_set_part_by_part(visit, acme, globex):
    client = visit("acme", "admin")
    given = {
        "zone": "Europe/Berlin",
        "week": WEEK,
        "holidays": [{"date": "2026-12-26"}, {"date": "2026-12-25", "name": "Yule"}],
    }
    assert client.patch(PATH, given, content_type=JSON).status_code == 200
    assert client.patch(PATH, {"zone": "Asia/Tokyo"}, content_type=JSON).json()["week"] == WEEK
    with enter_tenant(acme):
        calendar = tenant_calendar()
    assert (calendar.zone.key, calendar.week[0], calendar.week[4]) == (
        "Asia/Tokyo",
        ((540, 720), (780, 1440)),
        ((510, 840),),
    )
    assert sorted(map(str, calendar.holidays)) == ["2026-12-25", "2026-12-26"]
    with enter_tenant(globex):
        assert tenant_calendar().zone.key == "UTC"


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"zone": "Mars/Phobos"}, "zone", "no time zone"),
        ({"week": {}}, "week", "No day has open hours"),
        ({"week": {"mon": [["09:00", "17:00"]]}}, "week", "given for monday"),
        ({"week": {"monday": [["17:00", "09:00"]]}}, "week", "is not before"),
        ({"week": {"monday": [["09:00", "12:00"], ["11:00", "13:00"]]}}, "week", "before the time in front"),
        ({"week": {"monday": [["09:00", "25:00"]]}}, "week", "no time from"),
        ({"week": {"monday": [["09:00"]]}}, "week", "each is"),
        ({"week": {"monday": "09:00-17:00"}}, "week", "at most"),
        ({"holidays": [{"date": "2026-02-30"}]}, "holidays", "no day such as"),
        ({"holidays": [{"day": "2026-02-03"}]}, "holidays", "A holiday is"),
        ({"holidays": [{"date": "2026-01-01"}] * 401}, "holidays", "at most 400"),
    ],
)
def test_hours_that_cannot_be_are_refused_by_field(visit, given, field, said):
    answer = visit("acme", "owner").patch(PATH, given, content_type=JSON)
    [problem] = answer.json()["error"]["details"]
    assert (answer.status_code, problem["field"]) == (400, field)
    assert said in problem["message"]


@pytest.mark.parametrize("role", ["editor", "approver", "viewer"])
def test_who_does_not_look_after_the_organisation_sets_none(visit, acme, role):
    client = visit("acme", role)
    assert client.patch(PATH, {"zone": "Asia/Tokyo"}, content_type=JSON).status_code == 403
    assert client.get(PAGE).status_code == 200
    assert client.get(f"{PAGE}add/").status_code == 403
    with enter_tenant(acme):
        assert not BusinessHours.objects.exists()


DAY = {
    "zone": "Europe/Berlin",
    "monday": "9:00-12:00, 13:00\u201317:00",
    "friday": "09:00-15:00",
    "holidays_text": "2026-12-25 Yule\n\n2027-01-01",
}


def test_the_form_takes_hours_as_people_write_them(visit, acme):
    client = visit("acme", "owner")
    answer = client.post(f"{PAGE}add/", DAY)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    with enter_tenant(acme):
        hours = BusinessHours.objects.get()
    assert (hours.zone, hours.week["monday"], hours.week["tuesday"]) == (
        "Europe/Berlin",
        [["9:00", "12:00"], ["13:00", "17:00"]],
        [],
    )
    assert hours.holidays == [{"date": "2026-12-25", "name": "Yule"}, {"date": "2027-01-01", "name": ""}]
    assert "Mon 9:00-12:00, 13:00-17:00" in client.get(PAGE).content.decode()
    html = client.get(f"{PAGE}1/change/").content.decode()
    assert "9:00-12:00, 13:00-17:00" in html
    assert "2026-12-25 Yule" in html


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"monday": "nine to five"}, "monday", "no time of opening and closing"),
        ({"monday": "17:00-09:00"}, None, "is not before"),
        ({"monday": "", "friday": ""}, None, "No day has open hours"),
        ({"holidays_text": "Christmas"}, None, "no day such as"),
        ({"zone": "Mars/Phobos"}, "zone", "valid choice"),
    ],
)
def test_the_form_says_what_is_wrong(visit, acme, more, field, said):
    answer = visit("acme", "owner").post(f"{PAGE}add/", {**DAY, **more})
    form: Any = answer.context["adminform"].form
    told = form.errors[field] if field else form.non_field_errors()
    assert said in str(told), form.errors
    with enter_tenant(acme):
        assert not BusinessHours.objects.exists()


def test_the_other_tenants_form_is_its_own(visit, acme, globex):
    with enter_tenant(acme):
        BusinessHours.objects.create(zone="Asia/Tokyo")
    assert visit("globex", "owner").get(f"{PAGE}1/change/").status_code == 404
    assert visit("globex", "viewer").get(PATH).json()["zone"] == "UTC"
    assert visit("acme", "viewer").get(PATH).json()["zone"] == "Asia/Tokyo"


def test_there_is_one_of_them(visit, acme):
    client = visit("acme", "owner")
    client.post(f"{PAGE}add/", DAY)
    assert client.post(f"{PAGE}add/", DAY).status_code == 403
    assert client.post(f"{PAGE}1/delete/", {"post": "yes"}).status_code == 403
    with enter_tenant(acme):
        assert BusinessHours.objects.count() == 1
