from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0002_human_input"),
    ]

    operations = [
        migrations.AddField(
            model_name="crew",
            name="planning",
            field=models.BooleanField(
                default=False,
                help_text="Before the first task a plan is made for all of them",
                verbose_name="plans first",
            ),
        ),
        migrations.AddField(
            model_name="crewtask",
            name="allow_delegation",
            field=models.BooleanField(
                default=False,
                help_text="Its agent may give work to the crew's other agents, or ask them",
                verbose_name="may hand out work",
            ),
        ),
        migrations.AddField(
            model_name="crewtask",
            name="async_execution",
            field=models.BooleanField(
                default=False,
                help_text="The next task does not wait for this one unless it reads it",
                verbose_name="beside the next tasks",
            ),
        ),
        migrations.AddField(
            model_name="crewtask",
            name="guardrails",
            field=models.JSONField(blank=True, default=list, help_text="What the result must satisfy"),
        ),
        migrations.AddField(
            model_name="crewtask",
            name="max_retries",
            field=models.PositiveSmallIntegerField(
                default=2,
                help_text="How often the agent tries again when a guardrail refuses its result",
                verbose_name="tries again",
            ),
        ),
        migrations.AddField(
            model_name="crewtask",
            name="on_failure",
            field=models.CharField(
                choices=[("fail", "The task fails"), ("ask", "A person decides")],
                default="fail",
                max_length=10,
                verbose_name="after the last try",
            ),
        ),
    ]
