"""``manage.py test`` runs the same suite as ``make test``."""

from __future__ import annotations

import subprocess
import sys
from typing import Any


class PytestRunner:
    """Django's test runner protocol on top of pytest."""

    def __init__(self, verbosity: int = 1, failfast: bool = False, **options: Any) -> None:
        self.arguments = ["-x"] if failfast else []

    def run_tests(self, test_labels: list[str], **kwargs: Any) -> int:
        """Run pytest over ``test_labels`` (paths) in a process of its own, which starts its stores before settings load."""
        return subprocess.call([sys.executable, "-m", "pytest", *self.arguments, *test_labels])
