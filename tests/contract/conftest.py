"""Fixtures of the contract tests."""

from tests.program import program

__all__ = ["program"]
