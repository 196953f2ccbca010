"""A scripted model with a price, budgets, and what was used by whom, for tests of what calls cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.workbench import Bench, node

Json = dict[str, Any]


def connect(bench: Bench, base_url: str, *, slug: str = "acme", **more: Any) -> None:
    """Make the default connection ``test``; a million tokens in cost 1 dollar, out 2."""
    from agents.models import ModelConnection

    fields: Json = {
        "slug": "test", "name": "Test model", "provider": "openai_compatible", "base_url": base_url, "is_default": True,
        "model_names": ["scripted"], "timeout_s": 20, "price_in_usd": 1, "price_out_usd": 2,
    }  # fmt: skip
    with bench.inside(slug):
        ModelConnection.objects.create(**{**fields, **more})


def budget(bench: Bench, *, slug: str = "acme", **fields: Any) -> Any:
    """Set a budget: of the workspace, for each month, in tokens, unless ``fields`` say otherwise."""
    from agents.actions.budgets import create_budget

    usual: Json = {"name": "Means", "scope": "tenant", "period": "month", "unit": "tokens", "limit": 1000, "warn_at": 0}
    with bench.inside(slug):
        return create_budget(actor=bench.user("owner", slug), **{**usual, **fields})


def calls(bench: Bench, slug: str = "acme", **which: Any) -> list[Any]:
    """Return the rows of model calls, oldest first."""
    from agents.models import ModelCall

    with bench.inside(slug):
        return list(ModelCall.objects.filter(**which).order_by("created_at", "id"))


def days(bench: Bench, slug: str = "acme") -> list[Any]:
    """Return the sums by day."""
    from agents.models import UsageDay

    with bench.inside(slug):
        return list(UsageDay.objects.order_by("id"))


def windows(bench: Bench, slug: str = "acme") -> list[Any]:
    """Return what was counted of budgets."""
    from agents.models import BudgetWindow

    with bench.inside(slug):
        return list(BudgetWindow.objects.order_by("id"))


def holds(bench: Bench, slug: str = "acme") -> list[Any]:
    """Return what calls hold now."""
    from agents.models import BudgetHold

    with bench.inside(slug):
        return list(BudgetHold.objects.order_by("id"))


def total(rows: list[Any], name: str) -> float:
    """Return the sum of one column."""
    return round(float(sum(getattr(row, name) for row in rows)), 6)


def by(rows: list[Any], key: str | Callable[[Any], Any]) -> dict[Any, list[Any]]:
    """Return the rows by the value of a column."""
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(key(row) if callable(key) else getattr(row, key), []).append(row)
    return found


def llm(id_: str = "ask", prompt: str = "About {{ inputs.topic }}", **config: Any) -> Json:
    """Return a node that asks a model."""
    return node(id_, "llm", {"prompt": prompt, **config})
