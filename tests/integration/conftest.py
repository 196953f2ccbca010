"""Fixtures of the integration tests."""

from tests.program import program

__all__ = ["program"]
