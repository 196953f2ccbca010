"""Policies at work: who decides, votes and edits, stand-ins, claims, handing on, what was seen, and the record of it all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from nexod.kernel.errors import InvalidInput, NexodError
from tests.integration.test_effects import Outside, does, outside
from tests.panel import Json, Panel, asks, panel, users
from tests.workbench import Bench, ask, definition, output, text

__all__ = ["outside", "panel"]
Probes = dict[str, Callable[[Any], Any]]
THREE = ("ann", "ben", "cal")


def ran(bench: Bench, policy: Json, **config: Any) -> Any:
    """Return the id of a run that asks by the policy."""
    run = bench.ran(asks(policy, output(said="{{ nodes.ok.content }}"), **config))
    assert run.status == "waiting", run.error
    return run.id


def acts(panel: Panel, run: Any, action: str, name: str, **given: Any) -> Any:
    """Have somebody claim, release or reassign the run's approval."""
    from workflows.actions import approvals

    with panel.bench.inside():
        return getattr(approvals, f"{action}_approval")(actor=panel.user(name), approval=panel.asked(run), **given)


def code_of(act: Callable[[], Any]) -> str:
    try:
        act()
    except NexodError as error:
        return error.code
    return ""


def test_a_policy_lets_in_whom_it_names_and_no_owner_besides(bench: Bench, panel: Panel) -> None:
    run = ran(bench, users("ann"))
    for other in ("owner", "admin", "approver", "ben"):
        assert panel.refused(run, other) == "not_asked"
    assert panel.refused(run, "viewer") == "permission_denied"
    assert panel.refused(run, "ann") == ""


def test_a_superuser_has_no_way_around_a_policy_that_names_people(bench: Bench, panel: Panel) -> None:
    from tenants.accounts.models import User

    run = ran(bench, users("ann"))
    with bench.inside():
        User.objects.filter(email=panel.email("ben")).update(is_superuser=True)
    assert panel.refused(run, "ben") == "not_asked"


def test_roles_alone_are_the_short_form_which_owners_decide_too(bench: Bench, panel: Panel) -> None:
    run = bench.ran(definition([ask("ok", roles=["approver"]), output()]))
    assert panel.refused(run.id, "admin") == "not_asked"
    assert panel.refused(run.id, "owner") == ""


def test_who_is_asked_stays_when_the_workflow_changes_and_follows_roles_and_groups(bench: Bench, panel: Panel) -> None:
    panel.group("Legal", "ann")
    run = ran(bench, {"who": {"groups": ["Legal"]}})
    assert panel.refused(run, "ben") == "not_asked"
    panel.group("Legal", "ben")
    assert panel.refused(run, "ann") == "not_asked"
    assert panel.refused(run, "ben") == ""


def test_an_expression_names_people_roles_and_groups_when_it_is_asked(bench: Bench, panel: Panel) -> None:
    panel.group("Legal", "ben")
    named = "[inputs.topic, 'Legal', 'admin', 'nobody@acme.test']"
    nodes = [ask("ok", policy={"who": {"expression": named}}), output()]
    run = bench.ran(definition(nodes), {"topic": "ann@acme.test"})
    asked = panel.asked(run.id)
    assert asked.policy["who"] == {"users": ["ann@acme.test"], "roles": ["admin"], "groups": ["Legal"]}
    assert panel.refused(run.id, "cal") == "not_asked"
    assert [panel.refused(run.id, name) for name in ("ben", "ann")] == ["", "approval_already_decided"]


def test_a_policy_that_asks_for_more_people_than_there_are_fails_when_it_asks(bench: Bench, panel: Panel) -> None:
    panel.group("Legal", "ann")
    run = bench.ran(asks({"who": {"groups": ["Legal"]}, "quorum": 2}, output()))
    assert (run.status, run.error["code"]) == ("failed", "approvers_missing")
    assert run.error["details"] == {"needed": 2, "there": 1, "unknown": []}


def test_an_edit_under_a_quorum_is_what_the_others_vote_on_and_former_votes_fall(bench: Bench, panel: Panel) -> None:
    run = ran(bench, users(*THREE, quorum=2), content="first")
    seen = panel.asked(run).digest
    panel.decide(run, "ann", digest=seen)
    panel.decide(run, "ben", "edit", content="second", digest=seen)
    asked = panel.asked(run)
    assert (asked.status, asked.round, asked.proposal, asked.content) == ("pending", 2, "second", "first")
    assert panel.refused(run, "cal", digest=seen) == "approval_changed"
    assert panel.refused(run, "ben") == "vote_cast"
    panel.decide(run, "ann", digest=asked.digest)
    assert (panel.asked(run).decision, panel.asked(run).edited_content) == ("edit", "second")
    assert bench.advance(run).outputs == {"said": "second"}


def test_a_rejection_decides_when_the_rest_cannot_bring_it_any_more(bench: Bench, panel: Panel) -> None:
    run = ran(bench, users(*THREE, quorum=2))
    panel.decide(run, "ann", "reject", comment="No.")
    assert panel.asked(run).status == "pending"
    panel.decide(run, "ben", "reject", comment="Neither.")
    assert (panel.asked(run).decision, panel.asked(run).comment) == ("reject", "No.\n\nNeither.")


def test_one_request_for_changes_sends_it_back_and_everybody_is_asked_anew(bench: Bench, panel: Panel) -> None:
    nodes = [
        text("a", "draft {{ visits.a }}"),
        ask("ok", "{{ nodes.a.text }}", policy=users(*THREE, quorum=2)),
        output("end", said="{{ nodes.ok.content }}"),
    ]
    run = bench.ran(definition(nodes, ["a ok", "ok end approve", "ok a request_changes"], limits={"visits": 4})).id
    panel.decide(run, "ann")
    panel.decide(run, "ben", "request_changes", comment="Longer.")
    assert bench.advance(run).status == "waiting"
    with bench.inside():
        again = panel.asked(run)
        assert (again.proposal, again.previous.comment, again.votes.count()) == ("draft 2", "Longer.", 0)
    for name in ("ann", "ben"):
        panel.decide(run, name)
    assert bench.advance(run).outputs == {"said": "draft 2"}


def test_an_edit_fits_the_schema_of_the_policy(bench: Bench, panel: Panel) -> None:
    schema = {"type": "object", "required": ["sum"], "properties": {"sum": {"type": "integer", "maximum": 100}}}
    run = ran(bench, users("ann", schema=schema))
    with pytest.raises(InvalidInput) as refused:
        panel.decide(run, "ann", "edit", content='{"sum": 500}')
    assert [wrong["field"] for wrong in refused.value.details] == ["content.sum"]
    assert panel.refused(run, "ann", "edit", content="no JSON") == "invalid"
    assert panel.refused(run, "ann", "edit", content='```json\n{"sum": 50}\n```') == ""


def test_who_started_it_and_who_edited_it_are_kept_out_whoever_published_it(bench: Bench, panel: Panel) -> None:
    from django.contrib.auth.models import Group

    from workflows.actions.runs import start_run
    from workflows.actions.workflows import create_workflow, publish_workflow

    with bench.inside():
        for name in ("ann", "ben"):
            panel.user(name).groups.add(Group.objects.get(name="editor"))
        workflow = create_workflow(
            actor=panel.user("ann"),
            name="Test",
            definition=asks(users(*THREE, separate=["starter", "editor"]), output()),
        )
        publish_workflow(actor=panel.user("owner"), workflow=workflow, confirm=True)
        run = start_run(actor=panel.user("ben"), workflow=workflow, inputs={}).id
    bench.advance(run)
    assert [panel.refused(run, name) for name in THREE] == ["duties_separated", "duties_separated", ""]


def test_a_stand_in_votes_for_who_is_away_and_nobody_votes_twice(bench: Bench, panel: Panel) -> None:
    run = ran(bench, users("ann", "ben", quorum=2))
    panel.away("ann", "cal")
    panel.decide(run, "cal")
    assert panel.refused(run, "ann") == "vote_cast"
    assert panel.refused(run, "cal") == "vote_cast"
    panel.decide(run, "ben")
    assert panel.asked(run).decision == "approve"
    assert ("delegated", "cal", "ann") in panel.entries(run)
    assert ("voted", "cal", "ann") in panel.entries(run)


def test_a_stand_in_of_two_has_one_vote_and_all_is_reached_with_it(bench: Bench, panel: Panel) -> None:
    two, every = ran(bench, users(*THREE, quorum=2)), ran(bench, users(*THREE, quorum="all"))
    panel.away("ann", "cal")
    panel.away("ben", "cal")
    for run in (two, every):
        panel.decide(run, "cal")
    assert (panel.asked(two).status, panel.asked(every).decision) == ("pending", "approve")


def test_stand_ins_in_a_circle_decide_nothing_and_those_who_are_away_may(bench: Bench, panel: Panel) -> None:
    run = ran(bench, users("ann"))
    panel.away("ann", "ben")
    panel.away("ben", "ann")
    assert panel.refused(run, "ben") == "not_asked"
    assert panel.refused(run, "ann") == ""


def test_an_absence_that_has_ended_or_is_deleted_lets_nobody_in(bench: Bench, panel: Panel) -> None:
    from workflows.actions.absences import delete_absence

    run = ran(bench, users("ann"))
    absence = panel.away("ann", "ben")
    with bench.inside():
        delete_absence(actor=panel.user("ann"), absence=absence)
    assert panel.refused(run, "ben") == "not_asked"


def test_a_claim_keeps_others_away_until_it_is_released_or_lapses(bench: Bench, panel: Panel) -> None:
    from datetime import timedelta

    from workflows.models import Approval

    run = ran(bench, users("ann", "ben"))
    acts(panel, run, "claim", "ann")
    assert panel.refused(run, "ben") == "approval_claimed"
    assert code_of(lambda: acts(panel, run, "release", "ben")) == "approval_claimed"
    acts(panel, run, "release", "ann")
    acts(panel, run, "claim", "ben")
    with bench.inside():
        asked = panel.asked(run)
        Approval.objects.filter(pk=asked.pk).update(claimed_at=asked.claimed_at - timedelta(hours=9))
    assert panel.refused(run, "ann") == ""
    assert [kind for kind, *_ in panel.entries(run)] == ["asked", "claimed", "released", "claimed", "decided"]


def test_what_several_vote_on_cannot_be_claimed(bench: Bench, panel: Panel) -> None:
    run = ran(bench, users("ann", "ben", quorum=2))
    assert code_of(lambda: acts(panel, run, "claim", "ann")) == "claim_useless"


def test_an_approval_that_is_handed_on_is_the_others_alone(bench: Bench, panel: Panel) -> None:
    run = ran(bench, users("ann", "ben"))
    assert code_of(lambda: acts(panel, run, "reassign", "cal", to=panel.user("cal"))) == "not_asked"
    assert code_of(lambda: acts(panel, run, "reassign", "ann", to=panel.user("viewer"))) == "invalid"
    acts(panel, run, "reassign", "ann", to=panel.user("cal"))
    assert [panel.refused(run, name) for name in ("ann", "ben")] == ["approval_assigned"] * 2
    assert panel.refused(run, "cal") == ""
    assert ("reassigned", "ann", "cal") in panel.entries(run)


def test_who_may_reassign_gives_to_others_and_takes_nothing(bench: Bench, panel: Panel) -> None:
    run = ran(bench, users("ann"))
    assert code_of(lambda: acts(panel, run, "reassign", "owner", to=panel.user("owner"))) == "invalid"
    acts(panel, run, "reassign", "owner", to=panel.user("dan"))
    assert [panel.refused(run, name) for name in ("owner", "ann", "dan")] == [
        "approval_assigned",
        "approval_assigned",
        "",
    ]


def test_of_several_one_place_changes_hands(bench: Bench, panel: Panel) -> None:
    run = ran(bench, users("ann", "ben", quorum="all"))
    acts(panel, run, "reassign", "ann", to=panel.user("cal"))
    assert panel.refused(run, "ann") == "duties_separated"
    acts(panel, run, "reassign", "admin", to=panel.user("dan"), instead_of=panel.user("ben"))
    panel.decide(run, "cal")
    assert code_of(lambda: acts(panel, run, "reassign", "cal", to=panel.user("ben"))) == "vote_cast"
    panel.decide(run, "dan")
    assert panel.asked(run).decision == "approve"


def test_separation_holds_through_handing_on(bench: Bench, panel: Panel) -> None:
    from django.contrib.auth.models import Group

    with bench.inside():
        panel.user("ann").groups.add(Group.objects.get(name="editor"))
        from workflows.actions.runs import start_run

        workflow = bench.workflow(asks(users("ann", "ben", separate=["starter"]), output()))
        run = start_run(actor=panel.user("ann"), workflow=workflow, inputs={}).id
    bench.advance(run)
    assert code_of(lambda: acts(panel, run, "reassign", "ben", to=panel.user("ann"))) == "duties_separated"
    assert code_of(lambda: acts(panel, run, "reassign", "ann", to=panel.user("cal"))) == "duties_separated"


def test_the_record_says_who_saw_voted_and_decided_what_and_stays_when_people_go(bench: Bench, panel: Panel) -> None:
    from tenants.accounts.models import User
    from workflows.actions.approvals import note_seen
    from workflows.models import ApprovalEntry

    run = ran(bench, users("ann", "ben", quorum=2))
    with bench.inside():
        for _ in range(3):
            note_seen(actor=panel.user("ann"), approval=panel.asked(run))
    panel.decide(run, "ann", comment="Fine.")
    panel.decide(run, "ben")
    with bench.inside():
        User.objects.filter(email=panel.email("ann")).delete()
        lines = list(ApprovalEntry.objects.filter(approval__run=run).order_by("id"))
    assert [(line.kind, line.by_email) for line in lines] == [
        ("asked", ""), ("seen", "ann@acme.test"), ("voted", "ann@acme.test"), ("voted", "ben@acme.test"),
        ("decided", "ben@acme.test"),
    ]  # fmt: skip
    assert {line.digest for line in lines} == {panel.asked(run).digest}
    assert lines[2].detail == {"decision": "approve", "comment": "Fine.", "approved": 1, "needed": 2}
    assert panel.entries(run, slug="globex") == []


@pytest.mark.parametrize("quorum", ["any", 2, "all"])
def test_votes_that_come_together_decide_once(
    bench: Bench, panel: Panel, probes: Probes, outside: Outside, quorum: Any
) -> None:
    """Everybody votes twice at the same moment, from threads and connections of their own."""
    probes["works"] = does(outside)
    run = bench.ran(asks(users(*THREE, quorum=quorum))).id
    codes: list[str] = []
    start = threading.Barrier(6)

    def votes(name: str) -> None:
        start.wait(60)
        codes.append(panel.refused(run, name))

    people = [threading.Thread(target=votes, args=(name,)) for name in THREE * 2]
    for person in people:
        person.start()
    for person in people:
        person.join()
    taken = {"any": 1, 2: 2, "all": 3}[quorum]
    assert codes.count("") == taken
    assert set(codes) <= {"", "vote_cast", "approval_already_decided"}
    assert bench.advance(run).status == "completed"
    assert len(outside.done) == 1
    assert bench.types(run).count("approval.decided") == 1


def test_several_in_one_workflow_side_by_side_and_in_a_row_each_by_its_policy(bench: Bench, panel: Panel) -> None:
    nodes = [
        text("a"),
        ask("left", policy=users("ann", "ben", quorum=2)),
        ask("right", policy=users("cal")),
        ask("last", policy=users("dan")),
        output(),
    ]
    run = bench.ran(definition(nodes, ["a left", "a right", "left last", "right last", "last end"])).id
    from workflows.actions.approvals import decidable_by, decide_approval
    from workflows.models import Approval

    decided = []
    for name in ("dan", "ann", "cal", "ben", "dan"):
        with bench.inside():
            mine = list(decidable_by(panel.user(name)).filter(run=run))
            for approval in mine:
                decide_approval(actor=panel.user(name), approval=approval, decision="approve")
                decided.append((name, approval.step.node))
        bench.advance(run)
    assert decided == [("ann", "left"), ("cal", "right"), ("ben", "left"), ("dan", "last")]
    assert bench.run(run).status == "completed"
    with bench.inside("globex"):
        assert not Approval.objects.exists()


def test_what_is_mine_is_what_i_may_decide(bench: Bench, panel: Panel) -> None:
    """The query of lists and the judgement of one row say the same of everybody."""
    from workflows.actions.approvals import decidable_by
    from workflows.approvals.people import desk_of
    from workflows.models import Approval

    panel.group("Legal", "dan")
    policies = [
        users("ann"), users(*THREE, quorum=2), {"who": {"groups": ["Legal"]}}, {"who": {"roles": ["admin"]}},
        users("ann", "cal", separate=["starter"]), {"quorum": "all"},
    ]  # fmt: skip
    runs = [ran(bench, policy) for policy in policies]
    panel.away("ann", "dan")
    panel.decide(runs[1], "dan")
    acts(panel, runs[4], "claim", "cal")
    with bench.inside():
        for name in (*THREE, "dan", "owner", "admin", "approver", "editor", "viewer"):
            desk = desk_of(panel.user(name))
            every = Approval.objects.select_related("run", "step").prefetch_related("votes")
            judged = {one.pk for one in every if desk.refusal(one) is None}
            assert set(decidable_by(panel.user(name)).values_list("pk", flat=True)) == judged, name
