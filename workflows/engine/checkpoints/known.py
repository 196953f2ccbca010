"""Which large values are stored already, by the version of their channel: what did not change is neither packed nor sent."""

from __future__ import annotations

from collections.abc import Mapping

from langgraph.checkpoint.base import Checkpoint

from workflows.engine.checkpoints.places import Place

MOST = 10_000


class Known:
    """Names of stored values, as this process knows them; the statement that uses one makes sure of it."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str, str], tuple[str, bytes]] = {}

    def unchanged(self, place: Place, checkpoint: Checkpoint) -> dict[str, bytes]:
        """Return the names of the values whose channels have the version that was stored."""
        versions = checkpoint["channel_versions"]
        found = {}
        for channel in checkpoint["channel_values"] if self._names else ():
            version, name = self._names.get((*place[:2], channel), ("", b""))
            if name and version == versions.get(channel):
                found[channel] = name
        return found

    def note(self, place: Place, checkpoint: Checkpoint, names: Mapping[str, bytes]) -> None:
        """Hear that the checkpoint is stored with these names. Only versions that tell forks apart are trusted."""
        if len(self._names) > MOST:
            self._names.clear()
        for channel, name in names.items():
            version = checkpoint["channel_versions"].get(channel)
            if isinstance(version, str) and "." in version:
                self._names[*place[:2], channel] = (version, name)

    def forget(self) -> None:
        """Know nothing any more."""
        self._names.clear()
