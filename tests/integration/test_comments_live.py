"""What is said reaches the open pages of those who may see what it is about, as ids alone."""

from __future__ import annotations

import json

from collaboration.actions.comment_threads import open_thread
from nexod.kernel.outbox import outbox
from tests.integration.test_live_sockets import heard, publish, socket, until, viewer


async def test_a_comment_reaches_who_may_see_its_subject_and_not_the_other_tenant(stage):
    run = await stage.run("acme")

    def say():
        open_thread(actor=stage.user("acme", "editor"), kind="run", id_=run.pk, text="Words")
        outbox.drain()

    async with (
        socket(stage, "/ws/workspace/", **viewer(stage)) as ours,
        socket(stage, "/ws/workspace/", "globex", **viewer(stage, "globex")) as theirs,
    ):
        await until(ours, "presence")
        await until(theirs, "presence")
        await stage.within("acme", say)
        message = await until(ours, "comment.opened")
        assert (message["subject"], "Words" in json.dumps(message)) == ({"kind": "run", "id": str(run.pk)}, False)
        await publish(stage, "globex", {"kind": "run.finished", "run": "2"})
        assert (await heard(theirs, 1))[0]["kind"] == "run.finished"
