from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workflows', '0012_budgets'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='is_try',
            field=models.BooleanField(default=False, help_text='Somebody tries an agent out'),
        ),
    ]
