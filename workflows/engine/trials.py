"""One trial's way: its run is started, what it gave is scored, a judge's run is waited for, the score is stored."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from nexod.kernel.errors import NexodError, QuotaExceeded
from workflows.actions.runs import Target, open_run, run_permission
from workflows.errors import CallChanged, TargetGone
from workflows.evals.scorers.base import CannotScore, Mark, Scored
from workflows.evals.scorers.judge import Judge
from workflows.evals.scorers.registry import Use, uses
from workflows.evals.secrecy import Censor
from workflows.evals.versions import target_of
from workflows.models import Evaluation, Run, Trial

Json = dict[str, Any]
logger = logging.getLogger(__name__)
AT_ONCE = "runs_at_once"
GONE: Json = {"code": "run_gone", "message": "The run was deleted.", "details": {}}


class NoRoom(Exception):
    """The plan's runs at once are all at work: what was to be started is started when one of them is over."""


def begin(trial: Trial, evaluation: Evaluation) -> None:
    """Start the trial's run; where that is refused the trial is over. Raises NoRoom when it is to be started later."""
    target = target_of(trial.contestant, evaluation.data_set)
    bound = {"case": trial.case, "replay": evaluation.replay, "evaluation": evaluation}
    run = _opened(trial, evaluation, target, trial.case.inputs, bound)
    if run is not None:
        trial.run, trial.status = run, Trial.Status.RUNNING
    trial.save()


def settle(trial: Trial, evaluation: Evaluation, censor: Censor) -> None:
    """Take in what happened since: the run is over, or its judges are. Nothing changes while they are at work.

    Raises NoRoom when a judge is to be asked later.
    """
    if trial.run is None:
        _end(trial, Trial.Status.BROKEN, error=GONE)
    elif trial.status == Trial.Status.RUNNING and trial.run.is_over:
        _take_in(trial, trial.run)
        if trial.run.status == Run.Status.COMPLETED:
            _score(trial, trial.run, evaluation, censor)
        else:
            _end(trial, _status_of(trial.run), error=trial.run.error)
    elif trial.status == Trial.Status.JUDGING:
        _hear(trial, evaluation)


def _status_of(run: Run) -> Trial.Status:
    if run.status == Run.Status.CANCELLED:
        return Trial.Status.CANCELLED
    return Trial.Status.CHANGED if (run.error or {}).get("code") == CallChanged.code else Trial.Status.BROKEN


def _take_in(trial: Trial, run: Run) -> None:
    trial.cost_usd, trial.seconds, trial.model_calls = run.cost_usd, run.seconds, run.model_calls
    trial.tokens = run.tokens_in + run.tokens_out


def _score(trial: Trial, run: Run, evaluation: Evaluation, censor: Censor) -> None:
    """Ask every scorer; those that ask a model begin runs, and the others' marks wait for them."""
    totals: Mapping[str, float] = run.totals().model_dump()
    # What a case expects has no secrets, so what came out is compared without them.
    scored = Scored(trial.case.inputs, censor.clean(run.outputs), trial.case.expected, totals)
    marks: list[Json] = []
    for place, use in enumerate(uses(evaluation.scorers)):
        marks.append(use.marked(_mark(use, scored)))
        if isinstance(use.scorer, Judge) and evaluation.started_by is not None:
            _ask_judge(trial, evaluation, use, scored, place)
            if trial.error is not None:
                return
    trial.marks = marks
    if trial.judges:
        trial.status = Trial.Status.JUDGING
        trial.save()
    else:
        _sum_up(trial, evaluation)


def _mark(use: Use, scored: Scored) -> Mark:
    if use.scorer.asks_model:
        return Mark(0.0, "the judge has not answered")
    try:
        return use.scorer.mark(scored, use.config)
    except CannotScore as why:
        return Mark(0.0, str(why))
    except Exception as error:
        logger.exception("A scorer failed", extra={"scorer": use.scorer.type})
        return Mark(0.0, f"The scorer failed ({type(error).__name__}). The log has the details.")


def _ask_judge(trial: Trial, evaluation: Evaluation, use: Use, scored: Scored, place: int) -> None:
    assert isinstance(use.scorer, Judge)
    target = Target(Run.Kind.WORKFLOW, f"Judge: {use.name}", use.scorer.definition(use.config))
    try:
        inputs = use.scorer.inputs(scored, use.config)
    except CannotScore:
        return
    run = _opened(trial, evaluation, target, inputs, {"evaluation": evaluation})
    if run is not None:
        trial.judges[str(place)] = str(run.pk)


def _opened(trial: Trial, evaluation: Evaluation, target: Target, inputs: Json, bound: Json) -> Run | None:
    """Return a new run as whoever started the evaluation; where that is refused, end the trial and return None."""
    actor, home = evaluation.started_by, evaluation.data_set
    try:
        if (
            actor is None
            or not actor.is_active
            or not actor.has_perm(run_permission(home.workflow, home.agent, home.crew))
        ):
            raise TargetGone("Whoever started the evaluation may not run this any more.")
        with transaction.atomic():
            return open_run(target, inputs, actor=actor, **bound)
    except QuotaExceeded as refusal:
        if isinstance(refusal.details, Mapping) and refusal.details.get("limit") == AT_ONCE:
            raise NoRoom from refusal
        _end(trial, Trial.Status.BROKEN, error=refusal.as_dict())
        return None
    except NexodError as refusal:
        _end(trial, Trial.Status.BROKEN, error=refusal.as_dict())
        return None


def _hear(trial: Trial, evaluation: Evaluation) -> None:
    """Take in the judges' verdicts once all of them are over."""
    runs = {str(run.pk): run for run in Run.objects.filter(pk__in=trial.judges.values()).defer("definition", "inputs")}
    if any(not run.is_over for run in runs.values()):
        return
    every = uses(evaluation.scorers)
    for place, run_id in trial.judges.items():
        use, run = every[int(place)], runs.get(run_id)
        trial.marks[int(place)] = use.marked(_verdict(run))
        trial.judge_cost_usd += run.cost_usd if run else 0
    _sum_up(trial, evaluation)


def _verdict(run: Run | None) -> Mark:
    if run is None or run.status != Run.Status.COMPLETED:
        why = (run.error or {}).get("message", run.status) if run else GONE["message"]
        return Mark(0.0, f"The judge did not answer: {why}")
    try:
        return Judge().verdict(run.outputs)
    except CannotScore as wrong:
        return Mark(0.0, str(wrong))


def _sum_up(trial: Trial, evaluation: Evaluation) -> None:
    """Store the mean by weight, and whether every scorer was passed; weights that are all zero count the same."""
    weights = [use.weight for use in uses(evaluation.scorers)]
    if not any(weights):
        weights = [1.0] * len(weights)
    total = sum(mark["score"] * weight for mark, weight in zip(trial.marks, weights, strict=True))
    trial.score = round(total / sum(weights), 4)
    passed = all(mark["passed"] for mark in trial.marks)
    _end(trial, Trial.Status.PASSED if passed else Trial.Status.FAILED)


def _end(trial: Trial, status: Trial.Status, *, error: Any = None) -> None:
    trial.status, trial.error = status, error
    if trial.score is None and status not in (Trial.Status.CANCELLED,):
        trial.score = 0.0
    trial.save()
