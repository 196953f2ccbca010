"""Word documents: headings by their styles, tables, lists; what was deleted or hidden is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import docx
from docx.oxml.ns import qn

from agents.knowledge.parsing.draft import Draft
from agents.knowledge.parsing.formats import Format
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import Parsed
from agents.knowledge.parsing.packages import office

_P, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_TEXT = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_T, _RUN = qn("w:t"), qn("w:r")
_VANISH = f"{qn('w:rPr')}/{qn('w:vanish')}"
_LIST = f"{qn('w:pPr')}/{qn('w:numPr')}"
# Moved away, and the copy of a drawing for old programs.
_DROPPED = {qn("w:moveFrom"), qn("w:del"), "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
_INSIDE = {qn("w:sdt"), qn("w:sdtContent"), qn("w:customXml"), qn("w:ins"), qn("w:smartTag")}
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_CODE = re.compile(r"code|preformatted|macro", re.IGNORECASE)
_FOOTNOTES = "/footnotes"


def parse(data: bytes, title: str, limits: Limits) -> Parsed:
    """Return the body from top to bottom, then the footnotes."""
    with office(data) as file:
        document = docx.Document(file)
        draft = Draft(limits)
        styles = _Styles(document)
        for kind, elements in groupby(_blocks(document.element.body), styles.kind):
            _write(draft, kind, elements)
        for note in _footnotes(document):
            draft.paragraph(_said(note))
        named = document.core_properties.title or next((h.title for h in draft.headings if h.level <= 1), title)
    return draft.parsed(title=named, media_type=Format.DOCX)


class _Styles:
    """What the styles of the document say a paragraph is."""

    def __init__(self, document: Any) -> None:
        self._by_id = {style.style_id: style for style in document.styles if hasattr(style, "style_id")}
        self._known: dict[str, str] = {}

    def kind(self, element: Any) -> str:
        """Return ``table``, ``code``, ``text``, ``item``, or a heading's level."""
        if element.tag == _TABLE:
            return f"table {id(element)}"
        style = element.style or ""
        if style not in self._known:
            self._known[style] = self._of_style(self._by_id.get(style))
        kind = self._known[style]
        return "item" if kind == "text" and element.find(_LIST) is not None else kind

    def _of_style(self, style: Any) -> str:
        for _ in range(10):  # styles are based on one another, perhaps in a circle
            if style is None:
                break
            name = str(style.name or "")
            if heading := _HEADING.match(name):
                return heading[1]
            if name.lower() == "title":
                return "0"
            if _CODE.search(name):
                return "code"
            if name.startswith("List") and name != "List Paragraph":
                return "item"
            style = style.base_style
        return "text"


def _write(draft: Draft, kind: str, elements: Iterable[Any]) -> None:
    if kind.startswith("table"):
        draft.table([_said(cell).replace("\n", " ") for cell in _cells(row)] for row in next(iter(elements)).iter(_ROW))
        return
    said = [_said(element) for element in elements]
    if kind == "code":
        draft.code("\n".join(said))
    elif kind == "item":
        draft.paragraph("\n".join(f"- {text.strip()}" for text in said if text.strip()))
    else:
        for text in said:
            draft.heading(text, int(kind)) if kind.isdigit() else draft.paragraph(text)


def _blocks(element: Any) -> Iterator[Any]:
    """Give paragraphs and tables in order, out of whatever wraps them."""
    stack = [element]
    while stack:
        inner = stack.pop()
        if inner.tag in (_P, _TABLE):
            yield inner
        elif inner is element or inner.tag in _INSIDE:
            stack.extend(reversed(inner))


def _cells(row: Any) -> Iterator[Any]:
    yield from (cell for cell in row if cell.tag == _CELL)


def _said(element: Any) -> str:
    """Return the text of everything in ``element`` that people see."""
    parts: list[str] = []
    stack = [element]
    while stack:
        inner = stack.pop()
        if inner.tag in _DROPPED or (inner.tag == _RUN and inner.find(_VANISH) is not None):
            continue
        if inner.tag == _T:
            parts.append(inner.text or "")
        elif inner.tag in _TEXT:
            parts.append(_TEXT[inner.tag])
        elif inner.tag == _P and parts:
            parts.append("\n")
        stack.extend(reversed(inner))
    return "".join(parts)


def _footnotes(document: Any) -> Iterator[Any]:
    from lxml import etree  # type: ignore[import-untyped]

    for relation in document.part.rels.values():
        if relation.reltype.endswith(_FOOTNOTES) and not relation.is_external:
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            yield from (note for note in etree.fromstring(relation.target_part.blob, parser) if len(note))
