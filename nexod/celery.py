"""The Celery app. Messages are wake-ups: what must happen is in PostgreSQL."""

from __future__ import annotations

import os

from celery import Celery
from kombu import Queue

from nexod import worker
from nexod.kernel.queue import QUEUES, RUN_QUEUES
from nexod.observability import tasks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexod.settings")

app = Celery("nexod")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    # A wake-up is gone from the broker when it is taken: to acknowledge it as well would cost two more round trips.
    task_queues=[Queue(name, no_ack=name in RUN_QUEUES) for name in QUEUES],
    task_default_queue="default",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    # A message that is acknowledged early must not wait in a busy worker while another one is idle.
    worker_disable_prefetch=True,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "global_keyprefix": "nexod.celery.",
        "visibility_timeout": 3600,
        "unacked_restore_interval": 10,
        "queue_order_strategy": "nexod.worker:UrgentFirst",
    },
    task_serializer="json",
    accept_content=["json"],
    imports=("tenants.tasks", "agents.tasks", "workflows.tasks", "collaboration.tasks"),
)
tasks.connect()
worker.connect()
