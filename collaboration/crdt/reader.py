"""Bytes as lib0 writes them, which Yjs and its protocols are made of, read from strangers."""

from __future__ import annotations

from nexod.kernel.errors import InvalidInput

# The largest whole number of JavaScript, which clocks are.
NUMBER_LIMIT = 2**53


class Malformed(InvalidInput):
    """That is no message of the Yjs protocols."""

    code = "malformed"


class Reader:
    """Reads numbers and byte strings of bounded length; raises Malformed at the end of the bytes."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def is_at_end(self) -> bool:
        """Say whether everything was read."""
        return self._at >= len(self._data)

    def byte(self) -> int:
        """Return the next byte."""
        if self.is_at_end:
            raise Malformed
        self._at += 1
        return self._data[self._at - 1]

    def number(self) -> int:
        """Return the next number: seven bits in a byte, the lowest first."""
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
            if shift > 56:
                raise Malformed
        if number >= NUMBER_LIMIT:
            raise Malformed
        return number

    def bytes(self) -> bytes:
        """Return the next byte string."""
        length = self.number()
        if length > len(self._data) - self._at:
            raise Malformed
        self._at += length
        return self._data[self._at - length : self._at]
