"""How agents refuse and fail, whether they work alone or in a crew."""

from __future__ import annotations

from nexod.kernel.errors import Conflict, InvalidInput, NexodError, NotFound


class AgentMissing(NotFound):
    """There is no such agent."""

    code = "agent_missing"


class AgentInvalid(InvalidInput):
    """The agent cannot work as it is defined."""

    code = "agent_invalid"


class AgentLoops(NexodError):
    """The agent asks for the same again and again, and gets no further."""

    code, status = "agent_loops", 422


class AgentRoundsExceeded(NexodError):
    """The agent did not answer within its rounds."""

    code, status = "agent_rounds_exceeded", 422


class SettingsChanged(Conflict):
    """The settings are not what you saw: they were changed since. Look at them as they are now."""

    code = "settings_changed"


class SettingsConflict(Conflict):
    """Others changed the same settings since you read them. Nothing of yours was saved."""

    code = "settings_conflict"


class SaveUnconfirmed(Conflict):
    """The changes are not yours alone. Look at who changed what, and confirm."""

    code = "save_unconfirmed"
