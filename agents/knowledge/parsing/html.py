"""HTML becomes readable text: blocks apart, headings as the outline; scripts, navigation and what is hidden left out."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from agents.knowledge.errors import DocumentTooComplex
from agents.knowledge.parsing.decoding import clean, decode
from agents.knowledge.parsing.draft import Draft
from agents.knowledge.parsing.formats import Format
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import Parsed

_DROPPED = "script, style, noscript, template, svg, iframe, object, embed, nav, form, [hidden], [aria-hidden=true]"
_HIDDEN = "[style*='display:none' i], [style*='display: none' i], [style*='visibility:hidden' i], a.headerlink"
_MAIN = "main, [role=main], article"
_LEVELS = {f"h{level}": level for level in range(1, 7)}
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "label"}
    | {"mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var"}
)
_CELLS = frozenset(("td", "th"))
# A table that holds any of these lays out the page; it is no table of data.
_LAYOUT = "table, h1, h2, h3, h4, h5, h6, pre, ul, ol"
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


def parse(data: bytes, title: str, limits: Limits) -> Parsed:
    """Return the visible text of the page's main part."""
    draft = Draft(limits)
    named = write(draft, _decoded(data)) or title
    title = next((heading.title for heading in draft.headings if heading.level == 1), named)
    return draft.parsed(title=title, media_type=Format.HTML)


def write(draft: Draft, source: str) -> str:
    """Add the page to ``draft``; return its title."""
    tree = _tree(source)
    named = tree.css_first("title")
    title = " ".join(named.text().split()) if named else ""
    for selector in (_DROPPED, _HIDDEN):
        for node in tree.css(selector):
            node.decompose()
    mains = tree.css(_MAIN)
    if root := mains[0] if len(mains) == 1 else tree.body:
        _Page(draft).read(root)
    return title


def _decoded(data: bytes) -> str:
    """Return the source: what is not UTF-8 may name its charset itself."""
    declared = _CHARSET.search(data[:2048])
    try:
        data.decode()
    except UnicodeDecodeError:
        if declared and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            try:
                return clean(data.decode(declared[1].decode(), "replace"))
            except LookupError:
                pass
    return decode(data)


def _tree(source: str) -> LexborHTMLParser:
    try:
        return LexborHTMLParser(source)
    except SelectolaxError as error:  # Lexbor mends any HTML; what it cannot do is go without memory.
        raise DocumentTooComplex from error


class _Page:
    """Reads a page into a draft, block by block."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._block: list[str] = []
        self._preformatted = 0

    def read(self, root: LexborNode) -> None:
        """Add what is under ``root``, without recursion: pages may be nested to any depth."""
        stack: list[tuple[LexborNode, bool]] = [(root, True)]
        while stack:
            node, entering = stack.pop()
            if entering and node.tag == "table" and _holds_data(node):
                self._flush()
                self._draft.table(_rows(node), heads=_heads(node))
                continue
            self._visit(node, node.tag or "", entering)
            if entering:
                stack.append((node, False))
                stack.extend((child, True) for child in _children_reversed(node))
        self._flush()

    def _visit(self, node: LexborNode, tag: str, entering: bool) -> None:
        if tag == "-text":
            self._block.append(node.text_content or "" if entering else "")
        elif tag == "br":
            self._block.append("\n" if entering and self._preformatted else " ")
        elif tag in _CELLS:
            self._block.append("" if entering else " | ")
        elif tag not in _INLINE:
            self._edge(tag, entering)

    def _edge(self, tag: str, entering: bool) -> None:
        self._flush(level=_LEVELS.get(tag, 0) if not entering else 0)
        if tag == "pre":
            self._preformatted += 1 if entering else -1
        elif tag == "li" and entering:
            self._block.append("- ")

    def _flush(self, level: int = 0) -> None:
        """Write the block down."""
        joined = clean("".join(self._block))
        self._block.clear()
        if self._preformatted:
            self._draft.code(joined)
            return
        block = " ".join(joined.split()).removesuffix(" |")
        if level:
            self._draft.heading(block, level)
        elif block != "-":
            self._draft.paragraph(block)


def _holds_data(table: LexborNode) -> bool:
    return all(found.mem_id == table.mem_id for found in table.css(_LAYOUT))


def _rows(table: LexborNode) -> Iterator[list[str]]:
    for row in table.css("tr"):
        yield [cell.text(separator=" ") for cell in row.iter() if cell.tag in _CELLS]


def _heads(table: LexborNode) -> int:
    """Return how many rows name the columns: those of the head, or a first one of nothing but header cells."""
    if heads := len(table.css("thead tr")):
        return heads
    first = table.css_first("tr")
    return int(first is not None and all(cell.tag == "th" for cell in first.iter()))


def _children_reversed(node: LexborNode) -> Iterator[LexborNode]:
    child = node.last_child
    while child is not None:
        yield child
        child = child.prev
