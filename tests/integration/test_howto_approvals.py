"""The pages about approvals in time and about tools: what they show can be saved as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from agents.tools.rules import ASKS, PER
from agents.tools.validation import tool_problems
from tests.unit.test_approval_due_policy import Everybody
from workflows.actions.business_hours import set_business_hours
from workflows.approvals.checks import policy_problems
from workflows.approvals.document import DUE

HOWTO = Path(__file__).parents[2] / "docs" / "howto"


def shown(page: str) -> list[Any]:
    return [json.loads(text) for text in re.findall(r"```json\n(.*?)```", (HOWTO / page).read_text(), re.DOTALL)]


def test_the_policy_and_the_hours_of_the_page_are_taken(person, in_acme):
    policy, hours = shown("approvals-in-time.md")
    assert policy_problems(policy, Everybody()) == []
    assert set_business_hours(actor=person("acme", "owner"), **hours).week["tuesday"] == [["09:00", "17:00"]]


def test_the_page_says_every_word_of_the_document():
    rows = re.findall(r"^\| `(\w+)` \|", (HOWTO / "approvals-in-time.md").read_text(), re.MULTILINE)
    assert rows == list(DUE["properties"])


def test_the_tool_of_the_page_is_taken(in_acme):
    [tool] = shown("approve-tool-calls.md")
    assert tool_problems([tool]) == []


def test_the_page_says_every_way_of_asking():
    text = (HOWTO / "approve-tool-calls.md").read_text()
    assert all(f'"{word}"' in text for word in (*ASKS, *PER))
