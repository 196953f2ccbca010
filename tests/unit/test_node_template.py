"""Templates: what they give, how they fail, and that none can take the process down or hold it up."""

from __future__ import annotations

import copy
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from nexod.kernel.sandbox import pool
from tests.definitions import Call
from workflows.expressions import evaluate
from workflows.nodes.registry import get
from workflows.rendering import TemplateFailed, is_harmless, names_in, render

VALUES = {
    "inputs": {"topic": "tea", "long": "a" * 200_000, "many": list(range(3_000)), "tags": ["x", "y"]},
    "nodes": {"draft": {"text": "Tea is hot.", "data": {"title": "Tea"}}, "empty": None},
    "visits": {"draft": 2},
    "run": {"id": "r"},
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("no tags {at all}", "no tags {at all}"),
        ("{{ nodes.draft.text }}", "Tea is hot."),
        ("{{ nodes.draft.data.title|upper }}!", "TEA!"),
        ("{% if nodes.score %}again{% else %}first{% endif %}", "first"),
        ("{% if visits.draft > 1 %}again{% endif %}", "again"),
        ("{% for tag in inputs.tags %}{{ tag }};{% endfor %}", "x;y;"),
        ("{{ inputs.tags|join(', ') }}", "x, y"),
        ("{{ inputs.missing|default('nothing') }}", "nothing"),
        ("{{ '<b>' }}", "<b>"),
        ("{% for key, value in nodes.draft.items() %}{{ key }} {% endfor %}", "text data "),
        ("{{ inputs.tags|tojson }}", '["x", "y"]'),
    ],
)
def test_a_template_gives_text(template, text):
    assert render(template, VALUES) == text


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{% for i in range(90000) %}{% for j in range(90000) %}x{% endfor %}{% endfor %}", "It loops too often"),
        ("{{ nodes.score.text }}", "`nodes.score` is undefined"),
        ("a\nb {{ nope() }}", "line 2: nope is unknown"),
        ("{{ inputs.topic|nope }}", "filter nope is unknown"),
        ("{% include 'secrets' %}", "non-existing template"),
        ("{{ inputs.topic", "unexpected end of input"),
        ("{{ debug() }}", "debug is unknown"),
    ],
)
def test_a_template_that_fails_says_why(template, reason):
    with pytest.raises(TemplateFailed) as caught:
        render(template, VALUES)
    assert reason in caught.value.message
    assert caught.value.code == "template_failed"


BOMBS = {
    "product of lists": "{{ ([1] * 100000000)|length }}{{ [1] * 100000000 }}",
    "output in a loop": "{% for i in inputs.many %}{{ inputs.long }}{% endfor %}",
    "doubling": "{% set ns = namespace(x='aaaaaaaaaa') %}{% for i in range(40) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "replace": "{{ inputs.long|replace('a', inputs.long)|length }}",
    "join": "{{ range(100000)|join(inputs.long)|length }}",
    "indent": "{{ 'a\nb'|indent(4000000000)|length }}",
    "recursion": "{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}",
    "operators": "{{ " + "1+" * 31_000 + "1 }}",
    "nesting": "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
    "too large": "{{ inputs.long }}" * 6,
    "too long": "x{{ a }}" * 10_000,
}


@pytest.mark.parametrize("template", BOMBS.values(), ids=BOMBS)
def test_a_bomb_fails_within_seconds(template):
    began = time.perf_counter()
    with pytest.raises(TemplateFailed):
        render(template, VALUES)
    assert time.perf_counter() - began < 8


def test_after_a_bomb_the_next_template_works():
    with pytest.raises(TemplateFailed):
        render(BOMBS["doubling"], VALUES)
    assert render("{% for tag in inputs.tags %}{{ tag }}{% endfor %}", VALUES) == "xy"


def test_a_template_cannot_change_the_values():
    before = copy.deepcopy(VALUES)
    render("{{ nodes.update({'z': 1}) }}{{ inputs.tags.append('z') }}", VALUES)
    assert before == VALUES


def test_the_child_that_renders_has_none_of_our_secrets(monkeypatch):
    monkeypatch.setenv("NEXOD_SECRET_KEY", "secret")
    child = pool.Child()
    try:
        with open(f"/proc/{child.process.pid}/environ") as environment:
            assert "NEXOD_SECRET_KEY" not in environment.read()
    finally:
        child.end()


def test_a_forked_process_has_children_of_its_own():
    template = "{% for tag in inputs.tags %}{{ tag }}{% endfor %}"
    render(template, VALUES)
    child = os.fork()
    if not child:
        os._exit(0 if not pool._idle and render(template, VALUES) == "xy" else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert render(template, VALUES) == "xy"


def test_many_threads_render_and_evaluate_at_once():
    def work(number):
        values = {**VALUES, "inputs": {"topic": str(number), "tags": ["x"] * number}}
        looped = "{% for tag in inputs.tags %}{{ tag }}{% endfor %}"
        return [
            (render("{{ inputs.topic }}", values), evaluate("inputs.topic", values), render(looped, values))
            for _ in range(20)
        ]

    with ThreadPoolExecutor(8) as threads:
        for number, results in enumerate(threads.map(work, range(8))):
            assert set(results) == {(str(number), str(number), "x" * number)}


@pytest.mark.parametrize(
    "template",
    [
        "{{ a.b|trim }} {% if a.b == 'x' %}x{% elif not b %}{{ b }}{% else %}y{% endif %}",
        "{{ a|default('none') }}",
        "text { with } braces % #",
    ],
)
def test_what_only_prints_and_compares_is_rendered_here(template):
    assert is_harmless(template)


@pytest.mark.parametrize(
    "template",
    [
        "{% for x in a %}{% endfor %}",
        "{{ a * 3 }}",
        "{{ a ~ a }}",
        "{{ a() }}",
        "{{ a|replace('a', b) }}",
        "{% set x = a %}",
        "{% raw %}{{ a }}{% endraw %}",
        "{# {{ a }} #}",
        "{{ a }}" * 51,
        "x" * 8_000 + "{{ a }}",
    ],
)
def test_everything_else_is_rendered_in_the_child(template):
    assert not is_harmless(template)


def test_names_are_told_with_their_path():
    template = "{{ nodes.a.text }}{% for p in nodes['b'].passages %}{{ p.ref }}{% endfor %}{{ inputs.topic|upper }}"
    assert names_in(template) >= {"nodes.a.text", "nodes.b", "inputs.topic"}
    assert "p.ref" not in names_in(template)


def test_names_of_a_long_template_are_found_too():
    assert "nodes.a.text" in names_in("x" * 20_000 + "{{ nodes.a.text }}")


def test_the_node_gives_the_text():
    result = get("template").run(Call({"template": "About {{ inputs.topic }}"}, VALUES))
    assert result.output == {"text": "About tea"}
    assert result.route == ""
