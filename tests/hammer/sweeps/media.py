"""Every file under MEDIA_ROOT: its folder says whose it is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from tests.hammer.judge import Judge
from tests.hammer.marks import NOBODY
from tests.hammer.resident import Resident

NAME = "files"


def sweep(judge: Judge, residents: Iterable[Resident]) -> None:
    """Count files with their own mark as good; those with another's, or outside every tenant's folder, as leaks.

    What leaked is deleted, so that it is not found again in the next bout.
    """
    owners = {resident.schema: resident.number for resident in residents}
    root = Path(settings.MEDIA_ROOT)
    for path in root.rglob("*"):
        if not path.is_file():
            continue
        name = path.relative_to(root)
        owner = owners.get(name.parts[0], NOBODY)
        seen = judge.look(NAME, owner, path.read_bytes(), str(name))
        if seen - {owner}:
            path.unlink()
        elif seen:
            judge.good(NAME)
