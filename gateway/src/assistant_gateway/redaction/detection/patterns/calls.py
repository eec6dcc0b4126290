"""Passwords that their place gives away: what a command or a call takes as one, and what stands behind an address and a colon.

No word need stand before these (passwords.py has those). The value is the last thing of each candidate: in quotes, or a bare word.
"""

import re
from typing import Final

from assistant_gateway.redaction.detection.patterns.literals import classes, digits, is_blank, is_name
from assistant_gateway.redaction.detection.patterns.looks import MIXED, SIGNED, grade
from assistant_gateway.redaction.detection.patterns.page import Found, Page, Shape

_QUOTED: Final = r"(?:\x22[^\x22\n]{3,64}\x22|'[^'\n]{3,64}')"
_BARE: Final = r"[^\s\x22'<>|;&$\-][^\s\x22'<>|;&]{2,63}"
_EITHER: Final = rf"(?:{_QUOTED}|{_BARE})"
# login("anna", "..."), new PDO(dsn, "root", "...")
_CALLS: Final = (
    r"(?:[Ll]ogin|[Ss]ign_?[Ii]n|[Aa]uthenticate|BasicAuth|NetworkCredential|PasswordAuthentication)"
    rf"\({_QUOTED}, ?{_QUOTED}",
    rf"(?:PDO|mysqli|mysqli_connect|mysql_connect|getConnection|oci_connect)\([^,()\n]{{1,48}}, ?[^,()\n]{{1,48}}, ?{_QUOTED}",
)
_COMMANDS: Final = (
    rf"\b(?:sqlcmd|unzip|zip|mosquitto_pub|mosquitto_sub) [^\n|;&]{{0,64}}?-P ?{_EITHER}",
    rf"\b(?:mongo|mongosh|mongodump|mongorestore|docker login|podman login|az login|oc login) [^\n|;&]{{0,72}}?-p {_EITHER}",
    rf"\bldap(?:search|modify|add|delete|passwd|whoami) [^\n|;&]{{0,72}}?-w {_EITHER}",
    rf"\brabbitmqctl (?:add_user|change_password) [^\s]{{1,40}} {_EITHER}",
    rf"\b(?:wpa_passphrase|net user) [^\s/]{{1,40}} {_EITHER}",
    rf"\bredis-cli [^\n|;&]{{0,64}}?-a {_EITHER}",
    rf"ConvertTo-SecureString (?:-String )?{_QUOTED}",
    rf"\becho {_QUOTED} ?\| ?sudo -S\b",
)
_WITH_FLAGS: Final = (
    rf"\bhtpasswd -[a-zA-Z0-9]{{0,4}}b[a-zA-Z0-9]{{0,4}} (?:[^\s|;&]{{1,64}} ){{1,3}}{_EITHER}",
    rf"\b(?:openssl|gpg) [^\n|;&]{{0,72}}? -(?:k|passin|passout|pass) (?:pass:)?{_EITHER}",
    rf"\b(?:ipmitool|mqttx) [^\n|;&]{{0,64}}?-P ?{_EITHER}",
)
_FLAGS: Final = (
    r"(?: -u|--user|--userpass|--auth|--proxy-user)[ =]{1,2}[\x22']?[^\s:\x22']{0,64}:[\x22']?[^\s\x22'$][^\s\x22']{2,127}",
    r"\b(?:sshpass|mysql|mysqldump|mysqladmin) (?:-[A-Za-oq-z][^\s]{0,32} [^\s\-]{0,32} ?){0,4}-p ?[\x22']?[^\s\x22'$\-][^\s\x22']{2,127}",
)
_TOTP: Final = (r"otpauth://[a-z]{4,5}/[^\s\x22'<>]+",)
_PAIR: Final = (r"@[A-Za-z0-9\-]{1,40}(?:\.[A-Za-z0-9\-]{1,24}){1,4}(?:[:|]| / )[^\s:|;,/@\x22'<>()]{6,64}",)
# Users that every machine has: `grafana: admin:...`
_USERS: Final = r"\b(?:admin|administrator|root|sysadmin|postgres|elastic|guest|demo|ubuntu|oracle)"
_KNOWN: Final = (rf"{_USERS}:[^\s:,;@/\x22'<>()]{{6,64}}",)
_KNOWN_BESIDE: Final = (rf"{_USERS}(?: / |/)[^\s:,;@/\x22'<>()]{{6,64}}",)
# `creds: bob / ...`, `user/pass: bob/...`
_TOGETHER: Final = (
    r"(?i:\b(?:creds|credentials|user/pass|username/password|login(?: for [a-z ]{2,32})?|zugangsdaten|zugang|identifiants|acceso"
    r"|accesso|inlog|account|user|benutzer))[ :=\-]{1,3}"
    r"(?i:(?:are|is|sind|sont|son|sono) )?[A-Za-z0-9._@\-]{2,48} ?[:/] ?[^\s:/,;]{5,64}",
)

# Behind the name of who has it, with a sign between: smbclient -U 'bob%...', lftp -u bob,..., sqlplus bob/...@db, echo "bob:..." | chpasswd
_SIGNED: Final = (
    r"\b(?:smbclient|rpcclient|winexe|net rpc|smbmap|smbget) [^\n|;&]{0,64}?-U ?[\x22']?[^\s%\x22']{1,40}%[^\s\x22']{3,64}",
    r"\blftp [^\n|;&]{0,40}?-u [\x22']?[^\s,\x22']{1,40},[^\s\x22']{3,64}",
    r"\bsqlplus(?: -[a-zA-Z]+)? [\x22']?[A-Za-z0-9_$#]{1,30}/[^\s/@\x22']{3,64}(?:@|\x22|'|\s|$)",
    r"\becho (?:-[a-z] )?[\x22']?[^\s:\x22']{1,32}:[^\n\x22'|]{3,64}[\x22']? ?\| ?(?:sudo )?chpasswd",
    r"\bbtoa\([\x22'][A-Za-z0-9_.@\-]{1,40}:[^\s\x22']{3,64}[\x22']",
    r"\b(?:b64encode|base64_encode|encodeBase64|base64\.encode)\(b?[\x22'][A-Za-z0-9_.@\-]{1,40}:[^\s\x22']{3,64}[\x22']",
    r"\bauth ?= ?\([\x22'][^\x22'\n]{1,40}[\x22'], ?[\x22'][^\x22'\n]{3,64}[\x22']",
)
# What parts the name from the password, by how the command begins; a colon in the others.
_SIGNS: Final = ((b"lftp", b","), (b"auth", b","), (b"sqlplus", b"/"), (b"smb", b"%"), (b"rpc", b"%"), (b"winexe", b"%"), (b"net", b"%"))
_VALUE: Final = re.compile(rb" ?[\"']?([^\s\"'|]{3,64})")
# Two lines of a note: `u: anna`, `p: ...`.
_LINES: Final = (
    r"(?i)(?:\A|\n)[ \t>*-]{0,6}(?:u|un|usr|user|username|login|id|benutzer|nutzer)[ ]?[:=][ ]?"
    r"[^\s]{1,64}[ \t]*[\n,/|;][ \t>*-]{0,6}p:[ ]?[^\s]{4,64}",
)

_SUDO: Final = re.compile(rb" ?\| ?sudo -S\Z")
_GAPS: Final = re.compile(rb"[\s\"']")
_NUMBERED: Final = re.compile(rb"[A-Za-z]?[a-z]+[0-9]{1,4}")


def _last(page: Page, start: int, end: int) -> Found | None:
    """Return what the candidate ends with, unless it is a blank or a variable."""
    view = page.view
    if (tail := _SUDO.search(view, start, end)) is not None:
        end = tail.start()
    quote = view[end - 1 : end]
    if quote in (b'"', b"'"):
        end -= 1
        first = view.rindex(quote, start, end) + 1
    else:
        first = max(gap.end() for gap in _GAPS.finditer(view, start, end))
    if view.startswith(b"pass:", first):  # openssl: from where it comes
        first += 5
    value = view[first:end]
    variable = value.startswith((b"env:", b"file:", b"fd:")) or (value[:1] in (b"$", b"%", b"{") and not value[1:2].isdigit())
    return None if variable or is_blank(value) or value.isdigit() else Found(first, end, "PASSWORD")


def _behind_flag(page: Page, start: int, end: int) -> Found | None:
    raw = page.view[start:end]
    first = end - len(raw.rpartition(b"-p")[2].lstrip(b" \"'") if raw[:1].isalpha() else raw.partition(b":")[2])
    value = page.view[first:end]
    if raw.startswith(b"mysql") and page.view[first - 1 : first] == b" " and is_name(value):
        return None  # mysql asks for it, and this is the database
    return None if value.startswith((b"//", b"refs/")) or is_blank(value) or value.isdigit() else Found(first, end, "PASSWORD")


def _argument(page: Page, start: int, end: int) -> Found | None:
    """Of a call only what is no word: `login("anna", "admin")` is a test's."""
    found = _last(page, start, end)
    value = page.view[found.start : found.end] if found else b""
    return found if digits(value) or (classes(value) >= 2 and not is_name(value)) else None


def _together(page: Page, start: int, end: int) -> Found | None:
    """The name and the password in one: the password is what no name and no path is."""
    view = page.view
    first = max(view.rfind(sign, start, end) for sign in (b":", b"/", b" ")) + 1
    value = view[first:end].rstrip(b".)")
    told = view[start : start + 5].lower() == b"user/"
    made_up = digits(value) and b"." not in value and (told or (classes(value) >= 3 and _NUMBERED.fullmatch(value) is None))
    return Found(first, first + len(value), "PASSWORD") if made_up and classes(value) > 1 and not is_blank(value) else None


def _signed(page: Page, start: int, end: int) -> Found | None:
    """Return what stands behind the name and its sign, as far as it goes."""
    view = page.view
    sign = next((sign for command, sign in _SIGNS if view.startswith(command, start)), b":")
    match = _VALUE.match(view, view.index(sign, start, end) + 1)
    if match is None:
        return None
    value = (match[1].partition(b"@")[0] if sign == b"/" else match[1]).rstrip(b")")
    variable = value[:1] in (b"$", b"%", b"{", b"<")
    return None if variable or is_blank(value) else Found(match.start(1), match.start(1) + len(value), "PASSWORD")


def _shared(page: Page, start: int, end: int) -> Found | None:
    """`net use Z: \\\\server\\share ... /user:`: between the share and the name."""
    last = page.view.rindex(b" ", start, end)
    first = page.view.rindex(b" ", start, last) + 1
    return None if is_blank(page.view[first:last]) else Found(first, last, "PASSWORD")


def _in_lines(page: Page, start: int, end: int) -> Found | None:
    view = page.view
    first = max(view.rfind(sign, start, end) for sign in (b":", b"=", b" ")) + 1
    value = view[first:end]
    return Found(first, end, "PASSWORD") if digits(value) and classes(value) >= 2 and not is_blank(value) else None


def _behind_known(page: Page, start: int, end: int) -> Found | None:
    first = page.view.index(b":", start, end) + 1
    value = page.view[first:end].rstrip(b".!?`*")
    variable = value[:1] in (b"$", b"%", b"{")
    fits = classes(value) >= 3 and digits(value) and not variable and _NUMBERED.fullmatch(value) is None and not is_blank(value)
    return Found(first, first + len(value), "PASSWORD") if fits else None


def _beside_known(page: Page, start: int, end: int) -> Found | None:
    """`root / ...`: a path has no such names in it."""
    first = max(page.view.rfind(sign, start, end) for sign in (b"/", b" ")) + 1
    value = page.view[first:end].rstrip(b".?`*")
    looks = grade(value)
    path = page.view[start - 1 : start] == b"/" or page.view[end : end + 1] == b"/"
    return (
        Found(first, first + len(value), "PASSWORD")
        if not path and looks >= (MIXED if b" / " in page.view[start:end] or value[-1:] == b"!" else SIGNED)
        else None
    )


def _totp(page: Page, start: int, end: int) -> Found | None:
    return Found(start, end, "PASSWORD") if b"secret=" in page.view[start:end] else None


def _behind_address(page: Page, start: int, end: int) -> Found | None:
    """`anna@example.com:...`, as lists of stolen passwords have it; a path on a server and a port are none."""
    view = page.view
    if not view[start - 1 : start].isalnum() or not start:
        return None
    first = max(view.rfind(sign, start, end) for sign in (b":", b"|", b" ")) + 1
    end -= len(view[first:end]) - len(view[first:end].rstrip(b"."))
    value = view[first:end]
    made_up = classes(value) >= 3 and digits(value) and b"." not in value and _NUMBERED.fullmatch(value) is None
    return Found(first, end, "PASSWORD") if made_up else None


_PASSWORD: Final = frozenset({"PASSWORD"})
SHAPES: Final = (
    Shape(_CALLS, _argument, _PASSWORD, needs=b"("),
    Shape(_FLAGS, _behind_flag, _PASSWORD, needs=b" -"),
    Shape(_COMMANDS[:-1], _last, _PASSWORD),
    Shape(_WITH_FLAGS, _last, _PASSWORD, needs=b" -"),
    Shape((rf"(?i:\bnet use) [^\n|;&]{{0,64}}?/(?i:user):[^\s]{{1,40}} {_EITHER}",), _last, _PASSWORD, needs=b"/"),
    Shape((r"(?i:\bnet use) [^\n|;&]{0,24}?\\\\[^\s]{1,64} [^\s/*][^\s]{3,64} /(?i:user):",), _shared, _PASSWORD, needs=b"\\"),
    Shape(_COMMANDS[-1:], _last, _PASSWORD),
    Shape(_TOTP, _totp, _PASSWORD, whole=True),
    Shape(_TOGETHER, _together, _PASSWORD, digits=True),
    Shape(_SIGNED, _signed, _PASSWORD),
    Shape(_LINES, _in_lines, _PASSWORD, needs=b"p:"),
    Shape(_KNOWN, _behind_known, _PASSWORD, needs=b":", digits=True),
    Shape(_KNOWN_BESIDE, _beside_known, _PASSWORD, needs=b"/"),
    Shape(_PAIR, _behind_address, _PASSWORD, needs=b"@"),
)
