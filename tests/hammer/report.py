"""What the judge counted, in lines."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hammer.judge import Judge


def lines(judge: Judge) -> Iterator[str]:
    """Yield a table of the kinds, the first leaks, and the sum."""
    yield f"  {'kind':<14}{'requests':>9}{'good':>9}{'failed':>8}{'leaks':>7}"
    for kind, tally in sorted(judge.tallies.items()):
        yield f"  {kind:<14}{tally.requests:>9}{tally.good:>9}{tally.failed.total():>8}{tally.leaks:>7}"
        yield from (f"      {count} x {why}" for why, count in tally.failed.most_common(5))
    yield from (f"  LEAK {leak}" for leak in judge.leaks)
    yield f"hammer: {judge.requests} requests, {judge.leak_count} leaks"
