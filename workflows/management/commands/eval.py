"""``manage.py eval --tenant acme --dataset doubles --version draft --against 3 --min-score 0.8``: judge by cases, for CI."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nexod.kernel.errors import NexodError
from tenants.accounts.models import User
from tenants.accounts.roles import OWNER
from tenants.entry.command import tenant_by_slug
from workflows.actions.evaluations import cancel_evaluation, start_evaluation
from workflows.evals.comparison import comparison
from workflows.evals.report import as_json, show
from workflows.models import DataSet, Evaluation, Run, Trial

NOT_PASSED, NOT_DONE = 1, 2
VERSIONS = "draft, published or a number of a workflow; current or a number of an agent"


class Command(BaseCommand):
    """Start an evaluation, do its work here beside whatever workers there are, and show how it went.

    Exit codes: 0, every case passed, or the score is at least --min-score; 1, not so; 2, it could not be done.
    """

    help = "Runs the cases of a data set and scores them."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let --version be the one that is judged instead of Django's."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Accept what is judged, and how."""
        parser.add_argument("--tenant", required=True, help="slug of the tenant")
        parser.add_argument("--dataset", required=True, help="slug of the data set")
        parser.add_argument("--version", default="", help=f"what is judged: {VERSIONS}")
        parser.add_argument("--against", default="", help="what it is compared with")
        parser.add_argument("--replay", action="store_true", help="offline, from what was recorded")
        parser.add_argument("--live-changes", action="store_true", help="a replay in which changed calls go live")
        parser.add_argument("--repeats", type=int, default=1, help="runs of each case")
        parser.add_argument("--concurrency", type=int, default=4, help="runs at once")
        parser.add_argument("--tag", action="append", default=[], help="only cases with one of these")
        parser.add_argument("--as", dest="email", default="", help="whose rights it has; without: an owner's")
        parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
        parser.add_argument("--min-score", type=float, help="the mean score that is enough; without: every case passes")
        parser.add_argument("--timeout", type=float, default=3600.0, help="seconds until it is given up")

    def handle(self, *args: Any, tenant: str, dataset: str, **options: Any) -> None:
        """Evaluate; ends the process with the exit code."""
        try:
            self._handle(tenant, dataset, options)
        except CommandError as error:
            error.returncode = NOT_DONE
            raise

    def _handle(self, tenant: str, dataset: str, options: dict[str, Any]) -> None:
        with tenant_by_slug(tenant):
            try:
                evaluation = self._evaluated(dataset, options)
            except NexodError as error:
                raise CommandError(error.message) from error
            found = comparison(evaluation)
            passed = _passed(evaluation, found.score, options["min_score"])
            if options["json"]:
                self.stdout.write(json.dumps({**as_json(evaluation, found), "passed": passed}, indent=2))
            else:
                show(evaluation, found, passed=passed, file=self.stdout)
        if not passed:
            raise SystemExit(NOT_PASSED)

    def _evaluated(self, dataset: str, options: dict[str, Any]) -> Evaluation:
        from workflows.engine.at_hand import worked_out

        data_set = DataSet.objects.filter(slug=dataset).first()
        if data_set is None:
            raise CommandError(f"There is no data set with the slug {dataset!r}.")
        actor = _actor(options["email"])
        evaluation = start_evaluation(
            actor=actor,
            data_set=data_set,
            versions=[options["version"], *([options["against"]] if options["against"] else [])],
            replay=_mode(options),
            repeats=options["repeats"],
            concurrency=options["concurrency"],
            tags=options["tag"],
        )
        try:
            return worked_out(evaluation, timeout_s=options["timeout"])
        except TimeoutError as error:
            cancel_evaluation(actor=actor, evaluation=evaluation)
            raise CommandError(f"Given up after {options['timeout']:g} s: {error}") from error


def _mode(options: dict[str, Any]) -> str:
    if options["live_changes"]:
        return Run.Replay.MIXED
    return Run.Replay.STRICT if options["replay"] else Run.Replay.FRESH


def _actor(email: str) -> User:
    people = User.objects.filter(is_active=True).order_by("pk")
    found = people.filter(email__iexact=email).first() if email else people.filter(groups__name=OWNER).first()
    if found is None:
        raise CommandError(f"There is nobody {email}." if email else "The tenant has no owner.")
    return found


def _passed(evaluation: Evaluation, score: float, least: float | None) -> bool:
    """Say whether the version that is judged, the first one, is good enough; what was cancelled is not."""
    if evaluation.status != Evaluation.Status.COMPLETED:
        return False
    if least is not None:
        return score >= least
    judged = evaluation.contestants.order_by("position").first()
    return not evaluation.trials.filter(contestant=judged).exclude(status=Trial.Status.PASSED).exists()
