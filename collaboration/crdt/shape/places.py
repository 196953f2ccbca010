"""Where things stand in a list that is kept as numbers: few of them change when something comes, goes or moves."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence


def places(wanted: Sequence[str], now: Mapping[str, float]) -> dict[str, float]:
    """Return the new number of each key of ``wanted`` that has to change so that they are in that order.

    ``now`` has the numbers of those that are there; what keeps its place keeps its number.
    """
    kept = _rising([key for key in wanted if key in now], now)
    found: dict[str, float] = {}
    below: float | None = None
    position = 0
    while position < len(wanted):
        if wanted[position] in kept:
            below = now[wanted[position]]
            position += 1
            continue
        end = position
        while end < len(wanted) and wanted[end] not in kept:
            end += 1
        above = now[wanted[end]] if end < len(wanted) else None
        between = _between(below, above, end - position)
        if between is None:  # no number is left between the two: count anew
            return {key: float(place) for place, key in enumerate(wanted, 1) if now.get(key) != place}
        found.update(zip(wanted[position:end], between, strict=True))
        position = end
    return {key: at for key, at in found.items() if now.get(key) != at}


def _between(below: float | None, above: float | None, count: int) -> list[float] | None:
    if above is None:
        return [(below or 0.0) + step for step in range(1, count + 1)]
    if below is None:
        return [above - step for step in range(count, 0, -1)]
    step = (above - below) / (count + 1)
    found = [below + step * number for number in range(1, count + 1)]
    rising = all(low < high for low, high in zip([below, *found], [*found, above], strict=True))
    return found if rising else None


def _rising(keys: Sequence[str], now: Mapping[str, float]) -> frozenset[str]:
    """Return the most keys whose numbers rise already."""
    ends: list[float] = []
    lasts: list[int] = []
    previous: list[int] = []
    for index, key in enumerate(keys):
        place = bisect_left(ends, now[key])
        previous.append(lasts[place - 1] if place else -1)
        if place == len(ends):
            ends.append(now[key])
            lasts.append(index)
        else:
            ends[place], lasts[place] = now[key], index
    found = []
    index = lasts[-1] if lasts else -1
    while index >= 0:
        found.append(keys[index])
        index = previous[index]
    return frozenset(found)
