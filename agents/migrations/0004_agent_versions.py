import django.db.models.deletion
import nexod.kernel.identifiers
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0003_crew_work"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="context_policy",
            field=models.CharField(
                choices=[
                    ("trim", "Leave out the oldest"),
                    ("summarise", "Let the model sum up what is older"),
                    ("retrieve", "Bring back what matters to the question"),
                ],
                default="trim",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="agent",
            name="fallbacks",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="[{connection, model}]: who is asked in turn when the model cannot answer",
            ),
        ),
        migrations.AddField(
            model_name="agent",
            name="options",
            field=models.JSONField(
                blank=True, default=dict, help_text="What else is asked of the model, such as top_p"
            ),
        ),
        migrations.AddField(
            model_name="agent",
            name="rounds",
            field=models.PositiveSmallIntegerField(
                default=8, help_text="How often it may ask its model before it has to answer"
            ),
        ),
        migrations.AddField(
            model_name="agent",
            name="tools",
            field=models.JSONField(blank=True, default=list, help_text="[{tool, settings, approval}]"),
        ),
        migrations.AddField(
            model_name="agent",
            name="version",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AlterField(
            model_name="agent",
            name="max_tokens",
            field=models.PositiveIntegerField(default=800, help_text="Of one answer"),
        ),
        migrations.AlterField(
            model_name="agent",
            name="temperature",
            field=models.FloatField(blank=True, default=0.2, help_text="Empty: the model's own", null=True),
        ),
        migrations.CreateModel(
            name="AgentVersion",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("content", models.JSONField(help_text="The agent's fields; what they refer to is named by slug")),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="agents.agent"
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("agent", "-number"),
                "constraints": [models.UniqueConstraint(fields=("agent", "number"), name="agent_version_once")],
            },
        ),
    ]
