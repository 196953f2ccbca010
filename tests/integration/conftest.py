"""Fixtures of the integration tests."""

from tests.admin import content, staff
from tests.program import program

__all__ = ["content", "program", "staff"]
