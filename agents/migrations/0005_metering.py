"""Model calls, their sums by day, budgets and what is held of them."""

from __future__ import annotations

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import nexod.kernel.identifiers
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Six tables of each tenant, without references to what may be deleted before them."""

    dependencies = [
        ("agents", "0004_agent_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Budget",
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
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("tenant", "The workspace"),
                            ("user", "A person"),
                            ("agent", "An agent"),
                            ("workflow", "A workflow"),
                            ("run", "Each run"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "whom",
                    models.CharField(
                        blank=True,
                        help_text="Slug of the agent or workflow, id of the person; empty: each for itself",
                        max_length=60,
                    ),
                ),
                (
                    "unit",
                    models.CharField(
                        choices=[("usd", "US dollars"), ("tokens", "Tokens, read and written")],
                        default="usd",
                        max_length=10,
                    ),
                ),
                (
                    "limit",
                    models.DecimalField(
                        decimal_places=6, max_digits=16, validators=[django.core.validators.MinValueValidator(0)]
                    ),
                ),
                (
                    "period",
                    models.CharField(
                        choices=[("run", "Each run"), ("day", "Each day"), ("month", "Each month"), ("total", "Never")],
                        max_length=10,
                    ),
                ),
                (
                    "on_exceeding",
                    models.CharField(
                        choices=[
                            ("stop", "Fail the run"),
                            ("fall_back", "Ask the agent's next, cheaper model"),
                            ("ask", "Park the run and ask a person"),
                        ],
                        default="stop",
                        max_length=10,
                    ),
                ),
                (
                    "warn_at",
                    models.PositiveSmallIntegerField(
                        default=80,
                        help_text="Per cent at which people are told; 0: never",
                        validators=[django.core.validators.MaxValueValidator(100)],
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ("name", "id"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("whom", ""), ("scope__in", ["user", "agent", "workflow"]), _connector="OR"),
                        name="budget_names_whom_it_can",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scope", "run"), _negated=True), ("period", "run"), _connector="OR"
                        ),
                        name="budget_of_a_run_lasts_a_run",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BudgetWindow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("subject", models.CharField(blank=True, max_length=60)),
                ("period", models.CharField(blank=True, max_length=36)),
                ("used", models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                (
                    "counted",
                    models.BooleanField(default=False, help_text="What was used before it was opened is in it"),
                ),
                ("warned", models.BooleanField(default=False)),
                ("updated_at", models.DateTimeField()),
                (
                    "budget",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="windows",
                        to="agents.budget",
                    ),
                ),
            ],
            options={
                "ordering": ("budget", "id"),
            },
        ),
        migrations.CreateModel(
            name="BudgetHold",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("call", models.UUIDField(db_index=True)),
                ("run", models.UUIDField()),
                ("fence", models.BigIntegerField()),
                ("amount", models.DecimalField(decimal_places=6, max_digits=20)),
                ("expires_at", models.DateTimeField()),
                (
                    "window",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="holds", to="agents.budgetwindow"
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="ModelCall",
            fields=[
                ("agent", models.CharField(blank=True, help_text="Slug", max_length=60)),
                ("workflow", models.CharField(blank=True, help_text="Slug", max_length=60)),
                ("user", models.CharField(blank=True, help_text="Id of who started the run", max_length=36)),
                ("connection", models.CharField(blank=True, help_text="Slug", max_length=60)),
                ("model", models.CharField(max_length=120)),
                ("tokens_in", models.PositiveBigIntegerField(default=0)),
                ("tokens_out", models.PositiveBigIntegerField(default=0)),
                (
                    "tokens_cached",
                    models.PositiveBigIntegerField(default=0, help_text="Of those read, what the provider had ready"),
                ),
                (
                    "tokens_reasoning",
                    models.PositiveBigIntegerField(default=0, help_text="Of those written, what nobody sees"),
                ),
                ("cost_usd", models.DecimalField(decimal_places=6, default=0, max_digits=14)),
                ("seconds", models.FloatField(default=0)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("run", models.UUIDField()),
                ("step", models.UUIDField()),
                ("node", models.CharField(max_length=60)),
                ("first_token_s", models.FloatField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("answered", "Answered"), ("cached", "Cached"), ("cut", "Cut"), ("failed", "Failed")],
                        max_length=10,
                    ),
                ),
                ("error", models.CharField(blank=True, help_text="Code of what it failed with", max_length=60)),
                (
                    "estimated",
                    models.BooleanField(default=False, help_text="The provider gave no counts: these are ours"),
                ),
                ("price_known", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "indexes": [
                    models.Index(fields=["-created_at", "-id"], name="model_call_newest"),
                    models.Index(fields=["run", "step"], name="model_call_by_run"),
                    models.Index(fields=["agent", "-created_at"], name="model_call_by_agent"),
                    models.Index(fields=["model", "-created_at"], name="model_call_by_model"),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageDay",
            fields=[
                ("agent", models.CharField(blank=True, help_text="Slug", max_length=60)),
                ("workflow", models.CharField(blank=True, help_text="Slug", max_length=60)),
                ("user", models.CharField(blank=True, help_text="Id of who started the run", max_length=36)),
                ("connection", models.CharField(blank=True, help_text="Slug", max_length=60)),
                ("model", models.CharField(max_length=120)),
                ("tokens_in", models.PositiveBigIntegerField(default=0)),
                ("tokens_out", models.PositiveBigIntegerField(default=0)),
                (
                    "tokens_cached",
                    models.PositiveBigIntegerField(default=0, help_text="Of those read, what the provider had ready"),
                ),
                (
                    "tokens_reasoning",
                    models.PositiveBigIntegerField(default=0, help_text="Of those written, what nobody sees"),
                ),
                ("cost_usd", models.DecimalField(decimal_places=6, default=0, max_digits=14)),
                ("seconds", models.FloatField(default=0)),
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                (
                    "model_calls",
                    models.PositiveBigIntegerField(default=0, help_text="Those that a provider did something for"),
                ),
                ("failures", models.PositiveBigIntegerField(default=0)),
                ("cache_answers", models.PositiveBigIntegerField(default=0)),
                (
                    "unpriced",
                    models.PositiveBigIntegerField(default=0, help_text="Calls of models whose price nobody knows"),
                ),
            ],
            options={
                "ordering": ("-day", "id"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "agent", "workflow", "user", "connection", "model"), name="usage_day_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BudgetRaise",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("run", models.UUIDField(help_text="Only this run may use it", null=True)),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=6, help_text="Less than nothing: the limit was lowered", max_digits=16
                    ),
                ),
                (
                    "limit",
                    models.DecimalField(decimal_places=6, help_text="The budget's limit since then", max_digits=16),
                ),
                ("comment", models.CharField(blank=True, max_length=500)),
                (
                    "budget",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="raises", to="agents.budget"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "indexes": [models.Index(fields=["budget", "run"], name="budget_raise_of_run")],
            },
        ),
        migrations.AddConstraint(
            model_name="budgetwindow",
            constraint=models.UniqueConstraint(
                fields=("budget", "subject", "period"), name="budget_window_once", nulls_distinct=False
            ),
        ),
    ]
