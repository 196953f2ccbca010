"""What the tests of the admins share: clients of the staff, the data of a form as a browser would send it."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client


class _Fields(HTMLParser):
    """Collects the values of every control of a page's form with the given id."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form, self.inside, self.found = form, False, {}
        self._area, self._select = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("id") == self.form
        name = given.get("name") or ""
        if not self.inside or (not name and tag != "option"):
            return
        if tag == "input":
            self._input(name, given)
        elif tag == "textarea":
            self._area, self.found[name] = name, ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given and self._select:
            self.found.setdefault(self._select, []).append(given.get("value") or "")

    def _input(self, name: str, given: dict[str, str | None]) -> None:
        kind = given.get("type", "text")
        if kind in ("checkbox", "radio"):
            if "checked" in given:
                self.found.setdefault(name, []).append(given.get("value") or "on")
        elif kind not in ("submit", "file", "button"):
            self.found[name] = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area, self.found = "", {name: _first_line_off(value) for name, value in self.found.items()}
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self.inside = False


def _first_line_off(value: Any) -> Any:
    return value.removeprefix("\n") if isinstance(value, str) else value


def filled(page: str, form: str) -> dict[str, Any]:
    """Return what a browser would send if somebody pressed the button without a change."""
    parser = _Fields(form)
    parser.feed(page)
    assert parser.found, f"The page has no form {form}."
    return parser.found


def told(answer: Any) -> str:
    """Return the messages on the page that the answer leads to."""
    return " | ".join(str(message) for message in answer.context["messages"])


@pytest.fixture
def staff(db: None) -> Callable[..., Client]:
    """Return ``staff(administrator=True)``: a browser that is logged in at the platform's host."""
    from tenants.accounts.models import User
    from tenants.context import enter_platform

    def open_(*, administrator: bool = True) -> Client:
        client = Client(headers={"host": "platform.test"})
        name = "stella" if administrator else "otto"
        with enter_platform():
            user = User.objects.filter(email=f"{name}@platform.test").first() or User.objects.create_user(
                f"{name}@platform.test", "correct horse battery", is_staff=True, is_superuser=administrator
            )
            client.force_login(user)
        return client

    return open_


@pytest.fixture
def content(acme: Any, person: Callable[[str, str], Any]) -> Any:
    """Return one of everything, of acme's owner."""
    from tenants.context import enter_tenant
    from tests.content import fill

    with enter_tenant(acme):
        return fill(person("acme", "owner"))
