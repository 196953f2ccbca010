"""Bar charts as SVG, drawn on the server: no script, no stranger's library, readable by a screen reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from nexod.admin import formats

HEIGHT, FOOT, LEFT = 150.0, 18.0, 58.0
WIDE, MIDDLE, NARROW = 640.0, 460.0, 340.0
STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
Show = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Bar:
    """One column: its label and its parts as (tone, amount), from the bottom up."""

    label: str
    parts: Sequence[tuple[str, float]]

    @property
    def total(self) -> float:
        """Return the height of the column in its unit."""
        return sum(amount for _, amount in self.parts)


def bars(
    columns: Sequence[Bar], *, names: Mapping[str, str], label: str, show: Show = formats.count, width: float = WIDE
) -> SafeString:
    """Return the chart; ``names`` says what each tone stands for, ``show`` how an amount is written."""
    top = nice(max((bar.total for bar in columns), default=0))
    wide = (width - LEFT) / max(len(columns), 1)
    shown = [_column(bar, LEFT + number * wide, wide, top, names, show) for number, bar in enumerate(columns)]
    every = max(1, round(len(columns) * 85 / width))
    for number, column in enumerate(shown):
        column["labelled"] = number % every == 0
    lines = [{"y": _y(amount, top), "text": show(amount)} for amount in (top / 2, top) if _is_told(amount, show)]
    used = {tone for bar in columns for tone, amount in bar.parts if amount}
    legend = [(tone, name) for tone, name in names.items() if tone in used]
    context = {
        "columns": shown,
        "lines": lines,
        "legend": legend,
        "label": label,
        "empty": not used,
        "base": HEIGHT - FOOT,
        "width": width,
    }
    return render_to_string("nexod/chart.svg", context)


def nice(top: float) -> float:
    """Return the next round number from ``top`` on: one of STEPS times a power of ten."""
    if top <= 0:
        return 1
    power = 1.0
    while power * 10 < top:
        power *= 10
    while power > top:
        power /= 10
    return next(power * step for step in STEPS if power * step >= top)


def _is_told(amount: float, show: Show) -> bool:
    """Say whether an amount is written as it is: half of one run is no run."""
    return show is not formats.count or float(amount).is_integer()


def _y(amount: float, top: float) -> float:
    return round(HEIGHT - FOOT - (HEIGHT - FOOT - 10) * amount / top, 1)


def _column(bar: Bar, x: float, wide: float, top: float, names: Mapping[str, str], show: Show) -> dict[str, object]:
    parts, below = [], 0.0
    for tone, amount in bar.parts:
        if amount:
            y, bottom = _y(below + amount, top), _y(below, top)
            parts.append({"tone": tone, "y": y, "height": max(1.0, round(bottom - y, 1))})
            below += amount
    told = ", ".join(f"{show(amount)} {names[tone]}" for tone, amount in bar.parts if amount) or "none"
    gap = min(6.0, wide * 0.25)
    inner = min(wide - gap, 36.0)
    return {
        "x": round(x + (wide - inner) / 2, 1),
        "width": round(inner, 1),
        "middle": round(x + wide / 2, 1),
        "parts": parts,
        "label": bar.label,
        "told": f"{bar.label}: {told}",
    }
