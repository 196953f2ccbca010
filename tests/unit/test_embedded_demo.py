"""What the demo reads, and how it tells a run."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from nexod.embedded.demo.library import NoDocuments, find_library
from nexod.embedded.demo.narrator import Narrator
from nexod.kernel.events import REGISTRY


def test_a_folder_is_read_with_all_below_it_but_nothing_hidden(tmp_path: Path) -> None:
    for name in ("a.md", "deep/b.PDF", "c.exe", ".git/d.md", "deep/.e.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [file.name for file in find_library(str(tmp_path)).files] == ["a.md", "b.PDF"]


def test_two_folders_of_one_name_do_not_share_a_knowledge_base(tmp_path: Path) -> None:
    for above in ("one", "two"):
        (tmp_path / above / "docs").mkdir(parents=True)
        (tmp_path / above / "docs/a.md").write_text("x")
    libraries = [find_library(str(tmp_path / above / "docs")) for above in ("one", "two")]
    assert {library.name for library in libraries} == {"docs"}
    assert len({library.slug for library in libraries}) == 2


def test_a_folder_inside_a_hidden_one_can_be_named(tmp_path: Path) -> None:
    (tmp_path / ".notes/papers").mkdir(parents=True)
    (tmp_path / ".notes/papers/a.md").write_text("x")
    assert len(find_library(str(tmp_path / ".notes/papers")).files) == 1


def test_an_empty_folder_and_a_missing_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NoDocuments, match=r"There is no .*\.md"):
        find_library(str(tmp_path))
    with pytest.raises(NoDocuments, match="is not a folder"):
        find_library(str(tmp_path / "missing"))


def test_the_projects_own_documentation_is_the_default() -> None:
    assert "README.md" in {file.name for file in find_library("").files}


@pytest.mark.parametrize("kind", sorted(REGISTRY))
def test_every_event_that_there_is_can_be_told(kind: str) -> None:
    assert hasattr(Narrator, f"_{kind.replace('.', '_')}")


def told(*events: tuple[int, str, dict[str, object]]) -> str:
    console = Console(file=io.StringIO(), highlight=False, width=40)
    narrator = Narrator(console)
    for second, kind, data in events:
        model = REGISTRY[kind].model_validate(data)
        narrator.tell({"type": kind, "at": f"2026-01-01T00:00:{second:02}+00:00", "data": model.data()})
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_step_is_told_by_its_title_with_the_time_since_the_first_event() -> None:
    step = {"node": "score", "step": "s1"}
    text = told(
        (5, "step.started", step | {"node_type": "llm", "title": "Score the draft", "visit": 2}),
        (12, "step.completed", step | {"summary": "4 of 10 [poor]", "route": "revise"}),
    )
    first, second = text.splitlines()
    assert first.split() == ["00:00.0", "▸", "Score", "the", "draft", "llm", "again,", "visit", "2"]
    assert second.split()[:2] == ["00:07.0", "✓"]
    assert second.endswith("→ revise  4 of 10 [poor]")


def test_a_failure_is_told_with_its_reason_and_place() -> None:
    reason = {"code": "model_down", "message": "The model does not answer.", "node": "draft"}
    assert "The model does not answer. (model_down at draft)" in told((0, "run.failed", {"reason": reason}))


def test_an_unknown_event_is_told_by_its_name() -> None:
    console = Console(file=io.StringIO(), highlight=False)
    Narrator(console).tell({"type": "run.danced", "at": "2026-01-01T00:00:00+00:00", "data": {}})
    assert isinstance(console.file, io.StringIO)
    assert "run.danced" in console.file.getvalue()
