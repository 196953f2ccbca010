"""What the documents promise is there: pages that links lead to, addresses of the API, commands, settings."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from nexod.settings.environment import Environment
from tests.routes import PARAMETER, routes

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
ADDRESS = re.compile(r"(?:\b(GET|POST|PUT|PATCH|DELETE) )?(?:https?://[^/\s\"]+|\$BASE)?/api/v1/([\w/{}<>$-]+)")
# What the place of an id is called in examples.
ID = re.compile(r"\{[\w-]*\}|<[^>]*>|\$\w+|\b[A-Z]{2,}\b")
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
DJANGOS = {"test", "check", "migrate", "createsuperuser", "runserver", "collectstatic"}


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = [link for link in LINK.findall(page.read_text()) if not link.startswith(("http", "mailto"))]
    dead = [link for link in targets if not _stands(page, *link.partition("#")[::2])]
    assert not dead


def _stands(page: Path, path: str, heading: str) -> bool:
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not heading or target.suffix != ".md" or heading in _headings(target))


@cache
def _headings(page: Path) -> set[str]:
    lines = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


def test_the_index_leads_to_every_page() -> None:
    listed = {(DOCS / link.partition("#")[0]).resolve() for link in LINK.findall((DOCS / "README.md").read_text())}
    pages = {page for page in DOCS.rglob("*.md") if page.parent.name not in ("decisions", "nodes")}
    assert sorted(pages - listed - {DOCS / "README.md"}) == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_addresses_of_the_api_are_served(page: Path) -> None:
    unknown = [
        f"{method} {path}".strip() for method, path in ADDRESS.findall(page.read_text()) if not _served(method, path)
    ]
    assert not unknown


def _served(method: str, path: str) -> bool:
    asked = ID.sub("*", path.rstrip("/"))
    return any(shape.fullmatch(asked) and method.lower() in ("", known) for known, shape in _shapes())


@cache
def _shapes() -> list[tuple[str, re.Pattern[str]]]:
    return [(route.method, _shape(route.pattern)) for route in routes()]


def _shape(pattern: str) -> re.Pattern[str]:
    """Return what an address looks like in examples: an id by its place's name, other parts as they may be."""
    return re.compile(PARAMETER.sub(lambda part: r"\*" if "uuid:" in part[0] else r"[^/]+", pattern))


def test_commands_in_documents_are_there() -> None:
    ours = {path.stem for path in ROOT.glob("*/**/management/commands/*.py")}
    assert {name for page in PAGES for name in COMMAND.findall(page.read_text())} <= ours | DJANGOS


def test_every_setting_of_the_environment_is_described() -> None:
    page = (DOCS / "operate.md").read_text()
    names = [field.alias or f"NEXOD_{name.upper()}" for name, field in Environment.model_fields.items()]
    assert [name for name in names if f"`{name}`" not in page] == []
