"""Companies and institutions by what they write after or before their name."""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.entities import Span

_NAME: Final = r"[^\W\d_a-zà-öø-ÿß][\w'’&-]*(?:\.[\w'’&-]+)*"
_WORD: Final = rf"(?:{_NAME}|&|and|und|et|y|of|de|\d{{1,4}})"
_AFTER: Final = (
    r"Inc|Incorporated|Ltd|Limited|LLC|LLP|PLC|plc|Plc|Corp|Corporation|Co\.,? ?Ltd|Co|Company|Group|Holdings?|GmbH(?: & Co\.? KG)?|AG|"
    r"KG|OHG|eG|e\.V|SE|UG|"
    r"S\.?A\.?S|S\.?A\.?R\.?L|SARL|SAS|S\.A|SA|S\.L|SL|S\.p\.A|SpA|N\.V|NV|B\.V|BV|ASA|A/S|AB|Oyj?|KGaA|Pty|Bhd|Berhad|Tbk|Trust|Fund|Bank|Bancorp|"
    r"Partners|Industries|Technologies|Pharmaceuticals|Pharma|Therapeutics|Energy|Resources|Capital|Ventures|Systems|Solutions|Foundation|Institute|"
    r"University|College|Hospital|Insurance|Airlines|Motors|Bancshares|REIT|Enterprises|Properties|Minerals|Mining|Gold|Metals|Chemicals|Laboratories|"
    r"INC|LTD|LIMITED|(?:CO|Co)[., ]{1,2}(?:LTD|Ltd|KG|Inc|INC)|CORP|CORPORATION|COMPANY|GROUP|HOLDINGS?|BANK|TRUST|FUND|"
    r"INDUSTRIES|PARTNERS|GMBH|GBR|GbR|ETF"
)
# "Acquisition Corp. II", "Preferred Shares Series I"
_TAIL: Final = r"(?:\.?[ ](?:(?:Class|Series|Preferred Shares|Pfd|Shares|Index|Portfolio|Fund|Trust|[IVX]{1,4}|[A-C])(?![\w-])[ ]?){1,4})?"
_LEGAL: Final = re.compile(
    rf"(?<![\w@]){_NAME}(?:[ ]{_WORD}){{0,5}}[ ,]{{1,2}}(?:{_AFTER})(?![\w-])\.?"
    rf"(?:[ ](?:{_AFTER})(?![\w-])\.?)?{_TAIL}"
)
_INSTITUTION: Final = re.compile(
    r"(?<!\w)(?:University|College|Bank|Ministry|Department|Institute|Church|Universität|Universidad|Université|Ministère|Ministerio) "
    r"(?:of|de|der|du|del|für) (?:the |la |los )?[^\W\d_a-z][\w'’-]*(?:[ ][^\W\d_a-z][\w'’-]*){0,2}"
)
_EMPLOYER: Final = re.compile(
    r"(?i:(?<!\w)(?:firma|fa\.|société|empresa|compañía|company|employer|arbeitgeber|employeur)[ :]{1,2})"
    rf"(?P<value>{_NAME}(?:[ ]{_NAME}){{0,4}})"
)


def organisations(text: str) -> Iterator[Span]:
    """Yield what calls itself a company or an institution."""
    for rule in (_LEGAL, _INSTITUTION):
        for match in rule.finditer(text):
            yield Span(match.start(), match.end(), "ORGANISATION")
    for match in _EMPLOYER.finditer(text):
        yield Span(*match.span("value"), "ORGANISATION")
