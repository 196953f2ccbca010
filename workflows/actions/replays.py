"""Run one case: a normal run that is bound to it."""

from __future__ import annotations

from django.db import transaction

from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.credential_use import require_credentials_of
from workflows.actions.runs import open_run, run_permission
from workflows.errors import TargetGone
from workflows.evals.versions import catch_up, version_of
from workflows.models import Case, Run


def run_case(*, actor: User, case: Case, version: str = "", replay: str = Run.Replay.STRICT) -> Run:
    """Return a new run with the case's inputs on the given version, answered from the case as ``replay`` says.

    A strict replay asks neither models nor anybody outside; the first call that differs ends the run as failed with the
    code ``call_changed``, and what was asked then and now in its details. Raises PermissionDenied, TargetGone, InvalidInput
    for a version that there is not or inputs that do not fit it, and QuotaExceeded.
    """
    found = Case.objects.select_related("data_set__workflow__published", "data_set__agent", "data_set__crew")
    row = found.filter(pk=case.pk).first()
    if row is None:
        raise TargetGone("The case does not exist any more.")
    home = row.data_set
    require_permission(actor, "workflows.view_case")
    require_permission(actor, run_permission(home.workflow, home.agent, home.crew))
    catch_up(home, (version,))
    with transaction.atomic():
        chosen = version_of(home, version)
        require_credentials_of(actor, chosen.target)
        return open_run(chosen.target, row.inputs, actor=actor, case=row, replay=Run.Replay(replay).value)
