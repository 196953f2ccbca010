"""Make, change and delete data sets; read and write their cases as files."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from agents.actions.rows import InUse, free_slug, invalid, saved
from agents.models import Agent, Crew
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.cases import case_fields
from workflows.errors import TargetGone
from workflows.evals.scorers.registry import checked
from workflows.evals.sheets import MAX_CASES, read_cases
from workflows.models import Case, DataSet, Workflow


@transaction.atomic
def create_data_set(
    *,
    actor: User,
    name: str,
    slug: str = "",
    description: str = "",
    workflow: Workflow | None = None,
    agent: Agent | None = None,
    crew: Crew | None = None,
    scorers: Any = (),
) -> DataSet:
    """Return a new data set of exactly one workflow, agent or crew.

    Raises PermissionDenied, or what names the fields that are not valid, scorers by their place.
    """
    require_permission(actor, "workflows.add_dataset")
    if sum(target is not None for target in (workflow, agent, crew)) != 1:
        raise invalid("workflow", "A data set is of exactly one workflow, agent or crew.")
    fields = {"name": name, "slug": slug or free_slug(DataSet, name), "description": description}
    target = {"workflow": workflow, "agent": agent, "crew": crew}
    return saved(DataSet(), {**fields, **target, "scorers": checked(list(scorers))})


@transaction.atomic
def update_data_set(*, actor: User, data_set: DataSet, **fields: Any) -> DataSet:
    """Change name, description or scorers; evaluations at work keep the scorers that they began with."""
    require_permission(actor, "workflows.change_dataset")
    found = _locked(data_set.pk)
    if "scorers" in fields:
        fields["scorers"] = checked(fields["scorers"])
    return saved(found, fields)


@transaction.atomic
def delete_data_set(*, actor: User, data_set: DataSet) -> None:
    """Delete it with its cases, what was recorded in them, and its evaluations. Raises InUse while a workflow is gated by it."""
    require_permission(actor, "workflows.delete_dataset")
    found = _locked(data_set.pk)
    if names := list(Workflow.objects.filter(gate=found).values_list("name", flat=True)):
        raise InUse(f"Publishing needs these cases: {', '.join(names)}.", details={"workflows": names})
    if found.evaluations.active().exists():
        raise InUse("An evaluation of it is at work; cancel it first.")
    found.delete()


@transaction.atomic
def import_cases(*, actor: User, data_set: DataSet, text: str, form: str) -> list[Case]:
    """Return the cases that ``text`` (JSONL or CSV) holds, saved; one of a name that is there replaces it, all or none.

    Raises PermissionDenied, or InvalidInput with the line of each mistake.
    """
    require_permission(actor, "workflows.add_case")
    require_permission(actor, "workflows.change_case")
    found = _locked(data_set.pk)
    rows = read_cases(text, form)
    there = {case.name: case for case in found.cases.filter(name__in=[row["name"] for row in rows if row["name"]])}
    new = sum(row["name"] not in there for row in rows)
    if found.cases.count() + new > MAX_CASES:
        raise invalid("text", f"A data set has at most {MAX_CASES:,} cases.")
    number = found.cases.count()
    saved_cases = []
    for row in rows:
        number += 1
        name = row["name"] or f"Case {number}"
        case = there.get(name) or Case(data_set=found)
        saved_cases.append(saved(case, case_fields({**row, "name": name})))
        there[name] = case
    return saved_cases


def _locked(pk: UUID) -> DataSet:
    found = DataSet.objects.select_for_update(no_key=True, of=("self",)).filter(pk=pk).first()
    if found is None:
        raise TargetGone("The data set does not exist any more.")
    return found
