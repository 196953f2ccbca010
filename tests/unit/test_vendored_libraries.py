"""The libraries that pages load lie here, with the versions and licences that are told, and need nothing from anywhere else."""

from __future__ import annotations

import json
import re
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "nexod" / "static" / "nexod" / "vendor"
ROW = re.compile(r"^\| ([\w-]+) \| ([\d.]+) \| (\w+) \|", re.MULTILINE)


def test_every_library_is_told_with_its_version_and_licence() -> None:
    told = {name: version for name, version, _ in ROW.findall((VENDOR / "README.md").read_text())}
    assert told == json.loads((VENDOR / "package.json").read_text())["dependencies"]
    licences = (VENDOR / "LICENSES.txt").read_text()
    for name, version, licence in ROW.findall((VENDOR / "README.md").read_text()):
        whole = licences.partition(f"{name} {version}\n")[2]
        assert whole.lstrip().startswith(f"The {licence} License"), name
        assert "Permission is hereby granted" in whole.split("\n\n\n")[0], name


def test_what_is_bundled_is_what_is_told() -> None:
    imported = set(re.findall(r'from "([^"/]+)', (VENDOR / "entry.mjs").read_text()))
    assert imported == {name for name, _, _ in ROW.findall((VENDOR / "README.md").read_text())}
    modules = [path for path in VENDOR.iterdir() if path.suffix == ".js"]
    assert [path.name for path in modules] == ["yjs.js"]


def test_it_loads_nothing_from_anywhere_else() -> None:
    text = (VENDOR / "yjs.js").read_text()
    assert not re.search(r"""\bimport\s*(\(|["'{*])|\bfrom\s*["']""", text)
