"""Outgoing webhooks."""

from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import nexod.kernel.identifiers


class Migration(migrations.Migration):
    """Who is told outside, and the deliveries."""

    dependencies = [
        ("collaboration", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("url", models.CharField(max_length=500)),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        default=list,
                        help_text="The events that it is told of",
                        size=None,
                    ),
                ),
                ("is_enabled", models.BooleanField(default=True)),
                (
                    "encrypted_secrets",
                    models.JSONField(default=list, editable=False, help_text="[{secret, until}], the newest first"),
                ),
                ("failing_since", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "disabled_reason",
                    models.CharField(blank=True, editable=False, help_text="Why Nexod disabled it", max_length=200),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("name", "id"),
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("event", models.CharField(max_length=40)),
                ("key", models.CharField(help_text="The same thing is told once", max_length=160)),
                ("payload", models.JSONField(help_text="What is sent, from the first attempt to the last")),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "Pending"), ("delivered", "Delivered"), ("failed", "Failed")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, help_text="Since it was last sent off")),
                (
                    "log",
                    models.JSONField(default=list, help_text="[{at, status, seconds, excerpt, error}] of each attempt"),
                ),
                (
                    "sending_until",
                    models.DateTimeField(help_text="A worker sends it now, unless it has died", null=True),
                ),
                ("next_at", models.DateTimeField(help_text="When it is tried again", null=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="collaboration.webhookendpoint",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "ordering": ("-created_at", "-id"),
                "indexes": [models.Index(fields=["endpoint", "-created_at", "-id"], name="delivery_newest")],
                "constraints": [models.UniqueConstraint(fields=("endpoint", "key"), name="delivery_once")],
            },
        ),
    ]
