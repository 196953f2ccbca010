"""Remembered decisions about tools."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import nexod.kernel.identifiers

USER = settings.AUTH_USER_MODEL


class Migration(migrations.Migration):
    """What people let agents do with tools without being asked again."""

    dependencies = [("agents", "0008_call_lists"), migrations.swappable_dependency(USER)]
    operations = [
        migrations.CreateModel(
            name="ToolPermission",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("tool", models.CharField(help_text="Its name, as the model knows it", max_length=100)),
                ("title", models.CharField(max_length=200)),
                ("digest", models.CharField(editable=False, max_length=64)),
                ("arguments", models.JSONField(help_text="Null: with any arguments", null=True)),
                ("about", models.CharField(blank=True, help_text="What it does outside", max_length=500)),
                ("run", models.UUIDField(help_text="In which it was allowed")),
                ("step", models.UUIDField(editable=False)),
                ("call", models.CharField(editable=False, max_length=120)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tool_permissions",
                        to="agents.agent",
                    ),
                ),
                (
                    "allowed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="tool_permissions",
                        to=USER,
                    ),
                ),
                (
                    "revoked_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=USER
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "permissions": (("revoke_toolpermission", "Can revoke tool permission"),),
                "indexes": [
                    models.Index(
                        condition=models.Q(("revoked_at", None)),
                        fields=["agent", "digest"],
                        name="tool_permission_valid",
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("step", "call"), name="tool_permission_once_a_use")],
            },
        ),
    ]
