"""Shared documents: snapshot and log of updates."""

from __future__ import annotations

import django.db.models.deletion
import nexod.kernel.identifiers
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('collaboration', '0003_notification_preferences'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SharedDocument',
            fields=[
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('id', models.UUIDField(default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(help_text='kind:id of what it is about', max_length=80, unique=True)),
                ('last_seq', models.BigIntegerField(default=0, help_text='The number of the newest update')),
                ('snapshot', models.BinaryField(default=bytes, help_text='One update that stands for all up to snapshot_seq')),
                ('snapshot_seq', models.BigIntegerField(default=0)),
                ('size', models.BigIntegerField(default=0, help_text='Bytes of the snapshot and of what came after it')),
                ('authors', models.JSONField(default=dict, help_text='Who wrote what the snapshot has: user id -> number of the last')),
            ],
            options={
                'ordering': ('name',),
                'constraints': [models.CheckConstraint(condition=models.Q(('snapshot_seq__lte', models.F('last_seq'))), name='snapshot_is_not_ahead')],
            },
        ),
        migrations.CreateModel(
            name='DocumentUpdate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.BigIntegerField()),
                ('update', models.BinaryField()),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('author', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('document', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='updates', to='collaboration.shareddocument')),
            ],
            options={
                'ordering': ('document', 'seq'),
                'constraints': [models.UniqueConstraint(fields=('document', 'seq'), name='document_update_once')],
            },
        ),
    ]
