"""JSON in the admin's forms that no machine should read on: an error at its field, not a failure of the page."""

from __future__ import annotations

import pytest

from tests.admin import filled


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested"),
        ('{"a":' * 200 + "1" + "}" * 200, "nested"),
        (r'{"type": "object", "title": "\u0000"}', "NUL"),
        (r'{"type": "object", "title": "\ud800"}', "surrogate"),
    ],
)
def test_json_that_cannot_be_kept_is_refused_at_its_field(visit, content, text, reason):
    editor, page = visit("acme", "editor"), f"/admin/agents/crew/{content.crew.pk}/change/"
    form = filled(editor.get(page).content.decode(), "crew_form")
    answer = editor.post(page, {**form, "tasks-0-output_schema": text})
    assert answer.status_code == 200
    assert reason in answer.context["inline_admin_formsets"][0].formset.errors[0]["output_schema"][0]
