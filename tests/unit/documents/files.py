"""Documents to read in tests: honest ones made with the usual tools, and hostile ones made by hand."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable

import docx
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def pdf(pages: Iterable[str], password: str | None = None, owner: str | None = None) -> bytes:
    """Return a PDF with a line of text on each page, encrypted where there is a password."""
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for text in pages:
        page = writer.add_blank_page(200, 200)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})})
        content = DecodedStreamObject()
        content.set_data(b"BT /F1 12 Tf 10 100 Td (" + text.encode("latin-1") + b") Tj ET")
        page[NameObject("/Contents")] = content
    if password is not None:
        writer.encrypt(password, owner, algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def word(*paragraphs: str) -> bytes:
    """Return a DOCX of paragraphs."""
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    return saved(document)


def saved(document: "docx.document.Document") -> bytes:
    """Return a python-docx document's file."""
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def repacked(package: bytes, **replaced: bytes) -> bytes:
    """Return a DOCX with parts replaced: `document` for word/document.xml."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            stem = entry.filename.rpartition("/")[2].removesuffix(".xml")
            target.writestr(entry.filename, replaced.get(stem, source.read(entry.filename)))
    return buffer.getvalue()


def part(package: bytes, name: str) -> bytes:
    """Return one file of a package."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return archive.read(name)


def document_xml(body: str, before: str = "") -> bytes:
    """Return a word/document.xml."""
    return f'<?xml version="1.0"?>{before}<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'.encode()


def zip_bomb(mebibytes: int) -> bytes:
    """Return a DOCX whose document unpacks to so many MiB of spaces."""
    body = b"<w:p><w:r><w:t>" + b" " * (mebibytes << 20) + b"</w:t></w:r></w:p>"
    return repacked(word("x"), document=document_xml("BODY").replace(b"BODY", body))


def lying_zip_bomb(mebibytes: int) -> bytes:
    """Return the same with sizes in the directory that say it is small."""
    data = bytearray(zip_bomb(mebibytes))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.find(mark)
        while at >= 0:
            if struct.unpack_from("<I", data, at + offset)[0] > 1 << 20:
                struct.pack_into("<I", data, at + offset, 5000)
            at = data.find(mark, at + 4)
    return bytes(data)


def billion_laughs() -> bytes:
    """Return a DOCX whose entities would expand to 10^9 words."""
    entities = '<!ENTITY e0 "ha">' + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    body = "<w:p><w:r><w:t>visible &e9;</w:t></w:r></w:p>"
    return repacked(word("x"), document=document_xml(body, f"<!DOCTYPE w:document [{entities}]>"))


def external_entity(path: str) -> bytes:
    """Return a DOCX that asks for a file of the machine that reads it."""
    body = "<w:p><w:r><w:t>before &file; after</w:t></w:r></w:p>"
    return repacked(word("x"), document=document_xml(body, f'<!DOCTYPE w:document [<!ENTITY file SYSTEM "file://{path}">]>'))


def raw_pdf(*objects: bytes) -> bytes:
    """Return a PDF of these objects, numbered from 1; the first is the catalog."""
    data, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    data += b"trailer <</Size %d /Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(data)


CATALOG = b"<</Type /Catalog /Pages 2 0 R>>"
FONT = b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>"


def recursive_pages() -> bytes:
    """Return a PDF whose page tree holds itself."""
    return raw_pdf(CATALOG, b"<</Type /Pages /Count 1 /Kids [2 0 R]>>")


def deep_pdf(depth: int = 100_000) -> bytes:
    """Return a PDF with arrays in arrays."""
    page = b"<</Type /Page /Parent 2 0 R /Contents 4 0 R /X " + b"[" * depth + b"]" * depth + b">>"
    return raw_pdf(CATALOG, b"<</Type /Pages /Count 1 /Kids [3 0 R]>>", page, b"<</Length 0>>\nstream\n\nendstream")


def many_pages(count: int) -> bytes:
    """Return a PDF whose one page is there so many times."""
    kids = b"3 0 R " * count
    return raw_pdf(
        CATALOG,
        b"<</Type /Pages /Count %d /Kids [%s]>>" % (count, kids),
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources <</Font <</F1 %s>>>>>>" % FONT,
        b"<</Length 23>>\nstream\nBT /F1 9 Tf (page) Tj ET\nendstream",
    )


def pdf_bomb(mebibytes: int) -> bytes:
    """Return a PDF whose page is a few KiB that unpack to many MiB, twice."""
    packed = zlib.compress(zlib.compress(b"BT /F1 9 Tf (bomb) Tj ET" + b" " * (mebibytes << 20), 9), 9)
    stream = b"<</Length %d /Filter [/FlateDecode /FlateDecode]>>\nstream\n%s\nendstream" % (len(packed), packed)
    return raw_pdf(
        CATALOG,
        b"<</Type /Pages /Count 1 /Kids [3 0 R]>>",
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources <</Font <</F1 %s>>>>>>" % FONT,
        stream,
    )


def slow_pdf(forms: int = 24) -> bytes:
    """Return a PDF whose forms each draw the next one twice: 2^24 drawings from two kilobytes."""
    first = 5
    objects = [
        CATALOG,
        b"<</Type /Pages /Count 1 /Kids [3 0 R]>>",
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources <</Font <</F1 %s>> /XObject <</F %d 0 R>>>>>>"
        % (FONT, first),
        b"<</Length 9>>\nstream\n/F Do    \nendstream",
    ]
    for number in range(first, first + forms):
        resources = b"/Resources <</Font <</F1 %s>> /XObject <</F %d 0 R>>>>" % (FONT, number + 1)
        objects.append(b"<</Type /XObject /Subtype /Form /BBox [0 0 9 9] %s /Length 12>>\nstream\n/F Do /F Do \nendstream" % resources)
    objects.append(b"<</Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 23>>\nstream\nBT /F1 9 Tf (leaf) Tj ET\nendstream")
    return raw_pdf(*objects)


def crowded_zip(count: int) -> bytes:
    """Return a DOCX with so many empty entries."""
    buffer = io.BytesIO(word("x"))
    with zipfile.ZipFile(buffer, "a") as archive:
        for number in range(count):
            archive.writestr(f"word/{number}", b"")
    return buffer.getvalue()


def nested_tables(depth: int) -> str:
    """Return tables in tables, each twice in the one around it as far as 2^depth goes in one chain."""
    text = "<w:p><w:r><w:t>deep</w:t></w:r></w:p>"
    for _ in range(depth):
        text = f"<w:tbl><w:tr><w:tc>{text}</w:tc></w:tr></w:tbl>"
    return text
