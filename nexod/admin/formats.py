"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

MINUTE, HOUR, DAY = 60, 3600, 86400


def count(number: float) -> str:
    """Return ``1,234``, ``56.7k`` or ``8.9M``."""
    if number >= 999_500:
        return f"{number / 1_000_000:.1f}M"
    return f"{number / 1000:.1f}k" if number >= 10_000 else f"{number:,.0f}"


def usd(amount: Decimal | float) -> str:
    """Return dollars, with as many digits as a small amount needs."""
    value = float(amount)
    if value and value < 0.0001:
        return "<$0.0001"
    return f"${value:,.4f}" if value < 1 and value else f"${value:,.2f}"


def size(bytes_: float) -> str:
    """Return a size in B, kB, MB or GB."""
    for unit in ("B", "kB", "MB"):
        if abs(bytes_) < 1000:
            return f"{bytes_:.0f} {unit}" if unit == "B" else f"{bytes_:.1f} {unit}"
        bytes_ /= 1000
    return f"{bytes_:.1f} GB"


def duration(seconds: float | None) -> str:
    """Return ``0.4 s``, ``12 s``, ``3 min 5 s`` or ``2 h 10 min``."""
    if seconds is None:
        return "—"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def ago(moment: datetime | None) -> SafeString | str:
    """Return how long ago it was, as a ``<time>`` that a page keeps up to date."""
    if moment is None:
        return "—"
    exact = timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S %Z")
    return format_html('<time datetime="{}" title="{}" data-ago>{}</time>', moment.isoformat(), exact, distance(moment))


def distance(moment: datetime, now: datetime | None = None) -> str:
    """Return ``just now``, ``5 min ago``, ``in 2 h``, ``3 days ago``, or the date when it is far."""
    seconds = ((now or timezone.now()) - moment).total_seconds()
    far = abs(seconds)
    if far < 45:
        return "just now"
    if far > 30 * DAY:
        return timezone.localtime(moment).strftime("%d %b %Y")
    amount, unit = next((far / length, name) for length, name in _UNITS if far >= length or length == MINUTE)
    whole = max(1, round(amount))
    words = f"{whole} {unit}{'s' if unit == 'day' and whole > 1 else ''}"
    return f"{words} ago" if seconds > 0 else f"in {words}"


_UNITS = ((DAY, "day"), (HOUR, "h"), (MINUTE, "min"))
