"""E-mail addresses, plain and spelt out, and the user and password inside a URL."""

import re
from typing import Final

from assistant_gateway.redaction.detection.patterns.page import Found, Page, Shape

_LOCAL: Final = r"""[A-Za-z0-9\x7f!#$%&'*+/=?^_`{|}~\-](?:[.A-Za-z0-9\x7f!#$%&'*+/=?^_`{|}~\-]{0,63})"""
_HOST: Final = r"[A-Za-z0-9\x7f](?:[A-Za-z0-9\x7f\-]{0,62})(?:\.[A-Za-z0-9\x7f][A-Za-z0-9\x7f\-]{0,62}){1,6}"
_EMAIL: Final = (rf"(?:{_LOCAL}|\x22[^\x22\r\n]{{1,48}}\x22) ?@ ?(?:{_HOST}|\[[0-9A-Fa-f:.]{{7,45}}\])",)
_AT: Final = r"(?: ?[\[({<] ?(?:at|AT|At|@|arroba|AROBASE|arobase) ?[\])}>] ?| (?:at|AT|arroba|arobase|chez) )"
_DOT: Final = r"(?: ?[\[({<] ?(?:dot|DOT|Dot|\.|punkt|Punkt|point|punto) ?[\])}>] ?| (?:dot|DOT|punkt|punto) |\.)"
_SPELT: Final = (
    rf"\b[A-Za-z0-9][A-Za-z0-9._+\-]{{0,40}}(?:{_DOT}[A-Za-z0-9_\-]{{1,30}}){{0,2}}{_AT}[A-Za-z0-9\-]{{1,40}}(?:{_DOT}[A-Za-z0-9\-]{{2,24}}){{1,3}}\b",
)
_BRACKETED_AT: Final = re.compile(rb"[\[({<] ?(?:at|@|arroba|arobase) ?[\])}>]", re.IGNORECASE)
_SPOKEN_DOT: Final = re.compile(rb" (?:dot|punkt|punto) |[\[({<] ?(?:dot|\.|punkt|point|punto) ?[\])}>]", re.IGNORECASE)
# What follows an @ in file names and package pins and is no top-level domain.
_FILES: Final = frozenset(
    b"png jpg jpeg gif svg webp bmp ico js ts jsx tsx mjs json yaml yml css html htm txt xml toml lock whl gz zip pdf exe dll".split()
)
_NOBODY: Final = frozenset((b"git", b"hg", b"svn", b"ssh"))
_ALNUM: Final = re.compile(rb"[A-Za-z0-9\x7f]")
_MARKS: Final = (b"=", b"/", b"'", b"`", b"{", b"|", b"?", b"&", b"*", b"!", b"#", b"$", b"~", b"^")
_MARK: Final = re.compile(b"[" + re.escape(b"".join(_MARKS)) + b"]")


def _email(page: Page, start: int, end: int) -> Found | None:
    view = page.view
    at = view.rindex(b"@", start, end)
    start = _local_start(view, start, at)
    end -= len(_behind(view[at + 1 : end]))
    domain = view[at + 1 : end].strip(b" ")
    spaced = view[at - 1 : at] == b" " or view[at + 1 : at + 2] == b" "
    last = domain.rsplit(b".", 1)[-1].lower()
    if not domain.startswith(b"["):
        kept = last.rstrip(b"-")
        if last[:1].isalpha() and len(kept.rstrip(b"\x7f")) > 1:  # of a domain in another script one letter may look Latin
            kept = kept.rstrip(b"\x7f")
        if len(kept) < 2 or kept in _FILES or not (kept.isalpha() or b"\x7f" in kept or kept.startswith(b"xn--")):
            return None
        end -= len(last) - len(kept)
    local = view[start:at].rstrip(b" ")
    if not local or (spaced and not _plain(local, domain)) or (local in _NOBODY) or _inside_url_credentials(view, start):
        return None
    return Found(start, end, "EMAIL")


def _behind(domain: bytes) -> bytes:
    """Return what a sentence in a script without spaces adds to a domain: `example.com。谢谢`."""
    labels = domain.split(b".")
    if len(labels) > 2 and not labels[-1].strip(b"\x7f") and labels[-2].isalpha():
        return b"." + labels[-1]
    return b""


def _local_start(view: bytes, start: int, at: int) -> int:
    """Skip what sentences, URLs and code put in front of an address: `?to=`, `'`, `/`, characters that are no letters."""
    if view[start : start + 1] == b'"':
        return start
    if _MARK.search(view, start, at - 1):
        for mark in _MARKS:
            cut = view.rfind(mark, start, at - 1)
            if cut >= 0 and (mark not in b"'&" or cut == start):
                start = cut + 1
    while start < at - 1 and not _ALNUM.match(view, start) and view[start : start + 1] not in b"_+":
        start += 1
    return start


def _plain(local: bytes, domain: bytes) -> bool:
    """`anna @ example.com`: with spaces only words that look like an address, not `total @ 4.5`."""
    return local.replace(b".", b"").replace(b"_", b"").isalnum() and domain.rsplit(b".", 1)[-1].lower() in _COMMON and len(local) > 2


_COMMON: Final = frozenset(b"com org net edu gov io de fr es it uk nl be at ch pl se dk fi no pt br in ca au eu us info example".split())


def _inside_url_credentials(view: bytes, start: int) -> bool:
    """Whether this is the password and host of `https://user:password@host`: URL_CREDENTIALS covers what is to be covered."""
    authority = view.rfind(b"://", max(0, start - 160), start)
    return authority >= 0 and not any(mark in view[authority + 3 : start] for mark in (b"/", b"?", b"#", b" ", b"\n", b'"', b"<", b"="))


def _spelt(page: Page, start: int, end: int) -> Found | None:
    raw = page.view[start:end]
    if _BRACKETED_AT.search(raw):
        return Found(start, end, "EMAIL")
    if not _SPOKEN_DOT.search(raw):
        return None  # "meet at example.com" is no address
    return Found(start, end, "EMAIL") if raw.rsplit(b" ", 1)[-1].strip(b")]}>").lower() in _COMMON else None


_SCHEME: Final = r"[A-Za-z][A-Za-z0-9+.\-]{1,24}://"
_CREDENTIALS: Final = (
    rf"{_SCHEME}[^\s/?#\x22'<>@`|\\]+@[A-Za-z0-9\[\x7f%$]",
    rf"{_SCHEME}(?:[A-Za-z0-9._\-]{{1,32}}\\{{1,2}})?[^\s/?#\x22'<>@:`|\\]{{0,128}}:[^\s\x22'<>`|\\]{{1,200}}@[A-Za-z0-9\[\x7f]",
)
_VARIABLE: Final = re.compile(rb"[$%]?\{[^}]*\}|\$\(?(?:[A-Z_][A-Z0-9_]*|[a-z_]+)\)?|<[^>]*>|%[sd]|\*+|\[[A-Z_-]+\]|[xX.]{3,}")
_WITH_SLASH: Final = (b"postgres", b"mysql", b"mongodb", b"redis", b"amqp", b"mssql", b"mariadb", b"jdbc", b"smtp", b"ftp", b"sftp")


def _credentials(page: Page, start: int, end: int) -> Found | None:
    view = page.view
    first = view.index(b"://", start) + 3
    last = view.rindex(b"@", first, end)
    user, colon, password = view[first:last].partition(b":")
    scheme = view[start : first - 3].lower()
    if b"/" in password and not scheme.startswith(_WITH_SLASH):
        return None
    if not colon:
        alone = scheme.startswith((b"http", b"ftp")) and _secret(user) and user not in _NOBODY
        return Found(start, _url_end(view, last), "URL_CREDENTIALS") if alone else None
    if not _secret(password or user):
        return None
    return Found(start, _url_end(view, last), "URL_CREDENTIALS")


_REST: Final = re.compile(rb"[^\s\"'<>`|\\^{}]{1,2000}")


def _url_end(view: bytes, at: int) -> int:
    """Where the URL ends; the whole of it is covered: its host, its path and its query go with the password."""
    match = _REST.match(view, at)
    end = match.end() if match else at + 1
    while view[end - 1 : end] in (b".", b",", b")", b"]", b";", b":", b"!", b"?", b"*", b"\x7f"):
        end -= 1
    return end


def _secret(part: bytes) -> bool:
    return bool(part) and _VARIABLE.fullmatch(part) is None


_MAIL: Final = frozenset({"EMAIL"})
SHAPES: Final = (
    Shape(_EMAIL, _email, _MAIL, needs=b"@", whole=True),
    Shape(_SPELT, _spelt, _MAIL),
    Shape(_CREDENTIALS, _credentials, frozenset({"URL_CREDENTIALS"}), needs=b"://", whole=True),
)
