"""``/comments``: threads about workflows, runs and approvals, and what is said in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from collaboration.actions import comment_threads
from collaboration.actions.comment_places import check_places
from collaboration.actions.comment_texts import delete_comment, edit_comment, react, reply
from collaboration.api.comment_filters import ThreadFilter, subject_named
from collaboration.api.comment_shapes import (
    CommentEditSerializer,
    CommentSerializer,
    CommentThreadSerializer,
    FormerTextsSerializer,
    MentionableSerializer,
    OpenThread,
    WriteComment,
    WriteReaction,
)
from collaboration.comments.reading import comments_shown, completed, threads_shown
from collaboration.comments.subjects import subject_of, who_may_see
from collaboration.models import Comment, CommentThread
from collaboration.models.comment_thread import SUBJECTS
from nexod.http.serializers import EmptySerializer
from nexod.http.viewsets import ApiViewSet, ReadViewSet
from tenants.accounts.api.callers import actor_of
from tenants.accounts.api.serializers import PersonSerializer
from tenants.accounts.models import User

VIEW, WRITE = ["collaboration.view_commentthread"], ["collaboration.write_comment"]
OFFERED = 10


@extend_schema_view(
    list=extend_schema(summary="List threads of comments"),
    retrieve=extend_schema(summary="Get a thread of comments"),
)
class CommentThreadViewSet(ReadViewSet):
    """Nobody sees threads about what they may not see."""

    queryset = CommentThread.objects.all()
    serializer_class = CommentThreadSerializer
    filterset_class = ThreadFilter
    row_name = "thread"
    write_serializers = {"create": OpenThread, "replies": WriteComment}
    write_serializer_class = EmptySerializer
    permissions_of = {
        "create": WRITE,
        "replies": WRITE,
        "resolve": WRITE,
        "reopen": WRITE,
        "mentionable": WRITE,
        "seen": VIEW,
    }

    def get_queryset(self) -> QuerySet[CommentThread]:
        """Return what the caller may see; of one thread everything that was said."""
        return threads_shown(actor_of(self.request), whole=self.action != "list")

    def completed(self, rows: Iterable[Any]) -> list[Any]:
        """Add what each comment shows beside its columns, the oldest first."""
        threads = list(rows)
        completed([comment for thread in threads for comment in thread.said])
        for thread in threads:
            thread.said.sort(key=lambda comment: (comment.created_at, comment.pk))
        return threads

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List threads, the newest first; of a workflow those whose place changed meanwhile are looked for."""
        given = request.query_params.get("subject", "")
        kind, id_ = subject_named(given) if given else ("", None)
        may_see = actor_of(request).has_perm(SUBJECTS["workflow"])
        if kind == CommentThread.Kind.WORKFLOW and id_ is not None and may_see:
            check_places(workflow_id=id_)
        return super().list(request, *args, **kwargs)

    @extend_schema(summary="Open a thread", responses={201: CommentThreadSerializer})
    def create(self, request: Request) -> Response:
        """Say something about a workflow, a run or an approval, or a part of it."""
        given = self.validated()
        anchor = comment_threads.Anchor(**given.get("anchor", {}))
        named = {"kind": given["subject"]["kind"], "id_": given["subject"]["id"]}
        thread = comment_threads.open_thread(actor=actor_of(request), text=given["text"], anchor=anchor, **named)
        return self._again(thread, status.HTTP_201_CREATED)

    @extend_schema(summary="Reply in a thread", request=WriteComment, responses={201: CommentSerializer})
    @action(detail=True, methods=["post"])
    def replies(self, request: Request, **kwargs: Any) -> Response:
        """Say something more."""
        comment = reply(actor=actor_of(request), thread=self.get_object(), **self.validated())
        return shown_comment(comment, status.HTTP_201_CREATED)

    @extend_schema(summary="Resolve a thread", request=None, responses=CommentThreadSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, **kwargs: Any) -> Response:
        """Say that it is done with; again changes nothing."""
        return self._again(comment_threads.resolve_thread(actor=actor_of(request), thread=self.get_object()))

    @extend_schema(summary="Reopen a thread", request=None, responses=CommentThreadSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, **kwargs: Any) -> Response:
        """Say that it is not done with after all."""
        return self._again(comment_threads.reopen_thread(actor=actor_of(request), thread=self.get_object()))

    @extend_schema(summary="Mark a thread as read", request=None, responses=CommentThreadSerializer)
    @action(detail=True, methods=["post"])
    def seen(self, request: Request, **kwargs: Any) -> Response:
        """Remember that you have read everything until now."""
        return self._again(comment_threads.visit_thread(actor=actor_of(request), thread=self.get_object()))

    @extend_schema(
        summary="Find people to mention",
        responses=MentionableSerializer,
        filters=False,
        parameters=[
            OpenApiParameter("subject", str, description="Such as workflow:<id>; who may not see it is not offered"),
            OpenApiParameter("q", str, description="Part of a name or an address"),
        ],
    )
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def mentionable(self, request: Request) -> Response:
        """Return at most ten people who may see the subject."""
        given = request.query_params.get("subject", "")
        kind, id_ = subject_named(given) if given else (CommentThread.Kind.WORKFLOW.value, None)
        if id_ is not None:
            subject_of(actor_of(request), kind, id_)
        term = request.query_params.get("q", "")[:100]
        people = who_may_see(kind).filter(Q(full_name__icontains=term) | Q(email__icontains=term))
        found: QuerySet[User] = people.order_by("full_name", "email")[:OFFERED]
        return Response({"people": PersonSerializer(found, many=True).data})

    def _again(self, thread: CommentThread, code: int = status.HTTP_200_OK) -> Response:
        row = get_object_or_404(threads_shown(actor_of(self.request), whole=True), pk=thread.pk)
        return self.shown(row, status=code)


class CommentViewSet(ApiViewSet):
    """One thing said: edited by its author, deleted by its author or a moderator, reacted to by whoever may comment."""

    queryset = Comment.objects.all()
    serializer_class = CommentSerializer
    filter_backends: list[Any] = []
    write_serializers = {"partial_update": WriteComment, "react": WriteReaction}
    permissions_of = {
        "retrieve": VIEW,
        "edits": VIEW,
        "partial_update": WRITE,
        "destroy": VIEW,
        "react": WRITE,
    }

    def get_queryset(self) -> QuerySet[Comment]:
        """Return those of one thread that the caller may see."""
        threads = CommentThread.objects.visible_to(actor_of(self.request)).filter(pk=self.kwargs["thread_id"])
        return comments_shown().filter(thread__in=threads.values("pk"))

    @extend_schema(summary="Get a comment", responses=CommentSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Return one comment."""
        return shown_comment(self.get_object())

    @extend_schema(summary="Edit a comment", request=WriteComment, responses=CommentSerializer)
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Give one's own comment another text; the former one can be read by everybody."""
        return shown_comment(edit_comment(actor=actor_of(request), comment=self.get_object(), **self.validated()))

    @extend_schema(summary="Delete a comment", responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Take the words away, your own or, as a moderator, anybody's; that there was a comment stays."""
        delete_comment(actor=actor_of(request), comment=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(summary="React to a comment", request=WriteReaction, responses=CommentSerializer)
    def react(self, request: Request, **kwargs: Any) -> Response:
        """Give a sign, or take it back."""
        return shown_comment(react(actor=actor_of(request), comment=self.get_object(), **self.validated()))

    @extend_schema(summary="List the former texts of a comment", responses=FormerTextsSerializer)
    def edits(self, request: Request, **kwargs: Any) -> Response:
        """Return what it said before each edit, at most fifty texts, the oldest first."""
        return Response({"results": CommentEditSerializer(self.get_object().edits.all(), many=True).data})


def shown_comment(comment: Comment, code: int = status.HTTP_200_OK) -> Response:
    """Return a comment as it is now."""
    [row] = completed(comments_shown().filter(pk=comment.pk))
    return Response(CommentSerializer(row).data, status=code)
