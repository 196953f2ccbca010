"""``python -m benchmarks [name ...]``: run the benchmarks, print the table, write benchmarks/results.json."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path

FIGURES = (
    "tenant_create",
    "tenant_migrate",
    "tenant_switch",
    "durable_step",
    "checkpoint",
    "run_latency",
    "run_throughput",
    "event_latency",
    "coedit",
    "api_read",
    "vector_search",
    "retrieval",
    "runs_beside_ingestion",
    "schedules_idle",
    "gateway_overhead",
    "footprint",
)
HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run the named figures (all when none is named) against stores of their own, and keep what came out; 0 when all ran."""
    from nexod.embedded.home import Home
    from nexod.embedded.plan import application_secrets
    from nexod.embedded.stores import start_stores

    chosen = [name for name in names or FIGURES if (HERE / f"{name}.py").exists()]
    unknown = sorted(set(names) - set(chosen))
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(_known())}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="nexod-bench-", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)
        with start_stores(Path(home), durable=True) as stores:
            secrets = application_secrets(Home(Path(home)))
            os.environ.update(stores.as_environment() | secrets, NEXOD_ENV="test", NEXOD_HOME=home)
            os.environ["DJANGO_SETTINGS_MODULE"] = "nexod.settings"
            results = _measured(chosen)
    _keep(results)
    return 0


def _known() -> list[str]:
    return [name for name in FIGURES if (HERE / f"{name}.py").exists()]


def _measured(names: list[str]) -> list[dict[str, object]]:
    import django

    django.setup()

    from benchmarks import served

    with served.closing():
        return [result for name in names for result in _measure(name)]


def _keep(results: list[dict[str, object]]) -> None:
    """Add the results to those of figures that were not measured this time."""
    path = HERE / "results.json"
    kept = {result["name"]: result for result in json.loads(path.read_text())} if path.exists() else {}
    kept |= {result["name"]: result for result in results}
    ordered = [
        kept[name] for figure in FIGURES for name in sorted(kept) if name == figure or name.startswith(f"{figure}_of_")
    ]
    path.write_text(json.dumps(ordered, indent=1) + "\n")


def _measure(name: str) -> list[dict[str, object]]:
    """Return one result, or the several of a benchmark that has some, named ``<its name>_of_<what>``."""
    measured = import_module(f"benchmarks.{name}").measure()
    figures = measured if isinstance(measured, list) else [measured]
    for figure in figures:
        print(figure.line(), flush=True)
    return [figure.as_dict() for figure in figures]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
