"""A policy says who decides, how many of them, and by when: the document of nodes, crew tasks and tools, as the engine reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Quorum = Literal["any", "all"] | int
DEFAULT_ROLES = ("owner", "admin", "approver")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"-?([1-9][0-9]{0,6})([smhdw])")


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a policy names; an expression names more of them when it is asked."""

    users: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    expression: str = ""

    @property
    def nobody(self) -> bool:
        """Say whether it names nobody at all."""
        return not (self.users or self.roles or self.groups or self.expression)

    def as_json(self) -> Json:
        """Return it as a policy writes it."""
        named = {"users": list(self.users), "roles": list(self.roles), "groups": list(self.groups)}
        return {name: value for name, value in {**named, "expression": self.expression}.items() if value}


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who may decide, too, when nobody has for so long."""

    after_s: int
    to: Who
    move: bool = False
    """Whether those who were asked before may not decide any more."""


@dataclass(frozen=True, slots=True)
class Due:
    """By when it is to be decided; negative reminders come before that, others after it was asked."""

    after_s: int | None = None
    hours: Literal["always", "business"] = "always"
    remind_s: tuple[int, ...] = ()
    escalate: tuple[Escalation, ...] = ()
    on_timeout: str = "reject"


@dataclass(frozen=True, slots=True)
class Policy:
    """Who decides, how many of them, who may not, by when, and what an edit has to fit."""

    who: Who = field(default_factory=Who)
    quorum: Quorum = "any"
    separate: tuple[str, ...] = ()
    due: Due | None = None
    schema: Json | None = None


def seconds_of(duration: str) -> int:
    """Return the seconds of a duration such as 30m, 4h or -1d, negative for one with a minus."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ValueError(f"{duration!r} is no duration such as 30m, 4h, 2d or 1w.")
    seconds = int(found[1]) * SECONDS[found[2]]
    return -seconds if duration.startswith("-") else seconds


def parse(document: Mapping[str, Any]) -> Policy:
    """Return the policy of a document that was checked when it was saved."""
    return Policy(
        who=_who(document.get("who", {})),
        quorum=document.get("quorum", "any"),
        separate=tuple(document.get("separate", ())),
        due=_due(document["due"]) if "due" in document else None,
        schema=document.get("schema"),
    )


def _who(document: Mapping[str, Any]) -> Who:
    return Who(
        users=_each(address.lower() for address in document.get("users", ())),
        roles=_each(document.get("roles", ())),
        groups=_each(document.get("groups", ())),
        expression=document.get("expression", ""),
    )


def _due(document: Mapping[str, Any]) -> Due:
    return Due(
        after_s=seconds_of(document["after"]) if "after" in document else None,
        hours=document.get("hours", "always"),
        remind_s=tuple(seconds_of(text) for text in document.get("remind", ())),
        escalate=tuple(
            Escalation(seconds_of(step["after"]), _who(step["to"]), step.get("move", False))
            for step in document.get("escalate", ())
        ),
        on_timeout=document.get("on_timeout", "reject"),
    )


def _each(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
