"""HTML as a reader sees it: headings marked, paragraphs apart, a table's rows as lines; no scripts, no styles, nothing that is hidden.

Hidden text is left out because no person who put the page into a source has seen it, and it is where instructions to models are put.
The tree is walked without recursion: a page may be a million elements deep.
"""

import re
from typing import BinaryIO, Final

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from assistant_documents.extraction.formats.sink import Sink
from assistant_documents.extraction.formats.text import charset_of, decode, refuse_binary
from assistant_documents.extraction.protocol import Reason, RefusedError


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


_META_WITHIN: Final = 4096
_META: Final = re.compile(rb"<meta[^>]{0,500}charset\s*=[^>]{0,100}>", re.I)
_DROPPED: Final = _tags(
    "script style template noscript svg math iframe object embed canvas audio video select datalist dialog map applet frameset"
)
_BLOCKS: Final = _tags(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form header hr html legend li "
    "main nav ol p pre section summary table tbody tfoot thead title tr ul caption h1 h2 h3 h4 h5 h6 option optgroup"
)
_APART: Final = _tags("p table ul ol dl pre blockquote h1 h2 h3 h4 h5 h6 hr section article title")
_HEADINGS: Final = {"title": "# ", "h1": "# ", "h2": "## ", "h3": "### ", "h4": "#### ", "h5": "##### ", "h6": "###### "}
_CELLS: Final = _tags("td th")
_ENDS_CELL_LINE: Final = _tags("table tr caption h1 h2 h3 h4 h5 h6")
_HIDING: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.I)


def read(document: BinaryIO, media_type: str | None, sink: Sink) -> None:
    """Add the page's text."""
    data = document.read()
    meta = _META.search(data, 0, _META_WITHIN)
    text = decode(data, charset_of(media_type) or (charset_of(meta[0].decode("latin-1")) if meta else None))
    refuse_binary(text)
    del data
    try:
        page = LexborHTMLParser(text)
    except SelectolaxError:  # any text is a page, so this is how the library says that it found no memory
        raise RefusedError(Reason.OUT_OF_MEMORY) from None
    _walk(page.root, _Page(sink))


def _walk(root: LexborNode | None, page: "_Page") -> None:
    node, is_entering = root, True
    last = None if root is None else root.mem_id  # `==` would compare the HTML of both
    while node is not None:
        if is_entering and node.is_text_node:
            page.text(node.text_content or "")
        elif is_entering and node.is_element_node and not _is_hidden(node):
            page.enter(node)
            if (child := node.first_child) is not None:
                node = child
                continue
            page.leave(node.tag or "")
        elif not is_entering:
            page.leave(node.tag or "")
        if node.mem_id == last:
            break
        following = node.next
        node, is_entering = (following, True) if following is not None else (node.parent, False)
    page.end()


def _is_hidden(node: LexborNode) -> bool:
    if node.tag in _DROPPED:
        return True
    attributes = node.attributes
    return bool(attributes) and ("hidden" in attributes or _HIDING.search(attributes.get("style") or "") is not None)


class _Page:
    """Lines as they fill; `enter` and `leave` are called around what an element holds."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._pieces: list[str] = []
        self._prefix = ""
        self._is_apart = False
        self._has_begun = False
        self._cells = 0
        self._in_row = 0
        self._preformatted = 0

    def text(self, text: str) -> None:
        """Take text between tags."""
        if not self._preformatted:
            self._pieces.append(text)
            return
        first, *rest = text.split("\n")
        self._pieces.append(first)
        for line in rest:
            self._flush()
            self._pieces.append(line)

    def enter(self, node: LexborNode) -> None:
        """An element begins."""
        tag = node.tag or ""
        if tag in _CELLS:
            self._cell()
        elif tag == "br":
            self._break(tag)
        elif tag == "img":
            self._pieces.append(f" {node.attributes.get('alt') or ''} ")
        elif tag in _BLOCKS:
            self._break(tag)
            self._prefix = _HEADINGS.get(tag) or ("- " if tag == "li" and not self._cells else self._prefix)
        if tag == "tr":
            self._in_row = 0
        self._preformatted += tag == "pre"

    def leave(self, tag: str) -> None:
        """An element ends."""
        if tag in _BLOCKS:
            self._break(tag)
            if tag in _HEADINGS or tag == "li":
                self._prefix = ""
        self._cells -= tag in _CELLS
        self._preformatted -= tag == "pre"

    def end(self) -> None:
        """The page ends."""
        self._flush()

    def _cell(self) -> None:
        self._cells += 1
        if self._in_row:
            self._pieces.append(" | ")
        self._in_row += 1

    def _break(self, tag: str) -> None:
        """End the line; in a cell most ends are spaces, so that a row stays a line."""
        if self._cells and tag not in _ENDS_CELL_LINE:
            self._pieces.append(" ")
            return
        self._flush()
        self._is_apart = self._is_apart or (tag in _APART and not self._prefix)  # a paragraph that begins a list's item is the item

    def _flush(self) -> None:
        joined = "".join(self._pieces)
        self._pieces.clear()
        line = joined.rstrip() if self._preformatted else " ".join(joined.split())
        if not line and not (self._preformatted and self._has_begun):
            return
        if self._has_begun:
            self._sink.add("\n\n" if self._is_apart else "\n")
        self._sink.add(self._prefix + line)
        self._prefix, self._is_apart, self._has_begun = "", False, True
