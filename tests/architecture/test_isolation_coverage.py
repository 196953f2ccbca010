"""What nobody thought of fails here: pages, addresses, tables or messages without walker or reason, threats without a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.urls import path

from nexod.admin.sites import NexodSite
from tests import isolation
from tests.bodies import BODIES
from tests.routes import PARAMETER, ROWS, Route, routes

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/threat-model.md"
REGISTERS = ("TABLES", "TEMPLATE_TABLES", "API", "ADMIN", "SOCKETS", "CELERY_TASKS")


def known_tests() -> set[str]:
    found = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        found |= set(re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE))
    return found


def named_tests(text: str) -> set[str]:
    return set(re.findall(r"`(test_\w+)`", text))


def named_files(text: str) -> set[str]:
    return set(re.findall(r"`(tests/[\w/.]+)`", text))


def rows(text: str) -> list[list[str]]:
    """Return the cells of the tables' rows, without heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_test_that_the_threat_model_names_exists():
    text = PAGE.read_text()
    assert len(named_tests(text)) > 50
    assert named_tests(text) - known_tests() == set()
    assert [name for name in named_files(text) if not (ROOT / name).exists()] == []


def test_every_threat_and_every_trap_names_a_test():
    shown = [row for row in rows(PAGE.read_text()) if row[0] not in ("who", "threat", "trap")]
    without = [row[0] for row in shown if len(row) in (2, 3) and "test" not in row[-1] and "trusted" not in row]
    trusted = PAGE.read_text().split("## Two walls")[0]
    assert [threat for threat in without if threat not in trusted] == []


def test_a_threat_with_a_test_that_is_gone_is_noticed():
    assert named_tests("| x | y | `test_that_was_never_written` |") - known_tests() == {"test_that_was_never_written"}


@pytest.mark.parametrize("register", REGISTERS)
def test_each_reason_is_a_sentence(register):
    for name, reason in getattr(isolation, register).items():
        assert len(reason.split()) >= 3, name


def test_every_route_of_the_api_names_rows_that_are_known():
    unknown = [str(route) for route in routes() if route.names_a_row and not _known(route)]
    assert unknown == []
    without_body = {str(route) for route in routes() if route.method in ("post", "patch", "put")} - set(BODIES)
    assert without_body == set()


def test_a_new_route_of_the_api_is_noticed():
    assert not _known(Route("get", "planted/<uuid:pk>"))
    assert "post planted" not in BODIES


def _known(route: Route) -> bool:
    for name in PARAMETER.findall(route.pattern):
        fixed = [part for part in re.split(rf"<\w+:{name}>", route.pattern)[0].split("/") if part and "<" not in part]
        if name not in ("number", "slug", "group") and "/".join(fixed) not in ROWS:
            return False
    return True


def test_a_new_page_of_an_admin_is_noticed():
    site = NexodSite(settings_name="UNFOLD", index_template="", index_title="")
    site.page("planted/<uuid:planted_id>/", "planted")(lambda request, planted_id: HttpResponse())
    pages = {
        f"nexod.urls {page}" for page in isolation.walked_patterns([path("admin/", site.urls)]) if "planted" in page
    }
    assert pages == {"nexod.urls admin/planted/<uuid:planted_id>/"}
    missing, _ = isolation.uncovered(pages, set(), {})
    assert missing == pages


def test_reasons_for_pages_that_are_gone_are_noticed():
    found = {
        f"{plane} {page}" for plane in ("nexod.urls", "nexod.urls_public") for page in isolation.admin_routes(plane)
    }
    assert set(isolation.ADMIN) - found == set()
    assert isolation.uncovered(found, found, {**isolation.ADMIN, "nexod.urls admin/gone/": "It was there once"})[1] >= {
        "nexod.urls admin/gone/"
    }


def test_reasons_for_routes_that_are_gone_are_noticed():
    assert set(isolation.API) - {str(route) for route in routes()} == set()
