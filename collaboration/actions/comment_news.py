"""Who is told of what is said: those mentioned, those who take part, and, live, the pages of whoever may see the subject."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from collaboration.actions.telling import tell
from collaboration.comments.subjects import concerned, name_of, page_of, who_may_see
from collaboration.models import Comment, CommentThread
from collaboration.notifications import kinds
from nexod.kernel.activity import note
from nexod.kernel.topics import publish, workspace_topic
from tenants.accounts.models import User
from tenants.context import current_tenant


def tell_opened(thread: CommentThread, comment: Comment) -> None:
    """Tell of a new thread: those mentioned, and those whom its subject concerns."""
    mentioned = set(comment.mentions)
    tell_mentioned(thread, comment, mentioned)
    _tell(thread, comment, concerned(thread) - mentioned, kinds.COMMENT, "{author} commented on {name}")
    tell_change(thread, "opened", comment.author, comment)
    keep_deed(thread, "commented", comment.author)


def tell_replied(thread: CommentThread, comment: Comment) -> None:
    """Tell of an answer: those mentioned, and all who have said something, were mentioned in the thread or are concerned by it."""
    mentioned = set(comment.mentions)
    tell_mentioned(thread, comment, mentioned)
    others = thread.comments.filter(deleted_at=None).exclude(pk=comment.pk)
    part = {one for author, named in others.values_list("author", "mentions") for one in (author, *named) if one}
    _tell(thread, comment, (part | concerned(thread)) - mentioned, kinds.COMMENT, "{author} replied on {name}")
    tell_change(thread, "replied", comment.author, comment)
    keep_deed(thread, "replied", comment.author)


def tell_mentioned(thread: CommentThread, comment: Comment, people: Iterable[UUID]) -> None:
    """Tell people that they are mentioned."""
    _tell(thread, comment, people, kinds.MENTION, "{author} mentioned you on {name}")


def tell_change(thread: CommentThread, what: str, actor: User | None = None, comment: Comment | None = None) -> None:
    """Tell open pages what became of a thread. Ids alone: what is said is read over the API, by who may read it."""
    publish(
        workspace_topic(current_tenant().pk),
        {
            "kind": f"comment.{what}",
            "thread": str(thread.pk),
            "subject": {"kind": thread.kind, "id": thread.subject_id},
            "part": thread.part,
            "comment": str(comment.pk) if comment else None,
            "by": str(actor.pk) if actor else None,
        },
    )


def keep_deed(thread: CommentThread, verb: str, actor: User | None) -> None:
    """Have it read of what was done; what was said is read in the thread alone. Who reads it may not see the run's steps."""
    place = "" if thread.part == CommentThread.Part.STEP else thread.place
    note(actor, verb, thread.kind, thread.subject, name_of(thread), thread=str(thread.pk), place=place)


def _tell(thread: CommentThread, comment: Comment, people: Iterable[UUID], kind: str, words: str) -> None:
    """Nobody is told of what they said themselves, or of what they may not see."""
    wanted = set(people) - {comment.author_id}
    if not wanted:
        return
    tell(
        who_may_see(thread.kind, thread.part).filter(pk__in=wanted),
        kind=kind,
        title=words.format(author=comment.author, name=name_of(thread)),
        url=page_of(thread),
        key=f"{kind}:{comment.pk}",
        about=thread.pk,
        burst=f"{kind}:{thread.pk}" if kind == kinds.COMMENT else "",
    )
