"""Save runs as cases; write, change and delete cases. No secret gets into one, and its size is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from agents.actions.rows import free_slug, saved
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.errors import RunNotOver, TargetGone
from workflows.evals.recording import recorded_answers, require_size
from workflows.evals.secrecy import tenant_censor
from workflows.json_text import storable
from workflows.models import Case, DataSet, RecordedAnswer, Run

Json = dict[str, Any]
MAX_TAGS = 20


@transaction.atomic
def save_case(
    *, actor: User, run: Run, data_set: DataSet | None = None, name: str = "", tags: Sequence[str] = ()
) -> Case:
    """Save a run that is over as a case, with every answer in it, so that it can be replayed; and return the case.

    Without a data set it goes into the one named after what the run executed, which is made when there is none. Raises
    PermissionDenied, RunNotOver, TargetGone, TooLarge, or InvalidInput for a data set of something else.
    """
    require_permission(actor, "workflows.add_case")
    require_permission(actor, "workflows.view_run")
    found = Run.objects.select_related("workflow", "agent", "crew").get(pk=run.pk)
    if not found.is_over or found.status == Run.Status.CANCELLED:
        raise RunNotOver(f"A run is saved as a case when it has completed or failed; this one is {found.status}.")
    target = {"workflow": found.workflow, "agent": found.agent, "crew": found.crew}
    if not any(target.values()):
        raise TargetGone("What the run executed does not exist any more.")
    home = data_set or _home(actor, found, target)
    if (home.workflow_id, home.agent_id, home.crew_id) != (found.workflow_id, found.agent_id, found.crew_id):
        raise _invalid("data_set", f"{home} is not of what the run executed.")
    censor = tenant_censor()
    answers = recorded_answers(found, censor)
    fields = {
        "data_set": home,
        "name": _free_name(home, name or f"{found.title} {str(found.pk)[-6:]}"),
        "inputs": censor.clean(found.inputs),
        "expected": censor.clean(found.outputs),
        "tags": _tags(tags),
        "run": found,
    }
    require_size([fields["inputs"], fields["expected"]])
    case = saved(Case(), fields)
    for answer in answers:
        answer.case = case
    RecordedAnswer.objects.bulk_create(answers)
    return case


@transaction.atomic
def create_case(
    *,
    actor: User,
    data_set: DataSet,
    name: str,
    inputs: Json | None = None,
    expected: Any = None,
    tags: Sequence[str] = (),
) -> Case:
    """Return a new case. Raises PermissionDenied, TooLarge, or what names the fields that are not valid."""
    require_permission(actor, "workflows.add_case")
    return saved(
        Case(data_set=data_set), case_fields({"name": name, "inputs": inputs or {}, "expected": expected, "tags": tags})
    )


@transaction.atomic
def update_case(*, actor: User, case: Case, **fields: Any) -> Case:
    """Change name, inputs, expected or tags; recorded answers stay. Raises what ``create_case`` raises."""
    require_permission(actor, "workflows.change_case")
    return saved(_locked(case.pk), case_fields(fields))


@transaction.atomic
def delete_case(*, actor: User, case: Case) -> None:
    """Delete the case with what was recorded, and its trials."""
    require_permission(actor, "workflows.delete_case")
    _locked(case.pk).delete()


def case_fields(given: Json) -> Json:
    """Return the fields as they are stored; raise InvalidInput or TooLarge."""
    censor = tenant_censor()
    fields = {name: storable(censor.clean(value)) for name, value in given.items() if name != "tags"}
    if "tags" in given:
        fields["tags"] = _tags(given["tags"])
    if not isinstance(fields.get("inputs", {}), dict):
        raise _invalid("inputs", "This is not a JSON object.")
    require_size([fields.get("inputs"), fields.get("expected")])
    return fields


def _tags(tags: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    if len(found) > MAX_TAGS:
        raise _invalid("tags", f"A case has at most {MAX_TAGS} tags.")
    return found


def _home(actor: User, run: Run, target: Json) -> DataSet:
    kind, row = next((kind, row) for kind, row in target.items() if row is not None)
    found = DataSet.objects.filter(**{kind: row}).order_by("created_at").first()
    if found is not None:
        return found
    require_permission(actor, "workflows.add_dataset")
    name = f"Cases of {row}"[:120]
    return saved(DataSet(), {"name": name, "slug": free_slug(DataSet, name), kind: row})


def _free_name(data_set: DataSet, name: str) -> str:
    name = name.strip()[:190] or "Case"
    taken = set(data_set.cases.filter(name__startswith=name).values_list("name", flat=True))
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} ({number})", number + 1
    return free


def _locked(pk: UUID) -> Case:
    found = Case.objects.select_for_update().filter(pk=pk).first()
    if found is None:
        raise TargetGone("The case does not exist any more.")
    return found


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(f"{field}: {message}", details=[{"field": field, "message": message}])
