"""What it costs that each query may be for another tenant: many tenants against two, and two walls against one."""

from __future__ import annotations

import os
import random
import time

from django.db import connection

from benchmarks import world
from benchmarks.figure import Figure
from tenants.accounts.models import User
from tenants.context import enter_tenant
from tenants.models import Tenant

GOAL_RATIO, QUERIES = 0.9, 2000


def measure() -> Figure:
    """Compare queries/s over NEXOD_BENCH_TENANTS tenants (100) with the same over two."""
    number = int(os.environ.get("NEXOD_BENCH_TENANTS", "100"))
    many = [world.tenant(index) for index in range(number)]
    few = many[:2]
    _rate(many, len(many) * 2)
    rates = [(_rate(many, QUERIES), _rate(few, QUERIES)) for _ in range(5)]
    ratio = sorted(over_many / over_few for over_many, over_few in rates)[2]
    value = sorted(over_many for over_many, _ in rates)[2]
    peer = sorted(over_few for _, over_few in rates)[2]
    detail = f"{number} tenants against 2, a switch before every query"
    goal = f"ratio at least {GOAL_RATIO}"
    return Figure("tenant_switch", value, "queries/s", goal, ratio >= GOAL_RATIO, peer=peer, ratio=ratio, detail=detail)


def _rate(tenants: list[Tenant], queries: int) -> float:
    order = [random.choice(tenants) for _ in range(queries)]
    began = time.perf_counter()
    for tenant in order:
        with enter_tenant(tenant):
            User.objects.filter(is_active=True).exists()
    rate = queries / (time.perf_counter() - began)
    connection.close()
    return rate
