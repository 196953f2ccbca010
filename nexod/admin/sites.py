"""The two admin sites: a tenant's workspace and the platform's staff. Each is named "admin" in the urlconf of its own plane."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from nexod.admin.login import LoginForm
from nexod.admin.searching import found
from nexod.kernel import errors

View = Callable[..., HttpResponseBase]


class NexodSite(UnfoldAdminSite):
    """An admin site that apps add pages of their own to."""

    empty_value_display = "—"
    login_form = LoginForm

    def __init__(self, *, settings_name: str, index_template: str, index_title: str) -> None:
        self.settings_name = settings_name
        self.index_template = index_template
        self.index_title = index_title
        self._pages: list[tuple[str, str, View]] = []
        self._open_pages: list[tuple[str, str, View]] = []
        super().__init__("admin")

    def page(self, route: str, name: str) -> Callable[[View], View]:
        """Add the decorated view to the site as ``admin:<name>``, for people who may use the admin."""

        def register(view: View) -> View:
            self._pages.append((route, name, view))
            return view

        return register

    def open_page(self, route: str, name: str, view: View) -> None:
        """Add a view as ``admin:<name>`` for people who are not logged in."""
        self._open_pages.append((route, name, never_cache(polite(view))))

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Guard a view as Django does, and let its refusals end as pages."""
        return super().admin_view(polite(view), cacheable)  # type: ignore[no-any-return]

    def get_urls(self) -> list[URLPattern]:
        """Leave out Django's redirect from a content type and an id to an object's own page: our objects have none."""
        return [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") != "view_on_site"]

    def extra_urls(self) -> list[URLPattern]:
        """Return the pages of the apps; unfold puts them before the models' own."""
        guarded = [path(route, self.admin_view(view), name=name) for route, name, view in self._pages]
        return [*guarded, *(path(route, view, name=name) for route, name, view in self._open_pages)]

    def render(self, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
        """Return a page inside the site's frame."""
        request.current_app = self.name
        return TemplateResponse(request, template, {**self.each_context(request), **context})

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer the search box: pages and records that the person may see, never from a cache."""
        term = request.GET.get("s", "").strip()
        if not term:
            return HttpResponse()
        pages = Paginator(found(self, request, term), 100)
        context = {"page_obj": pages, "results": pages.page(1), "page_counter": 0, "execution_time": 0}
        template = "command_results" if "extended" in request.GET else "search_results"
        request.current_app = self.name
        return TemplateResponse(request, f"unfold/helpers/{template}.html", context, headers={"HX-Trigger": "search"})


def polite(view: View) -> View:
    """Let the view's refusals end as Django's own pages instead of a failure."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except errors.PermissionDenied as error:
            raise PermissionDenied(error.message) from error
        except errors.NotFound as error:
            raise Http404(error.message) from error

    return answer


tenant_site = NexodSite(settings_name="UNFOLD", index_template="nexod/dashboard.html", index_title="Home")
staff_site = NexodSite(settings_name="UNFOLD_STAFF", index_template="nexod/staff/overview.html", index_title="Overview")
