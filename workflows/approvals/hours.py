"""Weekly hours and holidays as people write them: read, checked, and written as text for a form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from workflows.approvals.calendar import MIDNIGHT, Window

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_WINDOWS, MOST_HOLIDAYS, LONGEST_NAME = 6, 400, 80
DASH = "\u2013"
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|24:00")


class HoursInvalid(ValueError):
    """Hours or holidays cannot be used; the message is for whoever wrote them, ``field`` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def read_week(week: Any) -> tuple[tuple[Window, ...], ...]:
    """Return the windows of each day, Monday first, of ``{"monday": [["09:00", "17:00"]], ...}``. Raises HoursInvalid."""
    if not isinstance(week, Mapping) or week.keys() - set(DAYS):
        raise HoursInvalid("week", f"The hours are given for {', '.join(DAYS)}.")
    found = tuple(_windows(day, week.get(day) or []) for day in DAYS)
    if not any(found):
        raise HoursInvalid("week", "No day has open hours: nothing would ever be due.")
    return found


def read_holidays(given: Any) -> list[dict[str, str]]:
    """Return the holidays in order, each day once, of ``[{"date", "name"}]``. Raises HoursInvalid."""
    if not isinstance(given, list) or len(given) > MOST_HOLIDAYS:
        raise HoursInvalid("holidays", f"The holidays are a list of at most {MOST_HOLIDAYS} days.")
    found = {}
    for row in given:
        if not isinstance(row, Mapping) or row.keys() - {"date", "name"} or not isinstance(row.get("name", ""), str):
            raise HoursInvalid("holidays", 'A holiday is {"date", "name"}.')
        found[_date(row.get("date"))] = row.get("name", "").strip()[:LONGEST_NAME]
    return [{"date": day, "name": name} for day, name in sorted(found.items())]


def windows_of_text(text: str, field: str = "week") -> list[list[str]]:
    """Return the windows of ``09:00-12:00, 13:00-17:00``; an empty text is a day without any. Raises HoursInvalid."""
    windows = []
    for part in filter(None, (part.strip() for part in text.replace(DASH, "-").split(","))):
        begins, dash, ends = (side.strip() for side in part.partition("-"))
        if not dash:
            raise HoursInvalid(field, f"{part!r} is no time of opening and closing such as 09:00-17:00.")
        windows.append([begins, ends])
    return windows


def text_of_windows(windows: Iterable[Sequence[str]]) -> str:
    """Return the windows as a person writes them."""
    return ", ".join(f"{begins}-{ends}" for begins, ends in windows)


def _windows(day: str, given: Any) -> tuple[Window, ...]:
    if not isinstance(given, list) or len(given) > MOST_WINDOWS:
        raise HoursInvalid("week", f"{day.capitalize()}: at most {MOST_WINDOWS} times of opening and closing.")
    found: list[Window] = []
    for pair in given:
        if not isinstance(pair, list) or len(pair) != 2:
            raise HoursInvalid("week", f'{day.capitalize()}: each is ["09:00", "17:00"].')
        begins, ends = (_minutes(day, text) for text in pair)
        if begins >= ends:
            raise HoursInvalid("week", f"{day.capitalize()}: {pair[0]} is not before {pair[1]}.")
        if found and begins < found[-1][1]:
            raise HoursInvalid("week", f"{day.capitalize()}: {pair[0]} is before the time in front of it ends.")
        found.append((begins, ends))
    return tuple(found)


def _minutes(day: str, text: Any) -> int:
    matched = _TIME.fullmatch(text) if isinstance(text, str) else None
    if matched is None:
        raise HoursInvalid("week", f"{day.capitalize()}: {str(text)[:20]!r} is no time from 00:00 to 24:00.")
    return MIDNIGHT if matched[1] is None else int(matched[1]) * 60 + int(matched[2])


def _date(text: Any) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except (TypeError, ValueError) as error:
        raise HoursInvalid("holidays", f"{str(text)[:20]!r} is no day such as 2026-12-25.") from error
