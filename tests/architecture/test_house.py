"""The house stays as it was drawn: imports one way, heavy libraries in their rooms, files and functions of a readable size."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from asgiref.sync import iscoroutinefunction
from django.urls import URLPattern, get_resolver

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("nexod", "tenants", "agents", "workflows", "collaboration")
ROOMS = {"crewai": "agents/crew/", "langgraph": "workflows/engine/"}
VAGUE = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "handler",
    "handlers",
    "manager",
    "managers",
    "service",
}
# Where any exception ends, and how it is told.
BOUNDARIES = {
    "agents/crew/bridge.py": "raised again in the caller's thread",
    "collaboration/consumers/door.py": "closes the socket with a code, logged",
    "nexod/observability/readiness.py": "a probe that fails is the answer",
    "tenants/sweeper.py": "logged; the next sweep comes a second later",
    "workflows/engine/trials.py": "stored as the mark's reason, logged",
    "workflows/api/events.py": "becomes the envelope, logged",
    "workflows/engine/bounded.py": "raised again in the caller's thread",
    "workflows/engine/loop.py": "ends the run as failed, logged",
    "workflows/engine/step.py": "tried again, stored as the step's error, or raised again",
}
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_CONSUMER, LONGEST_READY = 400, 60, 150, 10


def _files() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT)


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_imports_run_one_way():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("library", ROOMS)
def test_heavy_libraries_stay_in_their_room(library: str):
    strays = []
    for path in _files():
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            if any(name.split(".")[0] == library for name in names) and not str(path).startswith(ROOMS[library]):
                strays.append(f"{path}:{node.lineno}")
    assert not strays


def test_the_web_process_imports_nothing_heavy():
    heavy = {"crewai", "langgraph", "langchain", "wordllama", "openai"}
    program = f"import sys, nexod.asgi; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "[]"


def test_every_view_is_synchronous():
    """A request is one thread, in which a coroutine would need a loop of its own; live answers stream."""
    views = [pattern.callback for module in ("nexod.urls", "nexod.urls_public") for pattern in _patterns(module)]
    assert len(views) > 100
    assert not [view for view in views if iscoroutinefunction(view)]


def _patterns(module: str) -> Iterator[URLPattern]:
    pending = list(get_resolver(module).url_patterns)
    while pending:
        found = pending.pop()
        if isinstance(found, URLPattern):
            yield found
        else:
            pending += found.url_patterns


def test_files_and_functions_stay_readable():
    long_files = [str(path) for path in _files() if len((ROOT / path).read_text().splitlines()) > LONGEST_FILE]
    long_functions = [
        f"{path} {name}" for path in _files() for name, size in _functions(path) if size > LONGEST_FUNCTION
    ]
    consumers = [str(path) for path in _files() if "consumers" in path.parts]
    long_consumers = [name for name in consumers if len((ROOT / name).read_text().splitlines()) > LONGEST_CONSUMER]
    long_readies = [
        f"{path}" for path in _files() for name, size in _functions(path) if name == "ready" and size > LONGEST_READY
    ]
    assert not long_files + long_functions + long_consumers + long_readies


def test_modules_are_nouns_of_the_domain():
    assert not [str(path) for path in _files() if path.stem in VAGUE]


def test_nobody_goes_on_after_any_exception():
    broad = []
    for path in _files():
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if not isinstance(node, ast.ExceptHandler):
                continue
            catches_all = node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
            if catches_all and not any(isinstance(child, ast.Raise) for child in ast.walk(node)):
                broad.append(f"{path}:{node.lineno}")
    assert {place.rpartition(":")[0] for place in broad} <= set(BOUNDARIES)
