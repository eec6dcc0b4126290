"""Companies and institutions by what they write after or before their name."""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.lexicon.ordinary import is_word

_NAME: Final = r"[^\W\d_a-zà-öø-ÿß][\w'’&-]*(?:\.[\w'’&-]+)*"
_WORD: Final = rf"(?:{_NAME}|&|and|und|et|y|e|of|de|du|des|del|della|do|da|der|die|für|\d{{1,4}})"
_AFTER: Final = (
    r"Inc|Incorporated|Ltd|Limited|LLC|LLP|PLC|plc|Plc|Corp|Corporation|Co\.,? ?Ltd|Co|Company|Group|Holdings?|GmbH(?: & Co\.? KG)?|AG|"
    r"KG|OHG|eG|e\.V|SE|UG|"
    r"S\.?A\.?S|S\.?A\.?R\.?L|SARL|SAS|S\.A|SA|S\.L|SL|S\.p\.A|S\.r\.l|Srl|SRL|Ltda|Lda|Sp\.[ ]?z[ ]?o\.[ ]?o|"
    r"SpA|N\.V|NV|B\.V|BV|ASA|A/S|AB|Oyj?|KGaA|Pty|mbH|gGmbH|Bhd|Berhad|Tbk|Trust|Fund|Bank|Bancorp|"
    r"Partners|Industries|Technologies|Pharmaceuticals|Pharma|Therapeutics|Energy|Resources|Capital|Ventures|Systems|Solutions|"
    r"Foundation|Institute|"
    r"University|College|Hospital|Infirmary|Association|Society|(?:County|City|Borough|Town|Parish) Council|Credit Union|"
    r"Federation|Charity|(?:Medical|Dental|Family) Practice|Catering|Insurance|Airlines|Motors|Bancshares|REIT|Enterprises|"
    r"Properties|Minerals|Mining|Gold|Metals|Chemicals|Laboratories|"
    r"INC|LTD|LIMITED|(?:CO|Co)[., ]{1,2}(?:LTD|Ltd|KG|Inc|INC)|CORP|CORPORATION|COMPANY|GROUP|HOLDINGS?|BANK|TRUST|FUND|"
    r"INDUSTRIES|PARTNERS|GMBH|GBR|GbR|ETF"
)
# "Acquisition Corp. II", "Preferred Shares Series I"
_TAIL: Final = r"(?:\.?[ ](?:(?:Class|Series|Preferred Shares|Pfd|Shares|Index|Portfolio|Fund|Trust|[IVX]{1,4}|[A-C])(?![\w-])[ ]?){1,4})?"
_LEGAL: Final = re.compile(
    rf"(?<![\w@])(?!Human Res|Civil Soc|High Soc){_NAME}(?:[ ]{_WORD}){{0,5}}"
    rf"(?<! des)(?<! der)(?<! die)(?<! de)(?<! du)(?<! do)(?<! für)[ ,]{{1,2}}(?:{_AFTER})(?![\w-])\.?"
    rf"(?:[ ](?:{_AFTER})(?![\w-])\.?)?{_TAIL}"
)
_INSTITUTION: Final = re.compile(
    r"(?<!\w)(?:University|College|Bank|Ministry|Department|Institute|Church|Universität|Universidad|Université|Ministère|Ministerio) "
    r"(?:of|de|der|du|del|für) (?:the |la |los )?[^\W\d_a-z][\w'’-]*(?:[ ][^\W\d_a-z][\w'’-]*){0,2}"
)
# "Klinikum Fulda", "mairie de Roubaix", "Colegio Santa Clara": what it is, and then which.
_KINDS: Final = (
    r"(?:[Kk]linikum|Krankenhaus|Hochschule|Fachhochschule|Grundschule|Gymnasium|Realschule|Gesamtschule|Kindergarten|Kita|"
    r"Seniorenheim|Pflegeheim|"
    r"Landratsamt|Jugendamt|Finanzamt|Amtsgericht|Landgericht|Sparkasse|Volksbank|Stadtwerke|Universitätsklinikum|Autohaus|"
    r"Bäckerei|Metzgerei|"
    r"Kanzlei|Apotheke|Gasthof|Elektro|"
    r"[Mm]airie|[Hh]ôpital|[Cc]linique|[Éé]cole|[Ll]ycée|[Cc]ollège|[Cc]abinet|[Pp]harmacie|[Bb]oulangerie|[Rr]ésidence|"
    r"[Gg]arage|[Pp]réfecture|"
    r"[Aa]yuntamiento|[Hh]ospital|[Cc]línica|[Cc]olegio|[Ii]nstituto|[Ff]armacia|[Rr]esidencia|[Pp]anadería|[Gg]estoría|"
    r"[Rr]estaurante|[Tt]aller(?:es)?|"
    r"[Cc]omune|[Oo]spedale|[Ss]cuola|[Ll]iceo|[Ff]armácia|[Ee]scola|[Pp]refeitura|[Zz]iekenhuis|[Gg]emeente|[Ss]zpital|[Ss]zkoła|"
    r"[Ff]undación|[Ff]ondation|[Ff]ondazione|[Ff]undação|[Aa]sociación|[Aa]ssociation|[Aa]ssociazione|[Uu]niversité|"
    r"[Uu]niversidad|[Uu]niversità|Universität|[Ii]nstitut|CHU|CHR|CPAM|[Mm]aternité|[Mm]aison de retraite|[Mm]enuiserie|"
    r"[Cc]harpentes?|[Tt]ransports|[Tt]ransportes|[Aa]ceros|[Cc]onservas|[Pp]anificadora|[Hh]ermanos|[Cc]omedor|"
    r"[Cc]entro de [Ss]alud|[Cc]omisaría|[Jj]uzgado|[Ss]eguros|[Aa]utoescuela|[Cc]arpintería|[Pp]eluquería|[Pp]lomería|"
    r"[Ll]ibrería|[Bb]oucherie|[Ll]ibrairie|[Pp]lomberie|[Ll]aboratoires?|[Bb]anque(?! [Cc]entrale)|[Bb]anco(?! Central)|"
    r"Caritasverband|Diakonie|"
    r"Handwerkskammer|Bezirksamt|Sozialamt|Ordnungsamt|Gesundheitsamt|Schreinerei|Tischlerei|Gärtnerei|Druckerei|Brauerei|"
    r"Spedition|Buchhandlung|Fahrschule|Weingut|Reederei|Arztpraxis|Zahnarztpraxis|Pflegedienst|Musikschule|Förderverein|"
    r"Sportverein|Turnverein|Tafel|TSV|FC|SV|TuS|VfB|VfL|FSV|SpVgg|Hotel|Hôtel|[Hh]otel)"
)
_KIND_FIRST: Final = re.compile(
    rf"(?<![\w-]){_KINDS} (?:(?:de|du|des|del|der|di|do|da|van|zum|zur|Zum|Zur|am|Am|im|Im|La|Le|Les|El|Los|Las|la|las|"
    rf"los) )?(?:(?:la|Goldenen) )?"
    rf"(?P<value>{_NAME}(?:[ ]{_NAME}){{0,2}})"
)
_KIND_LAST: Final = re.compile(
    rf"(?<![\w-])(?P<value>{_NAME}(?:[ ](?:{_NAME}|&|and)){{0,3}})[ ](?:Hotel|Inn|Clinic|Surgery|Primary School|High School|School|Academy|"
    r"Church|Logistics|Rovers|United|Textiles|Robotics|Estates?|Real Estate|Dental|Pharmacy|Bakery|Brewery|Consulting|Engineering|Roofing|"
    r"Builders|Estate Agents|Letting Agents|Solicitors|Restaurant|Tools|Plumbing|Associates|& Sons|& Partner|Steuerberatung|"
    r"Versicherung|Gebäudereinigung|Logistik)(?![\w-])"
)
# Two capital words at least: "joined Marie" is somebody.
_WORKS: Final = re.compile(
    r"(?<!\w)(?:work(?:s|ed|ing)? (?:at|for)|employed (?:by|at)|job (?:at|with)|years at|experience at|joined|quit|arbeite\w* bei|"
    r"travaill\w+ chez|trabaj\w+ en|empleada? (?:de|en)) "
    rf"(?P<value>{_NAME}(?:[ ](?:{_NAME}|&|and|de|du|del)){{0,3}}[ ]{_NAME})(?![\w-])"
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
    for rule in (_KIND_FIRST, _KIND_LAST, _WORKS):
        for match in rule.finditer(text):
            if not is_word(match["value"].split()[0]):
                yield Span(*match.span("value" if rule is _WORKS else 0), "ORGANISATION")
    for match in _EMPLOYER.finditer(text):
        yield Span(*match.span("value"), "ORGANISATION")
