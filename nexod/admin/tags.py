"""Template tags and filters of our pages: states, numbers, times, Markdown, JSON."""

from __future__ import annotations

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.text import capfirst

from nexod.admin import formats, json_view, markdown, states

register = template.Library()
register.filter("chip", states.chip)
register.filter("tone", states.tone)
register.filter("word", states.word)
register.filter("count", formats.count)
register.filter("usd", formats.usd)
register.filter("size", formats.size)
register.filter("duration", formats.duration)
register.filter("ago", formats.ago)
register.filter("markdown", markdown.render)
register.filter("as_json", json_view.render)
# ``value.items`` in a template would find an entry called "items" first.
register.filter("pairs", lambda value: list(dict(value).items()))


@register.inclusion_tag("nexod/crumbs.html", takes_context=True)
def crumbs(context: Context) -> dict[str, list[dict[str, str]]]:
    """Show the way here: the list that a page belongs to, then the page."""
    options, original = context.get("opts"), context.get("original")
    if options is None:
        return {"parts": [{"title": str(context.get("title") or "")}]}
    plural = capfirst(context.get("nouns") or options.verbose_name_plural)
    if context.get("cl"):
        return {"parts": [{"title": plural}]}
    title = str(context.get("title") or original or "")
    if context.get("adminform"):
        title = (
            str(original)
            if original and context.get("change")
            else f"New {context.get('noun') or options.verbose_name}"
        )
    listed = {"title": plural, "link": reverse(f"admin:{options.app_label}_{options.model_name}_changelist")}
    if title == plural:
        return {"parts": [{"title": plural}]}
    return {"parts": [listed, {"title": title}]}
