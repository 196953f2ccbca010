"""How often a process that serves for long looks for garbage in cycles."""

from __future__ import annotations

import gc

# A request or a run makes some thousand objects, next to all of which go without being looked for: Python's own 700 would have it
# look several times in each, which is a twentieth of what they take.
NEW_OBJECTS = 10_000


def settle() -> None:
    """Keep from the collector what start-up loaded, which stays, and let it look less often from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
