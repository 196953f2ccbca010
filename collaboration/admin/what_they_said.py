"""What a person said in comments: taken along as a file, and erased; from the person's page."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from collaboration.actions.erasing import erase_comments
from collaboration.comments.taking_along import comments_of
from nexod.admin import formats, tenant_site
from nexod.admin.actors import actor_of
from nexod.admin.row_pages import back_to
from tenants.accounts.models import User


@tenant_site.page("accounts/user/<uuid:user_id>/comments/", "comments_of_person")
@require_safe
def export(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Give the person's comments as a file."""
    user = get_object_or_404(User, pk=user_id)
    answer = JsonResponse(comments_of(actor=actor_of(request), user=user), json_dumps_params={"indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="comments-{user.pk}.json"'
    return answer


@tenant_site.page("accounts/user/<uuid:user_id>/comments/erase/", "erase_comments_of_person")
@require_POST
def erase(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Erase what the person said, and go back to the person."""
    user = get_object_or_404(User, pk=user_id)
    erased = erase_comments(actor=actor_of(request), user=user)
    tenant_site._registry[User].log_change(request, user, "What the person said in comments was erased.")
    number = erased.comments
    words = "comment has" if number == 1 else "comments have"
    messages.success(request, f"{formats.count(number)} {words} no words and no name any more.")
    return back_to(user)
