"""Template tags and filters of our pages: states, numbers, times, Markdown, JSON."""

from __future__ import annotations

from django import template

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
