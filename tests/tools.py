"""A pytest plugin (``-p tests.tools``): tests whose tool this machine lacks are deselected, by name and with the cure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

import pytest

TOOLS = {
    "browser": (("chromium", "chromium-browser", "google-chrome"), "chromium"),
    "node": (("node",), "nodejs"),
    "pgbouncer": (("pgbouncer",), "pgbouncer"),
}
# Debian keeps daemons where the PATH of a plain user does not lead.
PLACES = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
_left_out = pytest.StashKey[list[pytest.Item]]()
_packages = pytest.StashKey[list[str]]()


def absent(markers: Iterable[str]) -> dict[str, str]:
    """Return, of the markers, those whose tool is not on the PATH, with the package that brings it."""
    return {
        marker: TOOLS[marker][1]
        for marker in markers
        if marker in TOOLS and not any(shutil.which(program, path=PLACES) for program in TOOLS[marker][0])
    }


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out the tests that cannot run here."""
    lacking = absent(TOOLS)
    left_out = [item for item in items if lacking.keys() & {mark.name for mark in item.iter_markers()}]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    config.stash[_left_out] = left_out
    config.stash[_packages] = sorted(set(lacking.values()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what was left out, so that nobody takes a green run for a whole one."""
    if left_out := config.stash.get(_left_out, []):
        terminalreporter.section("left out: a tool is missing")
        for item in left_out:
            terminalreporter.line(f"  {item.nodeid}")
        terminalreporter.line(f"  to run them: apt-get install -y {' '.join(config.stash[_packages])}")
