"""Every node type has a page in the documentation that says what the type says. UPDATE_PAGES=1 writes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workflows.nodes import registry
from workflows.nodes.base import NodeType
from workflows.nodes.page import index_of, page_of

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "nodes"


def current(name: str, text: str) -> None:
    file = FOLDER / name
    if os.environ.get("UPDATE_PAGES"):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("kind", registry.all_types(), ids=lambda kind: kind.type)
def test_its_page_says_what_it_says(kind: NodeType) -> None:
    current(f"{kind.type}.md", page_of(kind))


def test_the_list_of_pages_is_whole() -> None:
    current("README.md", index_of(registry.all_types()))
    pages = {file.stem for file in FOLDER.glob("*.md")} - {"README"}
    assert pages == {kind.type for kind in registry.all_types()}
