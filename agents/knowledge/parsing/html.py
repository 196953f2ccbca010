"""HTML becomes readable text: blocks apart, headings as the outline; scripts, navigation and what is hidden left out."""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from agents.knowledge.errors import DocumentEmpty, DocumentTooComplex
from agents.knowledge.parsing.decoding import clean, decode
from agents.knowledge.parsing.formats import Format
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import Heading, Parsed, outlined

_DROPPED = "script, style, noscript, template, svg, iframe, object, embed, nav, form, [hidden], [aria-hidden=true]"
_HIDDEN = "[style*='display:none' i], [style*='display: none' i], [style*='visibility:hidden' i], a.headerlink"
_MAIN = "main, [role=main], article"
_LEVELS = {f"h{level}": level for level in range(1, 7)}
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "label"}
    | {"mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var"}
)
_CELLS = frozenset(("td", "th"))


def parse(data: bytes, title: str, limits: Limits) -> Parsed:
    """Return the visible text of the page's main part."""
    tree = _tree(decode(data))
    named = tree.css_first("title")
    title = " ".join(named.text().split()) if named else title
    for selector in (_DROPPED, _HIDDEN):
        for node in tree.css(selector):
            node.decompose()
    mains = tree.css(_MAIN)
    page = _Page()
    if root := mains[0] if len(mains) == 1 else tree.body:
        page.read(root)
    text = clean("".join(page.parts))
    if not text.strip():
        raise DocumentEmpty
    return outlined(text, page.headings, fallback_title=title, media_type=Format.HTML)


def _tree(source: str) -> LexborHTMLParser:
    try:
        return LexborHTMLParser(source)
    except SelectolaxError as error:  # Lexbor mends any HTML; what it cannot do is go without memory.
        raise DocumentTooComplex from error


class _Page:
    """The text so far, block by block."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.headings: list[Heading] = []
        self._length = 0
        self._block: list[str] = []
        self._preformatted = 0

    def read(self, root: LexborNode) -> None:
        for node, entering in _walk(root):
            tag = node.tag or ""
            if tag == "-text":
                self._block.append(node.text_content or "" if entering else "")
            elif tag == "br":
                self._block.append("\n" if entering and self._preformatted else " ")
            elif tag in _CELLS:
                self._block.append("" if entering else " | ")
            elif tag not in _INLINE:
                self._edge(tag, entering)
        self._flush()

    def _edge(self, tag: str, entering: bool) -> None:
        start, title = self._flush()
        if tag == "pre":
            self._preformatted += 1 if entering else -1
        elif tag == "li" and entering:
            self._block.append("- ")
        elif tag in _LEVELS and not entering and title:
            self.headings.append(Heading(start, _LEVELS[tag], title))

    def _flush(self) -> tuple[int, str]:
        """Write the block down; return where it starts and what it says."""
        joined = clean("".join(self._block))
        block = joined.strip("\n") if self._preformatted else " ".join(joined.split()).removesuffix(" |")
        self._block.clear()
        start = self._length
        if block.strip() and block != "-":
            self.parts += (block, "\n\n")
            self._length += len(block) + 2
        return start, block


def _walk(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Give every node under ``root`` twice, entering and leaving, without recursion: pages may be nested to any depth."""
    stack: list[tuple[LexborNode, bool]] = [(root, True)]
    while stack:
        node, entering = stack.pop()
        yield node, entering
        if entering:
            stack.append((node, False))
            child = node.last_child
            while child is not None:
                stack.append((child, True))
                child = child.prev
