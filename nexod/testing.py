"""``manage.py test`` runs the same suite as ``make test``."""

from __future__ import annotations

from typing import Any


class PytestRunner:
    """Django's test runner protocol on top of pytest."""

    def __init__(self, verbosity: int = 1, failfast: bool = False, **options: Any) -> None:
        self.arguments = ["-x"] if failfast else []

    def run_tests(self, test_labels: list[str], **kwargs: Any) -> int:
        """Run pytest over ``test_labels`` (paths) and return its exit code."""
        import pytest

        return int(pytest.main([*self.arguments, *test_labels]))
