"""The text of an answer, told piece by piece to whoever watches; an answer that begins anew wipes what was told before."""

from __future__ import annotations

from collections.abc import Callable

OnText = Callable[[str], None]


class Voice:
    """Tells ``on_text`` each piece; an empty piece says that the text begins again from nothing."""

    def __init__(self, on_text: OnText | None) -> None:
        self._on_text = on_text
        self._has_spoken = False

    def say(self, text: str) -> None:
        """Tell a piece."""
        if self._on_text is not None and text:
            self._has_spoken = True
            self._on_text(text)

    def begin(self) -> None:
        """Wipe what an earlier attempt said."""
        if self._on_text is not None and self._has_spoken:
            self._has_spoken = False
            self._on_text("")
