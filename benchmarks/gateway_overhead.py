"""What the gateway adds to a model call: one streamed answer over it, against the same request by the bare HTTP client."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from django.conf import settings

from agents.llm.endpoint import Endpoint, Limits
from agents.llm.gateway import Gateway
from benchmarks import world
from benchmarks.figure import Figure, percentile
from tenants.context import enter_tenant

GOAL_MS = 3.0
WORDS, WARM_UP = 20, 20
ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say something of about this length."}]
LIMITED = Limits(concurrent=1000, requests_per_minute=10_000_000, tokens_per_minute=1_000_000_000)


def measure() -> Figure:
    """Alternate calls of NEXOD_BENCH_QUERIES rounds (300) in an order that changes; the answer has WORDS events each time."""
    rounds = int(os.environ.get("NEXOD_BENCH_QUERIES", "300"))
    with _served() as base_url, httpx.Client() as client, enter_tenant(world.tenant(0)):
        plain = Endpoint(base_url, "key", "scripted", label="bench", connection="bench")
        kept = Endpoint(base_url, "key", "scripted", label="bench", connection="bench-limited", limits=LIMITED)
        ways: dict[str, Callable[[], object]] = {
            "bare": lambda: _bare(client, base_url),
            "gateway": lambda: Gateway(plain).chat(ASKED, max_tokens=100),
            "limited": lambda: Gateway(kept).chat(ASKED, max_tokens=100),
        }
        taken = _alternated(ways, rounds)
    return _figure(taken, rounds)


def _figure(taken: dict[str, list[float]], rounds: int) -> Figure:
    bare, gateway, limited = (statistics.median(taken[way]) for way in ("bare", "gateway", "limited"))
    added = gateway - bare
    worst = percentile(taken["gateway"], 0.95) - percentile(taken["bare"], 0.95)
    cpu = statistics.median(taken["gateway_cpu"]) - statistics.median(taken["bare_cpu"])
    detail = (
        f"bare {bare:.2f} ms, gateway {gateway:.2f}, processor {cpu:+.2f}; p95 {worst:+.2f};"
        f" with every limit kept {limited - bare:+.2f}; {WORDS} events an answer, {rounds} rounds in turn"
    )
    goal = f"under {GOAL_MS:g} ms beyond the bare client"
    return Figure("gateway_overhead", added, "ms", goal, added < GOAL_MS, floor=bare, detail=detail)


def _alternated(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each way, and of the processor under its name with ``_cpu``, after a warm-up."""
    taken: dict[str, list[float]] = {f"{way}{what}": [] for way in ways for what in ("", "_cpu")}
    for number in range(-WARM_UP, rounds):
        for way in random.sample(list(ways), len(ways)):
            began, cpu = time.perf_counter(), time.thread_time()
            ways[way]()
            if number >= 0:
                taken[f"{way}_cpu"].append((time.thread_time() - cpu) * 1000)
                taken[way].append((time.perf_counter() - began) * 1000)
    return taken


def _bare(client: httpx.Client, base_url: str) -> str:
    """Do what has to be done at least: send the same body, read the events, put the text together."""
    body = {"model": "scripted", "messages": ASKED, "max_tokens": 100, "stream": True}
    body["stream_options"] = {"include_usage": True}
    text: list[str] = []
    with client.stream("POST", f"{base_url}/chat/completions", json=body) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: {"):
                text += [choice["delta"].get("content") or "" for choice in json.loads(line[6:])["choices"]]
    return "".join(text)


@contextmanager
def _served() -> Iterator[str]:
    """Serve the scripted model from a process of its own, so that it takes nothing of this one's interpreter."""
    command = [sys.executable, "-m", "benchmarks.instant_model", str(WORDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().strip()
        before, settings.NEXOD_EGRESS_ALLOW = settings.NEXOD_EGRESS_ALLOW, [base_url.split("/")[2]]
        try:
            yield base_url
        finally:
            settings.NEXOD_EGRESS_ALLOW = before
            process.terminate()
