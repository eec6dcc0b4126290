"""How much a word looks like a secret by itself, where only the sentence around it says that it is one (sentences.py, phrases.py).

Programs, models, files and products are called `Python3`, `Llama-3-8B`, `report_v2.docx` and `Server-2019`; passwords `Bluebird77`,
`Nov-Audit-26` and `Gelato!Fragola3`. So the less a word looks like one, the more must be said of it.
"""

import re
from typing import Final

from assistant_gateway.redaction.detection.patterns.literals import classes, digits, is_blank

# From none to all but certain: a word and a number; parts that no name has together; signs inside that only passwords have.
NUMBERED, MIXED, SIGNED = 1, 2, 3

_SHORTEST, _LONGEST = 6, 40
_SIGNS: Final = re.compile(rb"[A-Za-z0-9][!#$%&*@?]{1,3}[A-Za-z0-9]")
_REFUSED: Final = re.compile(
    rb"(?i)[a-z]+[#@$][0-9]+(?:-[a-z0-9]+)?"  # an issue; a package's version
    rb"|.*(?:[/\\:(){}<>\[\]\"|]|&&|==|!=|=>|\.\.|@[a-z0-9\-]+\.[a-z]|\b[a-z]+=|[a-z]&[a-z]\Z|&[a-z0-9#]+;).*"  # code, paths, addresses
    rb"|v?[0-9][0-9.,:%x+\-]*[a-z]{0,3}[0-9]?|.*[0-9]\.[0-9].*"  # versions, sizes, times
    rb"|.*\.[a-z]{1,3}[0-9]{0,2}|.*\.(?:json|yaml|toml|html|docx|xlsx|pptx|java|conf|properties)|\.[a-z0-9.]+"  # files, hosts
    rb"|[a-z]{1,2}[.\-][0-9].*|[a-z]{1,4}[0-9]{1,3}-[a-z0-9]+|[a-z]{1,3}[0-9]+[a-z]?|(?:ctrl|alt|shift|cmd|option"
    rb"|strg)[+\-].*"  # vitamins, lines, roads
    rb"|[a-z]+[\-_.]?[0-9]|.*[a-z]v[0-9]+(?:-[a-z0-9]+)?"  # Bitwarden2, SOCKSv5
    rb"|u\+[0-9a-f]{4,6}|.*%[0-9].*|[$%#@&+~\-].*"  # variables, tags
)
_WORD: Final = re.compile(
    rb"[A-Za-z]{4,20}[\-_.]?[0-9]{2,4}|[a-z]{3,10}(?:[\-_.][a-z]{3,10}){1,3}[\-_.]?[0-9]{2,4}|[A-Za-z]{2,12}[0-9]{1,4}[A-Za-z]{2,12}[0-9]{0,4}|(?=[^\-]*[a-z])(?:[A-Za-z]{2,10}[0-9]){2,3}"
)
_NUMBER_SIGN: Final = re.compile(rb"[A-Z][a-z]{4,12}#[0-9]{2,4}")
_LEET: Final = re.compile(rb"[a-z][0-9][a-z]")
_LOUD: Final = re.compile(rb"[A-Za-z][!#$%*^~][A-Za-z]")  # says enough without a digit, and no name of a firm
_MIX: Final = re.compile(rb"[A-Za-z0-9!#$%&*@?+=^~_.\x7f\-]+")
# What is called by a word and a number: programs, formats, machines, models, parts of a text.
_PRODUCT: Final = re.compile(
    rb"(?i)(?:python|java|windows|win|office|excel|chrome|firefox|safari|edge|ubuntu|debian|fedora|centos|rhel|ios|ipados|android"
    rb"|macos|node"
    rb"|nodejs|html|css|sha|md|aes|rsa|utf|base|latin|oauth|saml|ldap|ipv|http|web|log|k8s|win|x|arm|amd|iphone|ipad|galaxy|pixel|xbox"
    rb"|playstation|switch|usb|hdmi|ddr|wpa|wifi|gpt|llama|qwen|mistral|gemma|claude|phi|gemini|deepseek|server|host|node|user|gate"
    rb"|terminal|platform|gleis|seat|flight|route|bus|acrobat|boeing|airbus|apollo|room"
    rb"|level|step|stage|phase|part|page|chapter|section|table|figure|line|row|column|item|option|version|release|build|model|class|type"
    rb"|group|team|unit|zone|port|track|disk|drive|file|image|photo|video|form|version|kapitel|seite|zimmer|typ|gruppe|klasse|chapitre"
    rb"|etape|niveau|paso|nivel|mode|modus|opencv|postgres|postgresql|mysql|php|perl|ruby|vue|angular|react|bootstrap|sap|autocad|photoshop"
    rb"|sql|argon|bcrypt|scrypt|pbkdf|blake|hmac|tls|ssl|totp|crc|ntlm|visa|mastercard|visualstudio|vs|outlook|word|powerpoint"
    rb"|sharepoint|exchange|kb|cve|iso|din|rfc|en|ean|raspberry|arduino|esp|stm|rtx|gtx|core)"
    rb"(?:[\-_. ]?[0-9]+[a-z]?(?:[\-_.]?[0-9a-z]+)*|-[a-z]+-?[0-9]+[a-z0-9\-]*)"
)


def grade(value: bytes) -> int:
    """Return how much the word looks like a secret: 0, NUMBERED, MIXED or SIGNED."""
    bare = value.rstrip(b"!?")
    if _NUMBER_SIGN.fullmatch(bare):
        return NUMBERED
    if (
        not _SHORTEST <= len(value) <= _LONGEST
        or not (digits(value) or _LOUD.search(value))
        or _MIX.fullmatch(value) is None
        or _REFUSED.fullmatch(bare) is not None
    ):
        return 0
    if is_blank(value) or _PRODUCT.fullmatch(bare) is not None:
        return 0
    if _SIGNS.search(value) is not None:
        return SIGNED if classes(value) >= 3 else 0
    if _WORD.fullmatch(bare) is not None:
        return MIXED if classes(value) > 3 and _LEET.search(value) else NUMBERED
    return MIXED if classes(value) >= 3 and value[:1].isalnum() else 0
