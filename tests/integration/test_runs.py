"""A run from its start to its end: rows, events, outputs, usage; and what the other tenant does not see."""

from __future__ import annotations

from tests import probe
from tests.workbench import Bench, ask, choose, definition, node, output, text
from workflows.nodes.base import NodeCall

CHAIN = definition(
    [text("a", "On {{ inputs.topic }}"), text("b", "{{ nodes.a.text }}!"), output(said="{{ nodes.b.text }}")]
)


def test_a_chain_completes(bench: Bench) -> None:
    run = bench.ran(CHAIN)
    assert (run.status, run.outputs, run.error) == ("completed", {"said": "On tides!"}, None)
    assert run.started_at
    assert run.finished_at > run.started_at
    assert bench.types(run.id) == [
        "run.created",
        "run.started",
        *["step.started", "step.completed"] * 3,
        "run.completed",
    ]


def test_events_are_numbered_from_one_without_gaps(bench: Bench) -> None:
    run = bench.ran(CHAIN)
    assert [event.seq for event in bench.events(run.id)] == list(range(1, run.last_seq + 1))


def test_every_step_keeps_what_it_gave(bench: Bench) -> None:
    run = bench.ran(CHAIN)
    steps = bench.steps(run.id)
    assert [(step.node, step.status, step.visit) for step in steps] == [(n, "completed", 1) for n in ("a", "b", "end")]
    assert steps[1].output == {"text": "On tides!"}
    assert all(step.finished_at >= step.started_at for step in steps)


def test_every_step_keeps_what_it_was_given(bench: Bench) -> None:
    long = text("long", "{{ inputs.topic }}" + "x" * 5000)
    run = bench.ran(definition([long, text("b", "{{ nodes.long.text }}{{ visits.long }}"), output(said="ok")]))
    steps = {step.node: step.inputs for step in bench.steps(run.id)}
    assert steps["long"] == {"inputs.topic": "tides"}
    assert steps["b"]["visits.long"] == 1
    assert steps["b"]["nodes.long.text"].startswith("tidesx")
    assert len(steps["b"]["nodes.long.text"]) == 1000
    assert steps["end"] == {}


def test_the_other_tenant_sees_nothing_of_it(bench: Bench) -> None:
    run = bench.ran(CHAIN)
    with bench.inside("globex"):
        from workflows.models import Run, RunEvent, Step

        assert not Run.objects.filter(pk=run.id).exists()
        assert Step.objects.count() == RunEvent.objects.count() == 0
    assert bench.usage("globex") == {}


def test_another_tenants_worker_cannot_touch_it(bench: Bench) -> None:
    run = bench.start(CHAIN)
    with bench.inside("globex"):
        from workflows.engine.loop import advance

        advance(run)
    assert bench.run(run).status == "pending"
    assert bench.ticket(run).state == "ready"


def test_both_tenants_run_the_same_definition_apart(bench: Bench) -> None:
    ours = bench.start(CHAIN, {"topic": "ours"})
    theirs = bench.start(CHAIN, {"topic": "theirs"}, slug="globex")
    assert bench.advance(ours).outputs == {"said": "On ours!"}
    assert bench.advance(theirs, slug="globex").outputs == {"said": "On theirs!"}


def test_usage_is_counted_once(bench: Bench) -> None:
    bench.ran(CHAIN)
    assert bench.usage() == {"runs": 1, "steps": 3}


def test_the_ticket_is_done_with_the_run(bench: Bench) -> None:
    run = bench.ran(CHAIN)
    assert bench.ticket(run.id).state == "done"


def test_a_message_that_comes_again_changes_nothing(bench: Bench) -> None:
    run = bench.ran(CHAIN)
    again = bench.advance(run.id)
    assert again.last_seq == run.last_seq
    assert bench.usage()["steps"] == 3


def test_a_condition_chooses_the_way(bench: Bench) -> None:
    nodes = [choose("which", "plain", loud="inputs.topic == 'storms'"), text("loud", "STORM"), text("plain", "calm")]
    edges = ["which loud loud", "which plain plain", "loud end", "plain end"]
    said = "{% if nodes.loud %}{{ nodes.loud.text }}{% else %}{{ nodes.plain.text }}{% endif %}"
    document = definition([*nodes, output(said=said)], edges)
    assert bench.ran(document).outputs == {"said": "calm"}
    assert bench.ran(document, {"topic": "storms"}).outputs == {"said": "STORM"}


def test_a_loop_counts_its_visits(bench: Bench) -> None:
    nodes = [text("draft", "draft {{ visits.draft }}"), choose("gate", "on", again="visits.draft < 3")]
    document = definition(
        [*nodes, output(said="{{ nodes.draft.text }}")],
        ["draft gate", "gate draft again", "gate end on"],
        limits={"visits": 5},
    )
    run = bench.ran(document)
    assert run.outputs == {"said": "draft 3"}
    assert [step.visit for step in bench.steps(run.id) if step.node == "draft"] == [1, 2, 3]


def test_a_loop_over_its_bound_fails_and_says_where(bench: Bench) -> None:
    nodes = [text("draft"), choose("gate", "on", again="true")]
    document = definition([*nodes, output()], ["draft gate", "gate draft again", "gate end on"], limits={"visits": 2})
    run = bench.ran(document)
    assert run.status == "failed"
    assert (run.error["code"], run.error["node"], run.error["details"]) == ("visits_exceeded", "draft", {"visits": 2})


def test_branches_run_side_by_side_and_meet_once(bench: Bench) -> None:
    nodes = [text("a"), text("left", "L"), text("right", "R"), text("longer", "{{ nodes.right.text }}+")]
    join = text("join", "{{ nodes.left.text }}{{ nodes.longer.text }}")
    edges = ["a left", "a right", "right longer", "left join", "longer join", "join end"]
    run = bench.ran(definition([*nodes, join, output(said="{{ nodes.join.text }}")], edges))
    assert run.outputs == {"said": "LR+"}
    assert [step.visit for step in bench.steps(run.id) if step.node == "join"] == [1]


def test_a_node_may_be_called_like_a_part_of_the_state(bench: Bench) -> None:
    run = bench.ran(definition([text("inputs"), text("nodes"), text("visits"), output()]))
    assert run.status == "completed"


def test_a_failing_step_fails_the_run_with_its_reason(bench: Bench) -> None:
    run = bench.ran(definition([text("a"), text("b", "{{ 1 / 0 }}"), output()]))
    assert run.status == "failed"
    assert run.error["node"] == "b"
    assert run.error["code"] == "template_failed"
    [failed] = [step for step in bench.steps(run.id) if step.status == "failed"]
    assert failed.error == run.error
    assert bench.types(run.id)[-2:] == ["step.failed", "run.failed"]
    assert bench.ticket(run.id).state == "done"


def test_state_over_its_bound_is_a_clear_error(bench: Bench, settings) -> None:  # type: ignore[no-untyped-def]
    settings.NEXOD_MAX_STATE_BYTES = 1000
    run = bench.ran(definition([text("a", "x" * 600), text("b", "y" * 600), output()]))
    assert (run.status, run.error["code"], run.error["node"]) == ("failed", "state_too_large", "b")


def test_characters_that_cannot_be_stored_are_replaced(bench: Bench) -> None:
    run = bench.ran(definition([text("a", "{{ '\\u0000' }}x"), output(said="{{ nodes.a.text }}")]))
    assert run.status == "completed", run.error
    assert "\0" not in run.outputs["said"]


def test_a_run_keeps_checkpoints_only_while_it_waits(bench: Bench) -> None:
    waits = bench.ran(definition([text("a"), ask("ok"), text("b", "{{ 1 / (nodes | length - 2) }}"), output()]))
    assert bench.checkpoints(waits.id) > 0
    bench.decide(waits.id, "approve")
    assert bench.advance(waits.id).status == "failed"
    done, failed = bench.ran(CHAIN), bench.ran(definition([text("a"), text("b", "{{ 1 / 0 }}"), output()]))
    assert [bench.checkpoints(run.id) for run in (waits, done, failed)] == [0, 0, 0]


def test_a_stale_worker_writes_nothing(bench: Bench) -> None:
    """One that was thought dead and wakes up: neither step nor event nor the end of the run is its to write."""
    from workflows.models import Run

    def overtaken(call: NodeCall) -> None:
        with bench.inside():
            Run.objects.filter(pk=call.run_id).update(fence=1_000)

    with probe.registered() as behaviours:
        behaviours["late"] = overtaken
        run = bench.start(definition([text("a"), node("b", "probe", {"does": "late"}), output()]))
        found = bench.advance(run)
    assert found.status == "running"
    assert [(step.node, step.status) for step in bench.steps(run)] == [("a", "completed"), ("b", "running")]
    assert bench.types(run)[-1] == "step.started"
