"""What a run gives: a published document, named values, or both."""

from __future__ import annotations

import pytest

from tests.definitions import Call
from workflows.nodes.output import file_name
from workflows.nodes.registry import get

VALUES = {"inputs": {"topic": "tea"}, "nodes": {"draft": {"text": "# Tea"}}, "visits": {"draft": 2}, "run": {}}


def test_values_are_templates_or_expressions():
    config = {"outputs": {"text": {"template": "{{ nodes.draft.text }}!"}, "drafts": {"cel": "visits.draft"}}}
    result = get("output").run(Call(config, VALUES))
    assert result.output == {"outputs": {"text": "# Tea!", "drafts": 2}}


def test_a_document_is_published_under_its_name():
    call = Call({"artifact": {"name": "On {{ inputs.topic }}.md", "content": "{{ nodes.draft.text }}"}}, VALUES)
    result = get("output").run(call)
    assert call.published == [{"name": "On tea.md", "media_type": "text/markdown", "content": "# Tea"}]
    assert result.output == {"outputs": {}, "artifact": "artifact-1", "name": "On tea.md"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Briefing: tea/coffee?.md", "Briefing tea coffee.md"),
        ("Minutes of No. twenty-one and a half", "Minutes of No. twenty-one and a half"),
        ("../../etc/passwd", "etc passwd"),
        ("a\nb\t\0c", "a b c"),
        ("", "output"),
        ("...", "output"),
        ("x" * 300 + ".md", "x" * 197 + ".md"),
        ("x" * 300, "x" * 200),
        ("Tee, für alle.md", "Tee, für alle.md"),
    ],
)
def test_a_name_is_safe_to_download(text, name):
    assert file_name(text) == name
