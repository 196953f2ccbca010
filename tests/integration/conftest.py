"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import workflows.engine  # noqa: F401  which turns LangGraph's safety on before a test imports it
from tests.admin import content, staff
from tests.program import program

__all__ = ["content", "program", "staff"]
Person = Callable[[str, str], object]


@pytest.fixture
def ann(person: Person) -> object:
    """Return somebody of acme who writes."""
    return person("acme", "editor")


@pytest.fixture
def bob(person: Person) -> object:
    """Return another of acme who may do more."""
    return person("acme", "admin")
