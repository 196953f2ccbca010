"""How an evaluation went, for a terminal and for programs."""

from __future__ import annotations

from typing import Any

from workflows.evals.comparison import Comparison
from workflows.models import Evaluation, Trial

Json = dict[str, Any]
REASONS_SHOWN = 10
MARKS = {
    "passed": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "changed": "[yellow]≠[/]",
    "broken": "[red]![/]",
    "cancelled": "-",
}


def as_json(evaluation: Evaluation, found: Comparison) -> Json:
    """Return all of it as JSON."""
    told = {"id": str(evaluation.pk), "data_set": evaluation.data_set.slug, "status": evaluation.status}
    return {
        **told,
        "replay": evaluation.replay,
        **found.as_json(),
        "not_passed": [_reason(row) for row in _bad(evaluation)],
    }


def show(evaluation: Evaluation, found: Comparison, *, passed: bool, file: Any) -> None:
    """Print tables of versions and cases, and why cases did not pass."""
    from rich.console import Console
    from rich.markup import escape

    # A pipe has no width of its own: nothing is to be cut there.
    console = Console(file=file, width=None if getattr(file, "isatty", bool)() else 160, highlight=False)
    console.print(_versions(evaluation, found))
    console.print(_cases(evaluation, found))
    for duel in found.duels:
        console.print(
            f"{duel.second} against {duel.first}: [bold]{duel.wins} won[/], {duel.losses} lost, {duel.ties} the same;"
            f" score {duel.score:+.2f}, ${duel.cost_usd:+.4f} and {duel.seconds:+.2f} s a trial"
        )
    bad = _bad(evaluation)
    for row in bad[:REASONS_SHOWN]:
        reason = _reason(row)
        console.print(f"[red]{escape(reason['case'])}[/] on {reason['version']}: {escape(reason['why'])}")
        if reason["diff"]:
            console.print(escape(reason["diff"]), style="dim")
    if len(bad) > REASONS_SHOWN:
        console.print(f"… and {len(bad) - REASONS_SHOWN} more")
    console.print("[bold green]Passed[/]" if passed else "[bold red]Not passed[/]")


def _versions(evaluation: Evaluation, found: Comparison) -> Any:
    from rich.table import Table

    table = Table(title=f"{evaluation.data_set.name} ({evaluation.get_replay_display()})", title_justify="left")
    table.add_column("Version")
    for name in ("Score", "Passed", "Failed", "Changed", "Broken", "Cost", "a trial", "Judges", "s a trial", "Tokens"):
        table.add_column(name, justify="right")
    for one in found.versions:
        table.add_row(
            one.version,
            "—" if one.score is None else f"{one.score:.2f}",
            f"{one.passed}/{one.trials}",
            *(str(count) for count in (one.failed, one.changed, one.broken)),
            *(f"${amount:.4f}" for amount in (one.cost_usd, one.cost_usd_mean, one.judge_cost_usd)),
            f"{one.seconds_mean:.2f}",
            f"{one.tokens:,}",
        )
    return table


def _cases(evaluation: Evaluation, found: Comparison) -> Any:
    from rich.markup import escape
    from rich.table import Table

    marks: dict[tuple[str, str], str] = {}
    rows = evaluation.trials.order_by("repetition").values_list("case_id", "contestant_id", "status")
    for case, contestant, status in rows:
        place = str(case), str(contestant)
        marks[place] = marks.get(place, "") + MARKS.get(status, "?")
    table = Table("Case")
    for one in found.versions:
        table.add_column(one.version)
        for name in ("Score", "Cost", "s"):
            table.add_column(name, justify="right")
    for case_row in found.cases:
        cells = []
        for cell, one in zip(case_row.cells, found.versions, strict=True):
            score = "—" if cell.score is None else f"{cell.score:.2f}"
            cells += [marks.get((case_row.case, one.id), ""), score, f"${cell.cost_usd:.4f}", f"{cell.seconds:.2f}"]
        table.add_row(escape(case_row.name), *cells)
    return table


def _bad(evaluation: Evaluation) -> list[Trial]:
    rows = evaluation.trials.exclude(status=Trial.Status.PASSED).select_related("case", "contestant")
    return list(
        rows.defer("contestant__definition", "case__inputs", "case__expected").order_by(
            "case__name", "contestant__position"
        )
    )


def _reason(trial: Trial) -> Json:
    error = trial.error or {}
    told = [f"{mark['scorer']}: {mark['told'] or mark['score']}" for mark in trial.marks if not mark["passed"]]
    return {
        "case": trial.case.name,
        "version": trial.contestant.label,
        "status": trial.status,
        "why": error.get("message") or "; ".join(told) or trial.status,
        "diff": (error.get("details") or {}).get("diff", "") if isinstance(error.get("details"), dict) else "",
        "run": str(trial.run_id or ""),
    }
