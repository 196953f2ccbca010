"""Schedules: what is due is fired for once, whoever ticks, and made up for by their policy."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection, transaction

from nexod.kernel.errors import InvalidInput, PermissionDenied
from tenants import due_times
from tenants.actions.due_times import correct_due_times, sweep_due_times
from tenants.context import enter_platform
from tenants.models import DueTime
from tests.integration.test_tickets import suspended
from tests.triggers import DAILY, due_rows, made, make_due
from tests.workbench import definition, output, text
from workflows.actions import firings
from workflows.actions.firings import fire_by_hand, fire_schedule
from workflows.actions.triggers import create_trigger, delete_trigger, put_off, set_enabled, update_trigger
from workflows.models import Firing, Run, Trigger

CHAIN = definition([text("a"), output()])
HOURLY = {"cron": "0 * * * *", "zone": "UTC"}


@pytest.fixture
def workflow(bench):
    return bench.workflow(CHAIN)


def fired(bench, trigger):
    with bench.inside():
        return fire_schedule(trigger_id=trigger.pk)


def hours_ago(number):
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=number)


def test_a_schedule_is_next_due_in_public_and_fires_once(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config=DAILY)
    assert due_rows()[trigger.pk].due_at == trigger.next_due
    make_due(bench, trigger, trigger.next_due - timedelta(days=1))
    (firing,) = fired(bench, trigger)
    assert fired(bench, trigger) == []
    with bench.inside():
        assert (firing.outcome, firing.due) == ("started", trigger.next_due - timedelta(days=1))
        assert Run.objects.get(firings=firing).started_by == bench.user()
        assert Trigger.objects.get().next_due == due_rows()[trigger.pk].due_at > datetime.now(UTC)
    with bench.inside("globex"):
        assert not Run.objects.exists()
        assert not Firing.objects.exists()


@pytest.mark.parametrize(
    ("policy", "limit", "outcomes"),
    [("none", 1, ["skipped"]), ("last", 1, ["started"]), ("all", 3, ["started"] * 3), ("all", 100, ["started"] * 5)],
)
def test_what_was_missed_is_made_up_for_by_the_policy(bench, workflow, policy, limit, outcomes, monkeypatch):
    trigger, _ = made(bench, workflow, "schedule", config={**HOURLY, "catch_up": policy, "catch_up_limit": limit})
    # Whatever the minute is now: the newest hour was not a moment ago.
    monkeypatch.setattr(firings, "GRACE", timedelta(0))
    make_due(bench, trigger, hours_ago(4))
    found = fired(bench, trigger)
    assert [firing.outcome for firing in found] == outcomes
    assert [firing.due for firing in found] == [hours_ago(number) for number in reversed(range(len(outcomes)))]


def test_a_year_of_minutes_that_were_missed_is_over_at_once(bench, workflow):
    minutely = {"cron": "* * * * *", "zone": "Asia/Kathmandu", "catch_up": "all", "catch_up_limit": 5}
    trigger, _ = made(bench, workflow, "schedule", config=minutely)
    make_due(bench, trigger, datetime.now(UTC) - timedelta(days=366))
    began = datetime.now(UTC)
    assert len(fired(bench, trigger)) == 5
    assert datetime.now(UTC) - began < timedelta(seconds=5)


def test_one_that_is_due_now_is_fired_for_although_nothing_is_made_up_for(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config={"every_minutes": 1, "catch_up": "none"})
    make_due(bench, trigger, datetime.now(UTC).replace(second=0, microsecond=0))
    assert [firing.outcome for firing in fired(bench, trigger)] == ["started"]


def test_several_workers_that_fire_at_the_same_time_start_one_run(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY)
    make_due(bench, trigger, hours_ago(0))
    found, gate = [], threading.Barrier(6)

    def work():
        gate.wait()
        found.extend(fired(bench, trigger))

    threads = [threading.Thread(target=work) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    with bench.inside():
        assert (len(found), Run.objects.count(), Firing.objects.count()) == (1, 1, 1)


def test_a_worker_that_dies_before_the_commit_leaves_the_time_due(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY)
    make_due(bench, trigger, hours_ago(0))
    with bench.inside(), transaction.atomic():
        assert len(fire_schedule(trigger_id=trigger.pk)) == 1
        transaction.set_rollback(True)
    with bench.inside():
        assert not Run.objects.exists()
    assert due_rows()[trigger.pk].due_at == hours_ago(0)
    assert len(fired(bench, trigger)) == 1


def test_a_clock_that_goes_back_fires_for_no_time_twice(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY)
    for _ in range(2):
        make_due(bench, trigger, hours_ago(0))
        fired(bench, trigger)
    with bench.inside():
        assert (Run.objects.count(), Firing.objects.count()) == (1, 1)


def test_a_time_put_off_by_a_clock_that_was_set_back_is_due_again(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY)
    with enter_platform():
        DueTime.objects.filter(item=trigger.pk).update(
            due_at=hours_ago(1), wake_at=datetime.now(UTC) + timedelta(days=9)
        )
        assert correct_due_times() == 1
        assert [due.item for due in sweep_due_times()] == [str(trigger.pk)]


def test_a_sweep_sends_each_due_time_once_and_again_when_nothing_came_of_it(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY)
    make_due(bench, trigger, hours_ago(0))
    with enter_platform():
        assert [due.item for due in sweep_due_times()] == [str(trigger.pk)]
        assert sweep_due_times() == []
        row = DueTime.objects.get(item=trigger.pk)
        assert 3 < (row.wake_at - datetime.now(UTC)).total_seconds() < 6


def test_an_idle_sweep_of_many_schedules_is_one_look_into_an_index(bench):
    tenant = bench.tenant("acme")
    with enter_platform(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenants_duetime (tenant_id, kind, item, due_at, wake_at, wakes) SELECT %s, 'schedule', "
            "gen_random_uuid(), now() + interval '1 hour', now() + interval '1 hour', 0 FROM generate_series(1, 10000)",
            [tenant.pk],
        )
        cursor.execute("ANALYZE tenants_duetime")
        # Whether an index serves is asked, not what the planner makes of pages that other tests left empty.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(
            "EXPLAIN (FORMAT JSON) SELECT id FROM tenants_duetime WHERE wake_at <= now() ORDER BY wake_at LIMIT 200"
        )
        plan = str(cursor.fetchone()[0])
        assert "due_wake" in plan
        assert "Seq Scan" not in plan
        assert "Sort" not in plan
        assert sweep_due_times() == []
        transaction.set_rollback(True)


def test_a_paused_schedule_is_not_due_and_makes_up_for_nothing(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY)
    with bench.inside():
        set_enabled(actor=bench.user(), trigger=trigger, is_enabled=False)
        assert trigger.pk not in due_rows()
        assert fire_schedule(trigger_id=trigger.pk) == []
        again = set_enabled(actor=bench.user(), trigger=trigger, is_enabled=True)
        assert again.next_due > datetime.now(UTC)
    assert trigger.pk in due_rows()


def test_a_suspended_tenants_schedule_is_made_up_for_by_its_policy_when_it_may_work_again(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY)
    theirs, _ = made(bench, bench.workflow(CHAIN, slug="globex"), "schedule", slug="globex", config=HOURLY)
    make_due(bench, trigger, hours_ago(3))
    make_due(bench, theirs, hours_ago(3), slug="globex")
    with suspended(bench, "acme"), enter_platform():
        assert [(due.item, due.active) for due in sorted(sweep_due_times(), key=lambda due: due.active)] == [
            (str(trigger.pk), False), (str(theirs.pk), True),
        ]  # fmt: skip
    (firing,) = fired(bench, trigger)
    assert (firing.due, firing.outcome) == (hours_ago(0), "started")


def test_jitter_puts_off_and_is_the_same_every_time(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config={**HOURLY, "jitter_s": 3600})
    off = due_rows()[trigger.pk].due_at - trigger.next_due
    assert timedelta(0) < off < timedelta(hours=1)
    with bench.inside():
        set_enabled(actor=bench.user(), trigger=trigger, is_enabled=False)
        set_enabled(actor=bench.user(), trigger=trigger, is_enabled=True)
    assert due_rows()[trigger.pk].due_at - reread(bench, trigger).next_due == off


def reread(bench, trigger):
    with bench.inside():
        return Trigger.objects.get(pk=trigger.pk)


@pytest.mark.parametrize(
    ("config", "field", "says"),
    [
        ({"cron": "0 0 30 2 *"}, "config.cron", "never comes"),
        ({"cron": "0 0 31 2,4,6 *"}, "config.cron", "never comes"),
        ({"cron": "61 * * * *"}, "config.cron", "minute"),
        ({"cron": "* * * *"}, "config.cron", "five fields"),
        ({"cron": "0 * * * * *"}, "config.cron", "five fields"),
        ({"cron": "0 7 * * *", "zone": "Mars/Olympus"}, "config.zone", "no time zone"),
        ({"cron": "0 7 * * *", "every_minutes": 5}, "config.cron", "either"),
        ({}, "config.cron", "either"),
        ({"every_minutes": 0}, "config.every_minutes", "minimum"),
        ({"cron": "0 7 * * *", "zones": "UTC"}, "config", "zones"),
        ({"every_minutes": 30, "jitter_s": 3600}, "config.jitter_s", "1,800 seconds apart"),
        ({"cron": "0,5 9 * * MON", "jitter_s": 301}, "config.jitter_s", "300 seconds apart"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_with_its_field(bench, workflow, config, field, says):
    with pytest.raises(InvalidInput) as refusal:
        made(bench, workflow, "schedule", config=config)
    assert refusal.value.details[0]["field"] == field
    assert says in refusal.value.details[0]["message"]


@pytest.mark.parametrize(
    ("overlap", "outcomes"),
    [("allow", ["started", "started"]), ("skip", ["started", "skipped"]), ("queue", ["started", "pending"])],
)
def test_overlap(bench, workflow, overlap, outcomes):
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY, overlap=overlap)
    for number in (1, 0):
        make_due(bench, trigger, hours_ago(number))
        with bench.inside():
            Trigger.objects.filter(pk=trigger.pk).update(config={**reread(bench, trigger).config, "catch_up": "last"})
        fired(bench, trigger)
        if number:  # the newest due time is this hour's: fire for it a second time under the older one's key
            with bench.inside():
                Firing.objects.update(key="earlier")
    with bench.inside():
        assert list(Firing.objects.order_by("created_at").values_list("outcome", flat=True)) == outcomes


def test_what_is_queued_starts_when_the_run_before_it_is_over(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY, overlap="queue")
    for key in ("earlier", "later"):
        make_due(bench, trigger, hours_ago(0))
        fired(bench, trigger)
        with bench.inside():
            Firing.objects.filter(key=hours_ago(0).isoformat()).update(key=key)
    with bench.inside():
        first, second = Firing.objects.order_by("created_at")
        assert second.outcome == "pending"
    bench.advance(first.run_id)
    assert due_rows()[first.run_id].kind == "run"
    with bench.inside():
        firings_of(first.run_id)
        assert due_rows()[second.pk].due_at <= datetime.now(UTC)
        assert firings.start_firing(firing_id=second.pk).outcome == "started"
    assert second.pk not in due_rows()


def firings_of(run_id):
    from workflows.actions.notable import spread_events

    return spread_events(run_id=run_id)


def test_rights_are_asked_at_each_firing(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY)
    editor = bench.user()
    with bench.inside():
        groups = list(editor.groups.all())
        editor.groups.clear()
    try:
        make_due(bench, trigger, hours_ago(0))
        (firing,) = fired(bench, trigger)
        assert (firing.outcome, firing.reason["code"]) == ("refused", "permission_denied")
    finally:
        with bench.inside():
            editor.groups.set(groups)
    with bench.inside():
        assert not Run.objects.exists()


@pytest.mark.parametrize("gone", [True, False])
def test_a_trigger_acts_as_nobody_when_its_person_is_gone_or_inactive(bench, workflow, gone):
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY)
    editor = bench.user()
    with bench.inside():
        if gone:
            Trigger.objects.update(acts_as=None)
        else:
            type(editor).objects.filter(pk=editor.pk).update(is_active=False)
    try:
        make_due(bench, trigger, hours_ago(0))
        (firing,) = fired(bench, trigger)
        assert (firing.outcome, firing.reason["code"]) == ("refused", "nobody_to_act_as")
    finally:
        with bench.inside():
            type(editor).objects.filter(pk=editor.pk).update(is_active=True)


def test_nobody_borrows_the_rights_of_somebody_else(bench, workflow):
    owner = bench.user("owner")
    with pytest.raises(PermissionDenied):
        made(bench, workflow, "schedule", config=HOURLY, acts_as=owner)
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY, role="owner")
    with bench.inside(), pytest.raises(PermissionDenied):
        update_trigger(actor=bench.user(), trigger=trigger, inputs={"topic": {"value": "mine"}})
    with bench.inside():
        taken = update_trigger(actor=bench.user(), trigger=trigger, acts_as=bench.user(), name="Mine")
        assert taken.acts_as == bench.user()


@pytest.mark.parametrize("role", ["viewer", "approver"])
def test_who_may_not_edit_makes_no_trigger_and_fires_none(bench, workflow, role):
    with pytest.raises(PermissionDenied):
        made(bench, workflow, "schedule", config=HOURLY, role=role)
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY)
    with bench.inside():
        for refused in (
            lambda actor: fire_by_hand(actor=actor, trigger=trigger),
            lambda actor: set_enabled(actor=actor, trigger=trigger, is_enabled=False),
            lambda actor: delete_trigger(actor=actor, trigger=trigger),
        ):
            with pytest.raises(PermissionDenied):
                refused(bench.user(role))


def test_a_pinned_version_runs_although_a_newer_one_is_published(bench, workflow):
    from workflows.actions.workflows import publish_workflow, save_draft

    with bench.inside():
        first = workflow.published
        save_draft(actor=bench.user(), workflow=workflow, definition=definition([text("b"), output()]))
        publish_workflow(actor=bench.user(), workflow=workflow)
        pinned, _ = create_trigger(
            actor=bench.user(), name="Pinned", workflow=workflow, kind="schedule", config=HOURLY, version=first
        )
        newest, _ = create_trigger(actor=bench.user(), name="Newest", workflow=workflow, kind="schedule", config=HOURLY)
        runs = [fire_by_hand(actor=bench.user(), trigger=trigger).run for trigger in (pinned, newest)]
        assert [run.version.number for run in runs] == [1, 2]
        assert [run.definition["nodes"][0]["id"] for run in runs] == ["a", "b"]


def test_fired_by_hand_it_starts_although_paused_and_says_why_when_it_does_not(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY, inputs={"topic": {"template": "At {{ event.due }}"}})
    with bench.inside():
        set_enabled(actor=bench.user(), trigger=trigger, is_enabled=False)
        firing = fire_by_hand(actor=bench.user(), trigger=trigger, event={"due": "noon"})
        assert (firing.outcome, firing.run.inputs) == ("started", {"topic": "At noon"})
        Trigger.objects.update(inputs={"topic": {"from": "nowhere"}})
        refused = fire_by_hand(actor=bench.user(), trigger=trigger, event={})
        assert (refused.outcome, refused.reason["code"], refused.run) == ("refused", "input_missing", None)


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"unknown": {"value": 1}}, "inputs.unknown"),
        ({"topic": {}}, "inputs.topic"),
        ({"topic": {"from": "a", "value": 1}}, "inputs.topic"),
        ({"topic": {"template": "{{ nodes.a }}"}}, "inputs.topic"),
        ({"topic": {"template": "{% if"}}, "inputs.topic"),
        ({"topic": {"from": "a", "else": 1}}, "inputs.topic"),
        ({"topic": "text"}, "inputs.topic"),
        ({"topic": {"value": 7}}, "inputs.topic"),
        ({"topic": {"from": "a", "default": ["x"]}}, "inputs.topic"),
    ],
)
def test_inputs_that_cannot_be_are_refused_with_their_field(bench, workflow, inputs, field):
    with pytest.raises(InvalidInput) as refusal:
        made(bench, workflow, "schedule", config=HOURLY, inputs=inputs)
    assert refusal.value.details[0]["field"] == field


@pytest.mark.parametrize(("source", "fits"), [
    ({"value": 7}, True), ({"from": "a", "default": 7}, True), ({"from": "a"}, True),
    ({"value": "7"}, False), ({"value": 12}, False), ({"template": "{{ event.a }}"}, False),
])  # fmt: skip
def test_what_can_never_be_an_input_is_refused_when_it_is_saved(bench, source, fits):
    taken = {"number": {"$ref": "#/$defs/few"}}
    inputs = {"type": "object", "properties": taken, "$defs": {"few": {"type": "integer", "maximum": 9}}}
    counting = bench.workflow({**CHAIN, "inputs": inputs}, name="Counting")
    if fits:
        made(bench, counting, "schedule", config=HOURLY, inputs={"number": source})
        return
    with pytest.raises(InvalidInput) as refusal:
        made(bench, counting, "schedule", config=HOURLY, inputs={"number": source})
    assert refusal.value.details[0]["field"] == "inputs.number"


@pytest.mark.parametrize("jitter_s", [1800, 3600])
def test_every_time_is_fired_for_although_each_is_spread_up_to_the_next(bench, workflow, monkeypatch, jitter_s):
    """The widest spread that is taken, and one stored when wider ones were: no time is missed for being put off."""
    clock = [hours_ago(0)]
    monkeypatch.setattr(due_times, "database_now", lambda: clock[0])
    trigger, _ = made(bench, workflow, "schedule", config={"every_minutes": 30, "jitter_s": 1800})
    with bench.inside():
        Trigger.objects.filter(pk=trigger.pk).update(config={**trigger.config, "jitter_s": jitter_s})
    found = []
    while len(found) < 20:
        stored = reread(bench, trigger)
        clock[0] = put_off(stored, stored.next_due)
        found += [firing.due for firing in fired(bench, trigger)]
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=30)}


def test_a_deleted_trigger_is_never_due_and_its_runs_stay(bench, workflow):
    trigger, _ = made(bench, workflow, "schedule", config=HOURLY)
    with bench.inside():
        run = fire_by_hand(actor=bench.user(), trigger=trigger).run
        delete_trigger(actor=bench.user(), trigger=trigger)
        assert Run.objects.filter(pk=run.pk).exists()
        assert fire_schedule(trigger_id=trigger.pk) == []
    assert trigger.pk not in due_rows()
