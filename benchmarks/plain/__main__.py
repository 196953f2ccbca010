"""``python -m benchmarks.plain ROWS``: make the tables and fill them; print a key and the id of a run."""

from __future__ import annotations

import json
import os
import secrets
import sys

import django
from django.core.management import call_command
from django.db import connection

STEPS = 5


def fill(rows: int) -> dict[str, str]:
    """Return the key of a user who may view runs, and the id of one in the middle."""
    from django.contrib.auth.models import Group, Permission, User

    from benchmarks.plain.models import Key, Run, Step, hash_key

    key = secrets.token_urlsafe(30)
    user = User.objects.create_user("owner", "owner@plain.test")
    group = Group.objects.create(name="owner")
    group.permissions.set(Permission.objects.all())
    user.groups.add(group)
    Key.objects.create(user=user, hashed=hash_key(key))
    runs = Run.objects.bulk_create(
        [Run(kind="workflow", title=f"Run {row}", status="completed", started_by=user) for row in range(rows)], 500
    )
    Step.objects.bulk_create(
        [Step(run=run, node=f"n{step}", status="completed", output={}) for run in runs for step in range(STEPS)], 1000
    )
    return {"key": key, "run": str(runs[rows // 2].pk)}


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.plain.settings"
    django.setup()
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS plain CASCADE; CREATE SCHEMA plain")
    call_command("migrate", run_syncdb=True, verbosity=0)
    sys.stdout.write(json.dumps(fill(int(sys.argv[1]))))
