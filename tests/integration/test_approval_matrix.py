"""Who asks, how many decide, who may not, who is away, who clicks twice, what times out and what dies, in all combinations.

Whatever comes together, what follows the approval is executed exactly once when it was approved, and not at all otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nexod.kernel.errors import NexodError
from tests.integration.test_approval_times import later, swept
from tests.integration.test_effects import Outside, does, outside
from tests.integration.test_runs_undo import _lease_ends
from tests.panel import Json, Panel, asks, panel
from tests.workbench import Bench

__all__ = ["outside", "panel"]
Probes = dict[str, Callable[[Any], Any]]

# Who is asked: always Ann, Ben and Cal, and nobody else.
WHO: dict[str, Json] = {
    "users": {"users": ["ann@acme.test", "ben@acme.test", "cal@acme.test"]},
    "roles": {"roles": ["approver"]},
    "groups": {"groups": ["Panel"]},
    "expression": {"expression": "[inputs.topic + '@acme.test', 'Others']"},
}
QUORUM: dict[str, tuple[Any, int]] = {"any": ("any", 1), "two": (2, 2), "all": ("all", 3)}
SEPARATED = ("nobody", "starter", "editor")
AWAY = ("nobody", "ann", "ann, and her stand-in is kept out")
TIMES = ("in time", "too late")
CRASHES = ("no crash", "dies before", "dies after")
EVERY = list(product(WHO, QUORUM, SEPARATED))
BESIDE = list(product(QUORUM, AWAY, TIMES, CRASHES))


class Story:
    """One run that asks, the people who answer, and what is done when it was approved."""

    def __init__(self, bench: Bench, panel: Panel, probes: Probes, outside: Outside, crash: str = "no crash") -> None:
        self.bench, self.panel, self.outside = bench, panel, outside
        self.deaths = 0 if crash == "no crash" else 1
        probes["works"] = self._works(crash, does(outside))
        panel.group("Panel", "ann", "ben", "cal")
        panel.group("Others", "ben", "cal")

    def _works(self, crash: str, order: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def works(call: Any) -> Any:
            if crash == "dies before" and self.deaths:
                self.deaths -= 1
                raise SystemExit
            gave = order(call)
            if crash == "dies after" and self.deaths:
                self.deaths -= 1
                raise SystemExit
            return gave

        return works

    def start(self, policy: Json, starter: str = "editor", editor: str = "editor") -> UUID:
        """Have the workflow edited and the run started by these people; return the run that asks."""
        from workflows.actions.runs import start_run
        from workflows.actions.workflows import create_workflow, publish_workflow

        with self.bench.inside():
            makes, runs = self.panel.user(editor), self.panel.user(starter)
            workflow = create_workflow(actor=makes, name="Test", definition=asks(policy))
            publish_workflow(actor=self.panel.user("owner"), workflow=workflow, confirm=True)
            run = start_run(actor=runs, workflow=workflow, inputs={"topic": "ann"}).id
        self.bench.advance(run)
        self.run = run
        return run

    def votes(self, *names: str) -> None:
        """Have each of them approve twice: the second click is refused, and changes nothing."""
        for name in names:
            assert self.panel.refused(self.run, name) == "", name
            assert self.panel.refused(self.run, name) in ("vote_cast", "approval_already_decided"), name

    def goes_on(self) -> Any:
        """Have workers go on with it, however often one dies; return the run."""
        for _ in range(3):
            try:
                return self.bench.advance(self.run)
            except SystemExit:
                _lease_ends(self.run)
        raise AssertionError("It never goes on.")

    def was_executed(self, times: int) -> None:
        """Hold the run to having done that often what follows, and to one decision, whatever messages come still."""
        run = self.goes_on()
        for _ in range(2):
            self.bench.advance(self.run)
        assert run.status == ("completed" if times else "failed"), run.error
        assert len(self.outside.done) == times
        assert self.bench.types(self.run).count("approval.decided") == 1
        assert [kind for kind, *_ in self.panel.entries(self.run)].count("decided") == 1
        assert self.bench.types(self.run, slug="globex") == []


@pytest.fixture
def story(bench: Bench, panel: Panel, probes: Probes, outside: Outside) -> Callable[..., Story]:
    def tell(crash: str = "no crash") -> Story:
        return Story(bench, panel, probes, outside, crash)

    return tell


def makers(separated: str) -> Json:
    """Return who starts and who edits, so that Ann is the one who is kept out."""
    return {
        "nobody": {"starter": "owner", "editor": "owner"},
        "starter": {"starter": "ann", "editor": "owner"},
        "editor": {"starter": "owner", "editor": "ann"},
    }[separated]


@pytest.fixture
def may_build(bench: Bench, panel: Panel) -> None:
    """Let Ann and Dan edit and start, too."""
    from django.contrib.auth.models import Group

    with bench.inside():
        for name in ("ann", "dan"):
            panel.user(name).groups.add(Group.objects.get(name="editor"))


@pytest.mark.parametrize(("who", "quorum", "separated"), EVERY)
def test_who_is_asked_and_who_is_kept_out(
    story: Callable[..., Story], may_build: None, who: str, quorum: str, separated: str
) -> None:
    told, (wanted, needed) = story(), QUORUM[quorum]
    told.start({"who": WHO[who], "quorum": wanted, "separate": ["starter", "editor"]}, **makers(separated))
    for stranger in ("viewer", "editor", "owner", "dan"):
        refusal = told.panel.refused(told.run, stranger) if (who, stranger) != ("roles", "dan") else "not_asked"
        assert refusal in ("not_asked", "permission_denied", "duties_separated"), stranger
    voters = ["ann", "ben", "cal"]
    if separated != "nobody":
        assert told.panel.refused(told.run, "ann") == "duties_separated"
        voters.remove("ann")
    if quorum == "all" and who == "roles":
        voters += ["dan", "approver"]
    told.votes(*(voters if quorum == "all" else voters[:needed]))
    told.was_executed(1)


@pytest.mark.parametrize(("quorum", "away", "times", "crash"), BESIDE)
def test_who_is_away_what_times_out_and_what_dies(
    story: Callable[..., Story], may_build: None, quorum: str, away: str, times: str, crash: str
) -> None:
    told, (wanted, needed) = story(crash), QUORUM[quorum]
    policy = {"who": WHO["users"], "quorum": wanted, "due": {"after": "1h", "on_timeout": "reject"}}
    kept_out = away.endswith("kept out")
    told.start({**policy, "separate": ["starter"]}, starter="dan" if kept_out else "owner", editor="owner")
    if away != "nobody":
        told.panel.away("ann", "dan")
    voters = ["ann" if away == "nobody" else "dan", "ben", "cal"]
    if kept_out:
        assert told.panel.refused(told.run, "dan") == "duties_separated"
        voters[0] = "ann"
    if times == "too late":
        told.votes(*voters[: needed - 1])
        later(told.bench, told.run, 3601)
        assert len(swept(told.bench)) == 1
        assert told.panel.refused(told.run, voters[-1]) == "approval_already_decided"
        told.was_executed(0)
        return
    told.votes(*voters[:needed])
    later(told.bench, told.run, 3601)
    swept(told.bench)
    told.was_executed(1)
    record = told.panel.entries(told.run)
    assert ("delegated", "dan", "ann") in record if away == "ann" else not any(for_ for _, _, for_ in record)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "ben", "cal", "dan", "owner"]),
        st.sampled_from(["approve", "reject", "request_changes", "edit", "claim", "release", "late", "wake"]),
    ),
    min_size=1,
    max_size=10,
)


@given(acts=ACTS, wanted=st.sampled_from(["any", "all", 1, 2, 3]))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_people_do_it_is_decided_once_and_done_once(
    bench: Bench, panel: Panel, probes: Probes, outside: Outside, acts: list[tuple[str, str]], wanted: Any
) -> None:
    outside.done.clear()
    told = Story(bench, panel, probes, outside)
    told.start({"who": WHO["users"], "quorum": wanted, "due": {"after": "1h"}}, "owner", "owner")
    for name, act in [*acts, ("", "late")]:
        _do(told, name, act)
    asked = panel.asked(told.run)
    assert asked.status == "decided"
    told.was_executed(1 if asked.decision in ("approve", "edit") else 0)


def _do(told: Story, name: str, act: str) -> None:
    from workflows.actions.approvals import claim_approval, release_approval

    if act == "wake":
        told.bench.advance(told.run)
    elif act == "late":
        later(told.bench, told.run, 3601)
        swept(told.bench)
    elif act in ("claim", "release"):
        action = claim_approval if act == "claim" else release_approval
        try:
            with told.bench.inside():
                action(actor=told.panel.user(name), approval=told.panel.asked(told.run))
        except NexodError:
            pass
    else:
        told.panel.refused(told.run, name, act, comment="So.", content=f"By {name}")
