"""What the judge counted, in lines, and whether the hammer hit anything at all."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hammer import faults, listeners, loads
from tests.hammer.judge import Judge, Tally
from tests.hammer.sweeps import logs, media, rows, valkey

MOST_FAILED = 0.05
"""The share of requests that the faults may cost. A hammer that reads nothing finds nothing."""
EXPECTED = (
    *(kind.NAME for kind in loads.KINDS),
    *(listeners.KIND, rows.NAME, media.NAME, valkey.NAME, logs.NAME),
)


_HEAD = f"  {'kind':<14}{'requests':>10}{'good':>10}{'failed':>8}{'leaks':>8}{'ms each':>9}"


def lines(judge: Judge, wrong: list[str]) -> Iterator[str]:
    """Yield a table of the kinds, the faults, the first leaks, what was wrong with the hammering itself, and the sum."""
    yield _HEAD
    for kind, tally in sorted(judge.tallies.items()):
        yield _line(kind, tally)
        yield from (f"      {count} x {why}" for why, count in tally.failed.most_common(5))
    yield from (f"  fault: {count} {name}" for name, count in judge.faults.items())
    yield from (f"  LEAK {leak}" for leak in judge.leaks)
    yield from (f"  WRONG {complaint}" for complaint in wrong)
    yield f"hammer: {judge.requests} requests, {judge.leak_count} leaks"


def _line(kind: str, tally: Tally) -> str:
    each_ms = f"{tally.seconds / tally.requests * 1000:.0f}" if tally.seconds else ""
    counts = f"{tally.requests or '':>10}{tally.good:>10}{tally.failed.total():>8}{tally.leaks:>8}"
    return f"  {kind:<14}{counts}{each_ms:>9}"


def complaints(judge: Judge) -> list[str]:
    """Return why the hammering proves nothing: kinds and faults that did not happen, too few good answers."""
    found = [f"{kind}: nothing good came of it" for kind in EXPECTED if not judge.tallies[kind].good]
    found += [f"{fault}: none" for fault in (faults.KILLED, faults.EXHAUSTED) if not judge.faults[fault]]
    failed = sum(tally.failed.total() for tally in judge.tallies.values())
    if failed > MOST_FAILED * judge.requests:
        found.append(f"{failed} of {judge.requests} requests failed")
    return found
