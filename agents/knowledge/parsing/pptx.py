"""Presentations: each slide is a page with its title as heading; text, tables and the speaker's notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pptx import Presentation

from agents.knowledge.errors import DocumentTooLarge
from agents.knowledge.parsing.draft import Draft
from agents.knowledge.parsing.formats import Format
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import Parsed
from agents.knowledge.parsing.packages import office


def parse(data: bytes, title: str, limits: Limits) -> Parsed:
    """Return the slides in their order."""
    with office(data) as file:
        show = Presentation(file)
        draft = Draft(limits)
        slides = list(show.slides)
        if len(slides) > limits.pages:
            raise DocumentTooLarge(f"It has {len(slides):,} slides; {limits.pages:,} are allowed. Split it.")
        for number, slide in enumerate(slides, 1):
            _write(draft, slide, number)
        named = show.core_properties.title or next((heading.title for heading in draft.headings), title)
    return draft.parsed(title=named, media_type=Format.PPTX, pages=len(slides))


def _write(draft: Draft, slide: Any, number: int) -> None:
    draft.page(number)
    heading = slide.shapes.title
    if heading is not None:
        draft.heading(heading.text_frame.text, 1)
    for shape in _shapes(slide.shapes):
        if heading is not None and shape.shape_id == heading.shape_id:
            continue
        if shape.has_text_frame:
            draft.paragraph("\n".join(_lines(shape.text_frame)))
        elif getattr(shape, "has_table", False):
            rows = ([cell.text for cell in row.cells] for row in shape.table.rows)
            draft.table(rows, heads=1 if shape.table.first_row else 0)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        draft.paragraph(f"Notes: {notes}" if notes else "")


def _shapes(shapes: Any) -> Iterator[Any]:
    """Give every shape, those of groups too."""
    stack = list(reversed(list(shapes)))
    while stack:
        shape = stack.pop()
        inner = getattr(shape, "shapes", None)
        if inner is None:
            yield shape
        else:
            stack.extend(reversed(list(inner)))


def _lines(frame: Any) -> Iterator[str]:
    for paragraph in frame.paragraphs:
        text = paragraph.text.replace("\v", "\n").strip()
        if text:
            yield f"{'  ' * paragraph.level}- {text}" if paragraph.level else text
