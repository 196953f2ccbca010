"""What an event is, and the values that several of them carry."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from nexod.kernel.errors import InvalidInput

REGISTRY: dict[str, type[Event]] = {}


class Event(BaseModel):
    """One thing that happened in a run. Subclasses name their ``type`` and close their fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.type:
            REGISTRY[cls.type] = cls

    def data(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return self.model_dump(mode="json")


def parse(type_: str, data: dict[str, Any]) -> Event:
    """Return the event of that type; raise InvalidInput for an unknown type or a wrong field."""
    schema = REGISTRY.get(type_)
    if schema is None:
        raise InvalidInput(f"There is no event type {type_!r}.")
    return schema.model_validate(data)


class Part(BaseModel):
    """A value inside of an event. Subclasses close their fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reason(BaseModel):
    """Why something failed: the error's code, what a person reads, where, and how often it was tried (0: not counted)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    code: str
    message: str
    node: str = ""
    attempts: int = 0
    details: dict[str, Any] | list[dict[str, Any]] = Field(default_factory=dict)


class Totals(BaseModel):
    """What a run or step has used so far."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    model_calls: int = 0
    seconds: float = 0.0


class StepEvent(Event):
    """An event of one step."""

    node: str
    step: str
