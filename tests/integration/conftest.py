"""Fixtures of the integration tests."""

import workflows.engine  # noqa: F401  which turns LangGraph's safety on before a test imports it
from tests.admin import content, staff
from tests.program import program

__all__ = ["content", "program", "staff"]
