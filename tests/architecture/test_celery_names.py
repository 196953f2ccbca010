"""Every Celery task that is enqueued by name exists, has a base that knows its plane."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from nexod.celery import app
from tenants.entry.celery import PlatformTask, TenantTask

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("nexod", "tenants", "agents", "workflows", "collaboration")


def _enqueued() -> Iterator[tuple[str, str]]:
    """Yield ``(function, name)`` for each literal name that is enqueued."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {
                    "enqueue",
                    "enqueue_platform",
                }:
                    name = node.args[0] if node.args else None
                    if isinstance(name, ast.Constant):
                        yield ast.unparse(node.func).split(".")[-1], str(name.value)


def _ours() -> dict[str, object]:
    app.loader.import_default_modules()
    tasks = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    # Other tests of the same process may have made some of their own.
    return {name: task for name, task in tasks.items() if not type(task).__module__.startswith(("tests.", "test_"))}


def test_enqueued_names_are_registered():
    names = {name for _, name in _enqueued()}
    assert names
    assert names <= set(_ours())


def test_each_celery_task_has_a_plane():
    strangers = [name for name, task in _ours().items() if not isinstance(task, TenantTask | PlatformTask)]
    assert not strangers


def test_tenant_work_is_enqueued_for_tenants():
    wrong = [name for how, name in _enqueued() if (how == "enqueue") != isinstance(_ours()[name], TenantTask)]
    assert not wrong
