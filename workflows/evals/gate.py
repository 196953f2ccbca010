"""Whether a draft may be published: its workflow can ask that the cases of a data set pass on exactly this definition."""

from __future__ import annotations

from typing import Any

from django.db.models import Avg, Max, Q

from workflows.errors import CasesFailed, CasesNotEvaluated
from workflows.models import Contestant, DataSet, Evaluation, Trial, Workflow

Json = dict[str, Any]
NAMED_AT_MOST = 20


def require_passed(workflow: Workflow, digest: str) -> None:
    """Raise CasesNotEvaluated or CasesFailed, which names the cases, unless the draft with that hash passes the gate.

    Only an evaluation by every case counts that is newer than the newest change of the cases and their scorers.
    """
    if workflow.gate is None:
        return
    found = _newest(workflow, workflow.gate, digest)
    about: Json = {"data_set": workflow.gate.slug}
    if found is None:
        message = f"The cases of {workflow.gate} were not run on this draft as it is now."
        raise CasesNotEvaluated(f"{message} Start their evaluation, or publish with it.", details=about)
    about |= {"evaluation": str(found.evaluation_id), "min_score": workflow.gate_score}
    bad = found.trials.exclude(status=Trial.Status.PASSED)
    names = list(bad.values_list("case__name", flat=True).distinct().order_by("case__name"))
    score = found.trials.aggregate(mean=Avg("score"))["mean"] or 0.0
    if names and workflow.gate_score is None:
        raise CasesFailed(f"Not published: {_listed(names)}.", details={**about, "cases": names[:NAMED_AT_MOST]})
    if workflow.gate_score is not None and score < workflow.gate_score:
        message = (
            f"Not published: the cases of {workflow.gate} score {score:.2f}, and {workflow.gate_score:g} is asked for"
        )
        told = f"{message}; {_listed(names)}." if names else f"{message}."
        raise CasesFailed(told, details={**about, "score": round(score, 4), "cases": names[:NAMED_AT_MOST]})


def _newest(workflow: Workflow, gate: DataSet, digest: str) -> Contestant | None:
    changed = gate.cases.aggregate(at=Max("updated_at"))["at"]
    since = max(gate.updated_at, changed) if changed else gate.updated_at
    whole = Q(evaluation__tags=[], evaluation__replay=workflow.gate_replay)
    completed = Q(evaluation__status=Evaluation.Status.COMPLETED, evaluation__created_at__gte=since)
    found = Contestant.objects.filter(whole & completed, evaluation__data_set=gate, digest=digest)
    return found.defer("definition").order_by("-evaluation__created_at").first()


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{'this case does' if len(names) == 1 else 'these cases do'} not pass: {shown}{more}"
