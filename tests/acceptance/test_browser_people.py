"""The pages of people, of who is asked together and of who is away: light, dark, on a phone, without a fault."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.axe import serious
from tests.browser import Visitor, open_hall
from tests.cast import PASSWORD, email
from tests.panel import Panel, panel
from tests.workbench import Bench

__all__ = ["panel"]
pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000
LOOKS: dict[str, dict[str, Any]] = {"light": {}, "dark": {"dark": True}, "phone": {"phone": True}}


@pytest.fixture
def places(bench: Bench, panel: Panel) -> dict[str, str]:
    """The lists, a row of each and a form for a new one."""
    from django.contrib.auth.models import Group

    from workflows.models import Absence

    panel.group("Legal", "ann", "ben", "cal")
    panel.group("Finance of the whole region, with a long name", "dan")
    panel.away("ann", "ben")
    with bench.inside():
        group, away = Group.objects.get(name="Legal").pk, Absence.objects.get().pk
    return {
        "person": f"accounts/user/{bench.user('editor').pk}/change/",
        "groups": "auth/group/",
        "group": f"auth/group/{group}/change/",
        "new-group": "auth/group/add/",
        "absences": "workflows/absence/",
        "absence": f"workflows/absence/{away}/change/",
        "new-absence": "workflows/absence/add/",
    }


def faults_of(visitor: Visitor, place: str, name: str) -> list[str]:
    """Open a page and return what is wrong with it; keep a picture of it where a folder was named for pictures."""
    page = visitor.go(f"/admin/{place}")
    if folder := os.environ.get("NEXOD_TEST_PICTURES"):
        page.screenshot(path=Path(folder) / f"people-{name}.png", full_page=True)
    wide = visitor.too_wide()
    return serious(page, "#main") + ([f"too wide by {wide}"] if wide > 0 else [])


@pytest.mark.timeout(900)
@pytest.mark.parametrize("look", LOOKS)
def test_people_groups_and_absences_are_good_to_look_at(places: dict[str, str], port: int, look: str) -> None:
    with open_hall(port) as hall:
        visitor = hall.visitor("acme.test", **LOOKS[look])
        visitor.page.context.set_default_timeout(PATIENCE_MS)
        visitor.log_in(email("acme", "owner"), PASSWORD)
        faults = [
            f"{name}: {fault}"
            for name, place in places.items()
            for fault in faults_of(visitor, place, f"{name}-{look}")
        ]
    assert not faults + visitor.wrong, "\n".join(faults + visitor.wrong)
