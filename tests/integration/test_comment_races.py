"""A thread is opened while what it is about is deleted: one of the two waits, and nothing is left behind. Over two connections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from collaboration.actions.comment_threads import Anchor, open_thread
from collaboration.comments.subjects import SubjectUnknown
from collaboration.models import Activity, Comment, CommentThread, Notification
from tests.integration.test_document_races import held_up
from tests.workbench import Bench, ask, definition, output
from workflows.actions.workflows import delete_workflow
from workflows.models import Approval, Run

KINDS = ["workflow", "run", "step", "approval"]


@dataclass
class About:
    """A workflow whose run waits at an approval."""

    bench: Bench
    slug: str = "acme"

    def __post_init__(self) -> None:
        self.run = self.bench.ran(definition([ask("ok"), output()]), slug=self.slug)

    def delete(self, kind: str) -> None:
        """Delete it, or that of which it is a part."""
        if kind == "workflow":
            delete_workflow(actor=self.bench.user("owner", self.slug), workflow=self.run.workflow)
        else:
            Run.objects.filter(pk=self.run.pk).delete()

    def comment(self, kind: str) -> None:
        step = self.bench.steps(self.run.pk, slug=self.slug)[0].pk if kind == "step" else None
        anchor = Anchor(part="step" if step else "whole", step=step)
        given = {"kind": "run" if step else kind, "id_": self._id(kind), "text": "@owner@acme.test?", "anchor": anchor}
        open_thread(actor=self.bench.user(slug=self.slug), **given)

    def left(self) -> list[int]:
        with self.bench.inside(self.slug):
            told = Notification.objects.filter(kind="mention").count()
            return [CommentThread.objects.count(), Comment.objects.count(), told]

    def _id(self, kind: str) -> UUID:
        if kind == "workflow":
            return self.run.workflow_id
        return Approval.objects.get(run=self.run).pk if kind == "approval" else self.run.pk


@pytest.fixture
def about(bench: Bench) -> About:
    return About(bench)


@pytest.fixture
def theirs(bench: Bench) -> About:
    """The same of the other organisation, with a comment on all of it."""
    found = About(bench, "globex")
    with bench.inside("globex"):
        for kind in KINDS:
            found.comment(kind)
    return found


def doing(work: Callable[[str], None], kind: str) -> Callable[[], None]:
    return lambda: work(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_who_comments_on_what_is_being_deleted_is_told_that_it_is_gone(
    bench: Bench, about: About, theirs: About, kind: str
) -> None:
    [error] = held_up(bench, doing(about.delete, kind), doing(about.comment, kind))
    assert isinstance(error, SubjectUnknown)
    assert about.left() == [0, 0, 0]
    with bench.inside():
        assert not Activity.objects.filter(verb="commented").exists()
    assert theirs.left()[:2] == [4, 4]


def test_who_deletes_a_workflow_that_is_being_commented_on_deletes_the_comment_too(
    bench: Bench, about: About, theirs: About
) -> None:
    """Runs, with their steps and approvals, are deleted by nobody: they go with their organisation."""
    assert held_up(bench, doing(about.comment, "workflow"), doing(about.delete, "workflow")) == []
    assert about.left()[:2] == [0, 0]
    assert theirs.left()[:2] == [4, 4]
