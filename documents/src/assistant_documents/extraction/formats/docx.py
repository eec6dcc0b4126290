"""DOCX: headings marked, paragraphs, lists and tables in order, page headers before and footers and notes after.

The package is measured before it is opened: what it says it unpacks to is what the unpacker then keeps to. The XML is walked here rather
than through python-docx's objects, which leave out content controls, text boxes and tracked insertions. Deleted text stays deleted, and
runs that are formatted as hidden are left out, as html.py leaves out what a page hides.
"""

import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from docx.oxml.parser import parse_xml
from docx.package import Package
from lxml import etree

from assistant_documents.extraction.formats.sink import Sink
from assistant_documents.extraction.protocol import Reason, RefusedError

_MAX_ENTRIES: Final = 10_000
_MAX_UNPACKED: Final = 256 << 20
"""Bytes of the whole package; the child's own memory limit is lower or higher as the container is."""
_ENCRYPTED_FLAG: Final = 0x1
_RESOURCE_LIMIT: Final = 114
"""libxml2's error for what is deeper, longer or expands further than it allows."""
_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_MARKS: Final = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-", f"{_W}softHyphen": ""}
_SKIPPED: Final = frozenset((_FALLBACK, f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", f"{_W}pPr", f"{_W}rPr", f"{_W}tblPr", f"{_W}sectPr"))
_OFF: Final = ("0", "false", "off")
_HEADING: Final = re.compile(r"heading (\d)$", re.I)
_PARTS: Final = ("styles", "header", "footer", "footnotes", "endnotes")


def read(document: BinaryIO, media_type: str | None, sink: Sink) -> None:
    """Add the document's text."""
    _measure(document)
    try:
        main = Package.open(document).main_document_part
        body = _root(main)
        parts = {kind: [_root(part) for part in _related(main, kind)] for kind in _PARTS}
    except etree.XMLSyntaxError as error:
        raise RefusedError(Reason.TOO_LARGE if error.code == _RESOURCE_LIMIT else Reason.BROKEN) from None
    styles = _marked_styles(parts["styles"])
    roots = [*parts["header"], body, *parts["footnotes"], *parts["endnotes"], *parts["footer"]]
    has_begun = False
    for block in (block for root in roots for block in _blocks(root, styles)):
        if block:
            sink.add(f"\n\n{block}" if has_begun else block)
            has_begun = True


def _measure(document: BinaryIO) -> None:
    """Refuse what would unpack to more than anybody writes."""
    try:
        with zipfile.ZipFile(document) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError):
        raise RefusedError(Reason.BROKEN) from None
    if any(entry.flag_bits & _ENCRYPTED_FLAG for entry in entries):
        raise RefusedError(Reason.ENCRYPTED)
    if len(entries) > _MAX_ENTRIES or sum(entry.file_size for entry in entries) > _MAX_UNPACKED:
        raise RefusedError(Reason.TOO_LARGE)
    document.seek(0)


def _related(main: Any, kind: str) -> list[Any]:
    """Return the parts of one kind that the document refers to, each once; several sections may share one."""
    relations = [relation for relation in main.rels.values() if not relation.is_external and relation.reltype.rpartition("/")[2] == kind]
    return list({str(relation.target_part.partname): relation.target_part for relation in relations}.values())


def _root(part: Any) -> Any:
    """Return a part's XML; templates and documents with macros have parts that the library does not parse by itself."""
    return part.element if hasattr(part, "element") else parse_xml(part.blob)  # a parser that resolves no entity and reads no file


def _marked_styles(sheets: list[Any]) -> dict[str, str]:
    """Return the mark of each style that is a heading or a list, by the style's id."""
    marks: dict[str, str] = {}
    for style in (style for sheet in sheets for style in sheet.iterchildren(f"{_W}style")):
        name = style.find(f"{_W}name")
        value = "" if name is None else name.get(f"{_W}val") or ""
        if value.lower() == "title":
            marks[style.get(f"{_W}styleId")] = "# "
        elif found := _HEADING.match(value):
            marks[style.get(f"{_W}styleId")] = "#" * min(int(found[1]) or 1, 6) + " "
        elif value.lower().startswith(("list bullet", "list number")):
            marks[style.get(f"{_W}styleId")] = "- "
    return marks


def _blocks(parent: Any, styles: dict[str, str]) -> Iterator[str]:
    """Yield paragraphs and whole tables, in order, however deep content controls hold them."""
    for child in parent.iterchildren():
        if child.tag == f"{_W}p":
            yield _paragraph(child, styles)
        elif child.tag == f"{_W}tbl":
            yield "\n".join(filter(None, (_row(row) for row in _near(child, f"{_W}tr"))))
        elif isinstance(child.tag, str) and child.tag not in _SKIPPED:
            yield from _blocks(child, styles)


def _paragraph(element: Any, styles: dict[str, str]) -> str:
    text = "".join(_inline(element)).strip()
    properties = element.find(f"{_W}pPr")
    if not text or properties is None:
        return text
    style = properties.find(f"{_W}pStyle")
    mark = styles.get(style.get(f"{_W}val"), "") if style is not None else ""
    if not mark and properties.find(f"{_W}numPr") is not None:
        mark = "- "
    return mark + text


def _inline(element: Any) -> Iterator[str]:
    """Yield the pieces of a paragraph: runs, links, insertions, fields' results, and text boxes set apart by spaces."""
    for child in element.iterchildren():
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in _MARKS:
            yield _MARKS[child.tag]
        elif isinstance(child.tag, str) and child.tag not in _SKIPPED and not _is_hidden(child):
            inside = "".join(_inline(child))
            yield f" {inside} " if child.tag == f"{_W}p" else inside


def _is_hidden(element: Any) -> bool:
    """Say whether this is a run that Word shows nobody."""
    mark = element.find(f"{_W}rPr/{_W}vanish") if element.tag == f"{_W}r" else None
    return mark is not None and mark.get(f"{_W}val") not in _OFF


def _row(row: Any) -> str:
    cells = [" ".join("".join(_inline(cell)).split()) for cell in _near(row, f"{_W}tc")]
    return " | ".join(cells) if any(cells) else ""


def _near(parent: Any, tag: str) -> Iterator[Any]:
    """Yield the elements of a tag, those in content controls too, but not those of a table inside."""
    for child in parent.iterchildren():
        if child.tag == tag:
            yield child
        elif isinstance(child.tag, str) and child.tag != f"{_W}tbl":
            yield from _near(child, tag)
