"""What the workers did, counted across processes: totals in one Valkey hash, shown by whichever web process is asked.

A worker adds up in memory and writes at most once a second, so that counting costs a step nothing. Counters are for
graphs and alarms: the last second of a killed worker is lost. Bills are made from UsageRecord, never from here.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator

from celery import current_app
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis import RedisError

from nexod.kernel import events
from nexod.kernel.queue import QUEUES
from nexod.kernel.valkey import valkey
from nexod.observability.metrics import OTHER, TENANT_LIMIT

KEY = "nexod:work"
FLUSH_EVERY_S = 1.0
FAMILIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "nexod_runs": ("Runs that reached a status", ("status", "tenant")),
    "nexod_steps": ("Steps that ended", ("status", "tenant")),
    "nexod_model_calls": ("Calls of a model", ("outcome", "tenant")),
    "nexod_model_tokens": ("Tokens that models read and wrote", ("direction", "tenant")),
    "nexod_model_seconds": ("Seconds spent waiting for models", ("tenant",)),
    "nexod_model_cost_usd": ("Cost of the models' work in US dollars", ("tenant",)),
    "nexod_tasks": ("Celery tasks that ended", ("task", "outcome")),
    "nexod_task_seconds": ("Seconds spent in Celery tasks", ("task",)),
    "nexod_tickets_woken": ("Runs that the sweeper woke", ("reason",)),
    "nexod_sweeps_failed": ("Sweeps that the database or the broker did not let happen", ()),
    "nexod_workers_stalled": ("Workers that ended themselves because they took nothing any more", ()),
}
_SEPARATOR = "\x1f"
_pending: defaultdict[str, float] = defaultdict(float)
_lock = threading.Lock()
_flushed_at = time.monotonic()
_timer: threading.Timer | None = None
logger = logging.getLogger(__name__)


def count(family: str, amount: float, *labels: str) -> None:
    """Add ``amount`` to a family of FAMILIES; ``labels`` in its order, a tenant by primary key."""
    if len(labels) != len(FAMILIES[family][1]):
        raise ValueError(f"{family} has the labels {FAMILIES[family][1]}, not {labels}.")
    with _lock:
        _pending[_SEPARATOR.join((family, *labels))] += amount
    if time.monotonic() - _flushed_at >= FLUSH_EVERY_S:
        flush()


def observe(event: events.Event, *, tenant: int | str) -> None:
    """Count what a run told; call it once for each event that committed."""
    pk = str(tenant)
    kind, _, what = event.type.partition(".")
    if kind == "run" and not what.endswith("_requested"):
        count("nexod_runs", 1, what, pk)
    elif event.type in ("step.completed", "step.failed", "step.retried"):
        count("nexod_steps", 1, what, pk)
    elif isinstance(event, events.ModelCalled):
        count("nexod_model_calls", 1, "answered", pk)
        count("nexod_model_tokens", event.tokens_in, "in", pk)
        count("nexod_model_tokens", event.tokens_out, "out", pk)
        count("nexod_model_seconds", event.seconds, pk)
        count("nexod_model_cost_usd", event.cost_usd, pk)
    elif isinstance(event, events.ModelCallFailed):
        count("nexod_model_calls", 1, "failed", pk)


def flush_soon() -> None:
    """See to it that what was counted is written within a second or so, though nothing more may be counted."""
    global _timer
    with _lock:
        if _timer is None:
            _timer = threading.Timer(FLUSH_EVERY_S, flush)
            _timer.daemon = True
            _timer.start()


def flush() -> None:
    """Write what was counted in one round trip; what cannot be written now is kept for the next time."""
    global _flushed_at, _timer
    with _lock:
        _timer = None
        batch = dict(_pending)
        _pending.clear()
        _flushed_at = time.monotonic()
    if not batch:
        return
    try:
        pipeline = valkey().pipeline(transaction=False)
        for field, amount in batch.items():
            pipeline.hincrbyfloat(KEY, field, amount)
        pipeline.execute()
    except RedisError as error:
        logger.warning("The work counters could not be written", extra={"reason": type(error).__name__})
        with _lock:
            for field, amount in batch.items():
                _pending[field] += amount


def queue_lengths() -> dict[str, int]:
    """Return how many Celery messages wait in each queue; raises RedisError."""
    prefix = (current_app.conf.broker_transport_options or {}).get("global_keyprefix", "")
    pipeline = valkey().pipeline(transaction=False)
    for queue in QUEUES:
        pipeline.llen(prefix + queue)
    return dict(zip(QUEUES, pipeline.execute(), strict=True))


class WorkCollector(Collector):
    """Reads the totals and the queues' lengths at each scrape; says so when it cannot."""

    def collect(self) -> Iterator[Metric]:
        """Yield a family for each name in FAMILIES, the queues, and whether they could be read."""
        readable = GaugeMetricFamily("nexod_work_readable", "1 when the workers' counters could be read")
        try:
            connection = valkey()
            totals = {field.decode(): float(total) for field, total in connection.hgetall(KEY).items()}
            lengths = queue_lengths()
        except RedisError:
            readable.add_metric([], 0)
            yield readable
            return
        readable.add_metric([], 1)
        yield readable
        yield from _families(totals)
        waiting = GaugeMetricFamily("nexod_queue_messages", "Celery messages that wait", labels=["queue"])
        for queue, length in lengths.items():
            waiting.add_metric([queue], length)
        yield waiting

    def describe(self) -> Iterable[Metric]:
        """Return nothing: registering must not touch Valkey."""
        return []


def _forget_timer() -> None:
    """A forked worker has none of its parent's threads."""
    global _timer
    _timer = None


os.register_at_fork(after_in_child=_forget_timer)


def page() -> tuple[bytes, str]:
    """Return everything measured, by this process and by the workers, and its media type."""
    workers = CollectorRegistry()
    workers.register(WorkCollector())
    return generate_latest(REGISTRY) + generate_latest(workers), CONTENT_TYPE_LATEST


def _families(totals: dict[str, float]) -> Iterator[Metric]:
    for name, (help_text, labels) in FAMILIES.items():
        family = CounterMetricFamily(name, help_text, labels=list(labels))
        sums: defaultdict[tuple[str, ...], float] = defaultdict(float)
        for field, total in totals.items():
            first, *values = field.split(_SEPARATOR)
            if first == name and len(values) == len(labels):
                sums[tuple(_bounded(labels, values))] += total
        for values_, total in sorted(sums.items()):
            family.add_metric(list(values_), total)
        yield family


def _bounded(labels: tuple[str, ...], values: list[str]) -> Iterator[str]:
    """Primary keys grow, so the oldest tenants keep their label and a sum of the rest never jumps back."""
    for label, value in zip(labels, values, strict=True):
        late = label == "tenant" and not (value.isdigit() and int(value) <= TENANT_LIMIT)
        yield OTHER if late else value
