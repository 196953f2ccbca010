"""What this process measures of its own requests and watchers."""

from __future__ import annotations

import threading

from prometheus_client import Counter, Gauge, Histogram

TENANT_LIMIT = 1_000
OTHER = "other"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

_requests = Counter("nexod_http_requests", "Requests answered", ["method", "route", "status"])
_seconds = Histogram("nexod_http_request_seconds", "Time to a complete answer", ["method", "route"], buckets=SECONDS)
_streams = Counter("nexod_http_stream_seconds", "Time that streamed answers were open", ["route"])
_of_tenant = Counter("nexod_http_tenant_requests", "Requests answered, by tenant", ["tenant"])
watchers = Gauge("nexod_live_watchers", "Connections that watch a run or a workspace now", ["kind"])


class BoundedLabel:
    """Lets the first ``limit`` different values through and calls all later ones ``other``: no label grows for ever."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, value: str) -> str:
        """Return ``value``, or ``other`` when there have been too many."""
        if value in self._known:
            return value
        with self._lock:
            if len(self._known) >= self._limit:
                return OTHER
            self._known.add(value)
        return value


_tenant_label = BoundedLabel(TENANT_LIMIT)


def observe_request(
    method: str, route: str, status: int, seconds: float, *, tenant: str = "", streamed: bool = False
) -> None:
    """Count one answer; ``route`` is a template, ``tenant`` a primary key or empty."""
    method = method if method in METHODS else OTHER
    _requests.labels(method, route, str(status)).inc()
    if streamed:
        _streams.labels(route).inc(seconds)
    else:
        _seconds.labels(method, route).observe(seconds)
    if tenant:
        _of_tenant.labels(_tenant_label(tenant)).inc()
