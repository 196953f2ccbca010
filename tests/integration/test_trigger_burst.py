"""A thousand webhooks at once through the real server: bounded by 429, and the neighbour is answered as ever."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from statistics import median

from nexod.kernel.standard_webhooks import new_secret
from tests.faults import figure
from tests.triggers import signed
from tests.workbench import definition, output, text
from workflows.actions.triggers import create_trigger
from workflows.actions.workflows import create_workflow, publish_workflow
from workflows.models import Firing, Run, Trigger, Workflow

BURST, LIMIT = 1_000, 100


def planted(stage) -> tuple[str, str]:
    actor, secret = stage.user("acme", "editor"), new_secret()
    workflow = create_workflow(actor=actor, name="Burst", definition=definition([text("a"), output()]))
    publish_workflow(actor=actor, workflow=workflow)
    trigger, _ = create_trigger(actor=actor, name="Burst", workflow=workflow, kind="webhook", secret=secret)
    return str(trigger.token), secret


def uprooted() -> tuple[int, int]:
    counts = Firing.objects.count(), Run.objects.filter(firings__isnull=False).count()
    Trigger.objects.all().delete()
    Run.objects.all().delete()
    Workflow.objects.update(published=None)
    Workflow.objects.all().delete()
    return counts


async def test_a_thousand_at_once_are_bounded_and_harm_no_neighbour(stage, settings):
    settings.NEXOD_REQUESTS_PER_MINUTE = {"hook": LIMIT, "refused": 10**6, "key": 10**6}
    token, secret = await stage.within("acme", lambda: planted(stage))
    key = stage.key("globex", "viewer")
    slow: list[float] = []
    over = asyncio.Event()

    async def neighbour() -> None:
        async with stage.program("globex", key) as program:
            while not over.is_set():
                began = time.monotonic()
                assert (await program.get("/api/v1/runs")).status_code == 200
                slow.append(time.monotonic() - began)

    async def knock(program, number: int) -> int:
        body, headers = signed(secret, {"n": number}, id_=f"msg_{number}_{secrets.token_hex(4)}")
        answer = await program.post(
            f"/hooks/{token}", content=body, headers={**headers, "content-type": "application/json"}
        )
        return answer.status_code

    beside = asyncio.create_task(neighbour())
    began = time.monotonic()
    async with stage.program("acme") as program:
        gate = asyncio.Semaphore(50)

        async def one(number: int) -> int:
            async with gate:
                return await knock(program, number)

        statuses = Counter(await asyncio.gather(*(one(number) for number in range(BURST))))
    took_s = time.monotonic() - began
    over.set()
    await beside
    firings, runs = await stage.within("acme", uprooted)
    figure(
        "burst",
        took_s=took_s,
        neighbour_p50_s=median(slow),
        neighbour_max_s=max(slow),
        **{f"http_{k}": v for k, v in statuses.items()},
    )
    assert set(statuses) == {202, 429}
    assert statuses[202] == firings == runs <= 2 * LIMIT
    assert max(slow) < 10


async def test_a_body_that_does_not_say_how_long_it_is_ends_at_the_limit(stage):
    token, _ = await stage.within("acme", lambda: planted(stage))

    async def endless():
        for _ in range(32):
            yield b"x" * 65_536

    async with stage.program("acme") as program:
        answer = await program.post(f"/hooks/{token}", content=endless())
    assert answer.status_code == 413
    assert await stage.within("acme", uprooted) == (0, 0)
