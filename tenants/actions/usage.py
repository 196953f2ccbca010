"""Record what a tenant uses, from inside the tenant."""

from __future__ import annotations

from tenants import doors
from tenants.models import UsageRecord


def record_usage(metric: str, amount: float) -> None:
    """Add ``amount`` to today's record of ``metric`` (a UsageRecord.Metric) of the current tenant."""
    doors.add_usage(UsageRecord.Metric(metric).value, amount)
