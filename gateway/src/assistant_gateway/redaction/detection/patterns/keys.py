"""API keys and tokens that their issuer's prefix gives away, JWTs, and key blocks.

The forms are those that the issuers publish for secret scanning. A prefix alone is not enough: the rest has its length and alphabet,
and where the prefix is a word (`sk-`, `key-`) it must look drawn by lot.
"""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.detection.patterns.page import Found, Page, Shape

# `<A>` is a letter or digit, `<H>` a hexadecimal digit, `<W>` a letter, digit, `_` or `-`. The issuers' names are in the comments.
_KEYS: Final = r"""
# Clouds
(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16} (?:AROA|AIDA|AGPA|ANPA|ANVA|APKA)[A-Z0-9]{16,17}
AIza<W>{35} GOCSPX-<W>{20,40} LTAI[A-Za-z0-9]{12,26} AKID[A-Za-z0-9]{32} AQVN<W>{35,38} ABSK[A-Za-z0-9+/]{100,140}={0,2}
do[opr]_v1_<H>{64} v1\.0-<H>{24}-<H>{146} [A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.\-]{31,34}
dp\.(?:pt|st|ct|sa|scim|audit)\.<W>{40,60} dapi<H>{32}(?:-[0-9])? pul-<H>{40} tskey-[a-z]{2,12}-<W>{10,80} HRKU-<W>{36,64}
(?:FlyV1\x20)?fm[12][a-z]?_[A-Za-z0-9+/=_,\-]{40,600}
scw-secret-key-<W>{20,60} pscale_(?:tkn|pw|oauth)_[\w.\-]{32,64} napi_<A>{32,80} sbp_<H>{40} sb_secret_<W>{20,60} nfp_<A>{36,50}
vc[pkai]_<A>{20,80} rnd_<A>{28,40} cf(?:ut|at|k)_<W>{40,60} fo1_<W>{43}
# Code, packages, builds
gh[pousr]_<A>{30,255} github_pat_[A-Za-z0-9_]{22,255}
gl(?:pat|dt|ptt|rt|rtr|cbt|imt|agent|oas|soat|ft|ffct|wt)-(?:t[0-9]_)?[\w\-]{20,64}(?:\.[0-9a-z]{2}\.?[0-9a-z]{7,9})? GR1348941<W>{20}
npm_<A>{36} pypi-<W>{50,400} rubygems_<H>{48} CLOJARS_[a-z0-9]{60} dckr_(?:pat|oat)_<W>{20,64} oy2[a-z0-9]{43} cio[A-Za-z0-9]{32}
bkua_<H>{40} CCIPAT_<A>{20,30}_<H>{40}
sq[upa]_<H>{40} ATATT3[\w\-=]{50,250} ATCTT3[\w\-=]{50,250} ATBB<A>{26,40} fig(?:dr?|or?|ur?|h)_<W>{36,60} PMAK-<H>{24}-<H>{34}
lin_(?:api|oauth)_<A>{32,64} ntn_<A>{40,60} secret_<A>{43} ddp_<A>{36} jfrog_<A>{20,80} AKCp[A-Za-z0-9]{60,80}
# Models
sk-ant-[a-z]{3,6}[0-9]{2}-<W>{20,140} sk-(?:proj|svcacct|admin|None|or-v1|lf|live|test|kimi)-<W>{20,220} sk-<W>{20,220} hf_<A>{34}
api_org_[A-Za-z]{34} gsk_<A>{40,64} xai-<A>{60,100} r8_<A>{37,40}
pplx-<A>{40,64} lsv2_(?:pt|sk)_<H>{32}_<H>{10} pcsk_<W>{40,90} tvly-<W>{20,60} nvapi-<W>{50,90} fw_<A>{22,30} csk-<A>{40,60}
jina_<W>{40,80} pa-<W>{40,50} tgp_v1_<W>{40,60} wandb_v1_<W>{40,90}
# Money, mail, messages
sk_(?:(?:live|test|prod)_<A>{10,120}|pr_<W>{20,60}) rk_(?:live|test|prod)_<A>{10,120} whsec_[A-Za-z0-9+/=]{24,80}
sq0(?:atp|csp|idp)-<W>{22,43} EAAA<W>{60}
access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32} EZ[AT]K[A-Za-z0-9]{54} shp(?:at|ca|pa|ss|ua)_[a-fA-F0-9]{32} sk_<H>{48}
SG\.<W>{16,32}\.<W>{16,64} key-<H>{32} <H>{32}-us[0-9]{1,2} SK<H>{32} AC<H>{32} re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,28}
xkeysib-<H>{64}-<A>{16} pat[A-Za-z0-9]{14}\.<H>{64} pat-(?:na|eu)[0-9]-<H>{8}-<H>{4}-<H>{4}-<H>{4}-<H>{12}
# Operations
NRAK-[A-Z0-9]{27} gl(?:c_[A-Za-z0-9+/=]{32,400}|sa_<A>{32}_<H>{8}) sntry[su]_[A-Za-z0-9+/=_\-]{40,400}
dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64} rdme_[a-z0-9]{70} CFPAT-<W>{43} (?:sdk|api|mob)-<H>{8}-<H>{4}-<H>{4}-<H>{4}-<H>{12}
phx_<W>{40,60} op_<W>{40,60} ops_eyJ<W>{100,900} NR(?:(?:II|AA|RA|IQ)-<W>{26,36}|(?:JS|BR)-<H>{19})
hc[abm][il]k_[a-z0-9]{50,64} sgp_(?:(?:<A>{16}|local)_)?[a-fA-F0-9]{40}
pnu_<A>{36} tfp_<W>{40,70} apify_api_<W>{36} ATTA<A>{60,80} sha256~<W>{43} cmVmdGtuOj[A-Za-z0-9]{50,60} y0_<W>{50,64} akab-<W>{16}-<W>{16}
xsmtpsib-<H>{64}-<A>{16} rzp_(?:live|test)_<A>{14} shippo_(?:live|test)_<H>{40} duffel_(?:live|test)_<W>{40,48} FLWSECK(?:_TEST)?-<W>{12,80}
access-(?:production|development|sandbox)-<H>{8}-<H>{4}-<H>{4}-<H>{4}-<H>{12} aio_<A>{28} p8e-<H>{32} tk-us-<W>{48} spu-<H>{32}
sm_(?:aat|pat|sat)_<A>{16} s-s4t2(?:ud|af)-<H>{64} pgar_<A>{27} pri_<H>{32}
A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}
(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.acc[_\-][a-z0-9\-]{10,32}\.[a-z0-9+/_=\-]{30,120} e2b_<H>{40} mlsn\.<H>{64}
dG9rO[A-Za-z0-9+/]{40,80}={0,2} pk_(?:<H>{34}|[0-9]{7,9}_[A-Z0-9]{32}) xnd_(?:production|development)_<A>{40,80} AstraCS:<A>{24}:<H>{64}
cal_live_<H>{32} rootly_<H>{64}
dnkey-<W>{26}-<W>{52} ico-<A>{32} ptr_[A-Za-z0-9+/]{43}= tlk_[A-Z0-9]{40} rpa_<A>{40,60} fc-<H>{32} API-[A-Z0-9]{25,32}
(?:live|test)_(?:pub_)?<W>{30,45} pdl_(?:live|sdbx)_apikey_[a-z0-9]{26}_<A>{22}_<A>{3} mdb_sa_(?:id|sk)_<W>{24,60}
sk\.eyJ<W>{40,200}\.<W>{20,40} tk\.eyJ<W>{40,200}\.<W>{20,40}
"""
_TOKENS: Final = r"""
xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9\-]{10,255} xapp-[0-9]-[A-Za-z0-9\-]{20,160}
hooks\.(?:slack\.com/(?:services|workflows|triggers)|zapier\.com/hooks/catch)/[A-Za-z0-9/+_\-]{12,120}
discord(?:app)?\.com/api/webhooks/[0-9]{15,22}/<W>{40,100}
[MNO][A-Za-z0-9_\-]{22,28}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,40} [0-9]{8,10}:AA<W>{32,35} bot[0-9]{8,10}:AA<W>{32,35}
[a-z0-9\-]{1,60}\.webhook\.office\.com/webhookb2/[A-Za-z0-9@/\-]{60,200}
ya29\.<W>{20,500} 4/0A<W>{40,120} 1//0[0-9A-Za-z_\-]{30,120} hv[sbr]\.[A-Za-z0-9_\-]{20,300}
[sbr]\.[A-Za-z0-9]{24} [0-9]{15,16}\|<W>{26,27} [a-f0-9A-Z]{36}NRAL <A>{14}\.atlasv1\.<W>{60,90}
EAA[A-Za-z0-9]{90,300} t1\.<W>{20,300}\.<W>{86}={0,2} (?:pat|sat)\.<W>{22}\.<H>{24}\.<A>{20}
AAAAAAAAA[A-Za-z0-9%]{80,140} sl\.<W>{130,200} oauth:[a-z0-9]{30}
v[1-4]\.(?:local|public)\.[A-Za-z0-9_\-]{40,2000}(?:\.[A-Za-z0-9_\-]{1,200})?
(?:sig|Signature)=[A-Za-z0-9%+/_\-]{40,120}={0,2}
"""

# Signed and encrypted ones, from the character before them on: a place inside a word is none, or a word of many `eyJ` would be read from
# each of them. Without bounds above: counting to thousands takes an automaton of thousands.
_JSON_WEB_TOKENS: Final = r"""
(?:\A|[^A-Za-z0-9_\-])eyJ<W>{8,}\.eyJ<W>{4,}(?:\.<W>*)? (?:\A|[^A-Za-z0-9_\-])eyJ<W>{8,}\.<W>{6}\.<W>{27,43}
(?:\A|[^A-Za-z0-9_\-])eyJrIjoi<A>{60,}={0,2}
(?:\A|[^A-Za-z0-9_\-])eyJ<W>{16,}\.<W>*\.<W>{10,}\.<W>{10,}\.<W>{10,64}
"""


def _sources(table: str) -> tuple[str, ...]:
    """Return the expressions of a table, its comments left out."""
    lines = [line for line in table.splitlines() if not line.startswith("#")]
    spelt = "\n".join(lines).replace("<W>", r"[A-Za-z0-9_\-]").replace("<A>", "[A-Za-z0-9]").replace("<H>", "[a-f0-9]")
    return tuple(spelt.split())


_MOST_TOGETHER: Final = 16


def _together(sources: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield those that are searched at once: sixteen that begin with letters, alike ones together, each of the others alone.

    So each search leaps from one first letter to the next; all in one it would take every byte, thirty times as long.
    """
    plain = sorted((source for source in sources if source[0] != "["), key=lambda source: source.removeprefix("(?:")[:2])
    yield from (tuple(plain[at : at + _MOST_TOGETHER]) for at in range(0, len(plain), _MOST_TOGETHER))
    yield from ((source,) for source in sources if source[0] == "[")


# What stands in the expressions that begin with a class.
_NEEDS: Final = ("~", "-us", ":AA", ".webhook.office.com/webhookb2/", ".atlasv1.", "NRAL", "|")


def _needed(sources: tuple[str, ...]) -> bytes:
    """Return bytes without which none of these is found: they cost a tenth of a search."""
    plain = sources[0].replace("\\", "")
    return next((need.encode() for need in _NEEDS if len(sources) == 1 and need in plain), b"")


_GUESSED: Final = (
    b"sk-",
    b"key-",
    b"pa-",
    b"fw_",
    b"op_",
    b"s.",
    b"b.",
    b"r.",
    b"sl.",
    b"secret_",
    b"cio",
    b"vc",
    b"rnd_",
    b"re_",
    b"sq",
    b"oy2",
    b"AKID",
    b"LTAI",
    b"ATBB",
    b"live_",
    b"test_",
    b"API-",
)


_SCHEMES: Final = (b"https://", b"http://")


def _key(page: Page, start: int, end: int) -> Found | None:
    return Found(start, end, "API_KEY") if _whole(page.view, start, end) else None


def _token(page: Page, start: int, end: int) -> Found | None:
    view = page.view
    if view.startswith((b"sig=", b"Signature="), start):
        if start and view[start - 1 : start] not in (b"?", b"&", b";", b'"', b"'", b" "):
            return None
        start = view.index(b"=", start) + 1
        return Found(start, end, "TOKEN") if drawn(view[start:end]) else None
    if not _whole(view, start, end):
        return None
    # A hook is a secret as the whole URL.
    scheme = next((mark for mark in _SCHEMES if view.endswith(mark, 0, start)), b"")
    return Found(start - len(scheme), end, "TOKEN")


def _json_web_token(page: Page, start: int, end: int) -> Found | None:
    return _token(page, page.view.index(b"eyJ", start), end)


_PLACEHOLDER: Final = 14


def _whole(view: bytes, start: int, end: int) -> bool:
    """Whether the key is not the middle of a longer word, and its rest looks drawn by lot where its prefix proves little."""
    if start and (view[start - 1 : start].isalnum() or (view[start - 1 : start] in (b"_", b"-") and view[start : start + 1].islower())):
        return False
    if view[end : end + 1].isalnum():
        return False
    raw = view[start:end]
    if len(set(raw[-_PLACEHOLDER:])) < 3:
        return False  # ghp_xxxxxxxx
    if not raw.startswith(_GUESSED):
        return True
    parts = re.split(rb"[-_.]", raw)
    return any(len(part) >= 14 and drawn(part) for part in parts) or (raw.startswith(b"sk-") and any(map(_long_and_mixed, parts)))


def _long_and_mixed(part: bytes) -> bool:
    """Whether it is no word, with or without a digit: one drawn key of 48 letters and digits in 500 has less than two digits."""
    return len(part) >= 32 and not part.islower() and not part.isupper()


def drawn(part: bytes) -> bool:
    """Whether letters and digits alternate as words do not: digits and letters both, and digits not all at its end."""
    digits = sum(48 <= character < 58 for character in part)
    return (2 <= digits < len(part) and not part.rstrip(b"0123456789").isalpha()) or (digits >= 2 and len(part) >= 32)


_BEGIN: Final = r"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}"
_OTHERS: Final = (
    r"PuTTY-User-Key-File-[0-9]:",
    r"AGE-SECRET-KEY-1[A-Z0-9]{58}",
    r"AGE-PLUGIN-[A-Z0-9\-]{1,40}-1[A-Z0-9]{50,200}",
    r"<RSAKeyValue>",
    r"\x22d\x22 ?: ?\x22[A-Za-z0-9_\-]{20,1400}\x22",
)
_END: Final = re.compile(rb"-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
# Without an end line: as far as lines of base64, headers and escaped line ends go.
_BODY: Final = re.compile(
    rb"(?:[\s\\\x22'+,]|[A-Za-z0-9+/=]{16,}|[A-Za-z0-9+/=]{1,15}(?=[ \t]*(?:[\r\n\\\x22']|\Z))"
    rb"|(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset): ?[^\r\n\\]{1,100})*"
)
_LEAST_BODY: Final = 16
_LONGEST: Final = 16_384  # an RSA key of 8,192 bits is 6,400 characters in PEM


def _block(page: Page, start: int, end: int) -> Found | None:
    view = page.view
    if view.startswith(b"AGE", start):
        return Found(start, end, "PRIVATE_KEY")
    if view.startswith(b'"d"', start):
        return (
            Found(view.index(b'"', view.index(b":", start)) + 1, end - 1, "PRIVATE_KEY")
            if b'"kty"' in view[max(0, start - 4000) : end + 4000]
            else None
        )
    if view.startswith((b"<", b"PuTTY"), start):
        return _other_block(view, start, end)
    limit = end + _LONGEST
    closing_line = _END.search(view, max(end, page.done.get("no PEM end", 0)), limit)
    if closing_line is not None:
        return Found(start, closing_line.end(), "PRIVATE_KEY")
    page.done["no PEM end"] = max(end, min(limit, len(view)) - 100)
    body = _BODY.match(view, end)
    # A header that is talked about ("starts with -----BEGIN PRIVATE KEY-----") has no body.
    if body is None or len(body[0].strip()) < _LEAST_BODY:
        return None
    last_line = _END.match(view, body.end())  # of a ring of keys with pictures, which is longer than any one
    return Found(start, body.end() if last_line is None else last_line.end(), "PRIVATE_KEY")


def _other_block(view: bytes, start: int, end: int) -> Found | None:
    """XML of .NET, and PuTTY's file, which ends with the line of its MAC; one without an end is covered as far as a key can be long."""
    xml = view.startswith(b"<", start)
    if (b"<Modulus>" if xml else b"Private-Lines:") not in view[end : end + 4096]:
        return None
    closing = view.find(b"</RSAKeyValue>" if xml else b"Private-MAC:", end, end + _LONGEST)
    if closing < 0:
        return Found(start, min(len(view), end + _LONGEST), "PRIVATE_KEY")
    line = view.find(b"\n", closing)
    return Found(start, closing + len(b"</RSAKeyValue>") if xml else line if line >= 0 else len(view), "PRIVATE_KEY")


_API: Final = frozenset({"API_KEY"})
SHAPES: Final = (
    *(Shape(sources, _key, _API, needs=_needed(sources)) for sources in _together(_sources(_KEYS))),
    *(Shape(sources, _token, frozenset({"TOKEN"}), needs=_needed(sources)) for sources in _together(_sources(_TOKENS))),
    Shape(_sources(_JSON_WEB_TOKENS), _json_web_token, frozenset({"TOKEN"}), needs=b"eyJ"),
    Shape((_BEGIN, *_OTHERS), _block, frozenset({"PRIVATE_KEY"}), whole=True),
)
