"""The small words of chat before a name that is written small: "tell ana that", "dile a juan", "mit onkel max", "we go to leeds".

Neighbours: decoding.py weighs them against the model's opinion, roles.py and whereabouts.py know names that have their capital.
"""

import re
from typing import Final

_PEOPLE: Final = re.compile(
    r"(?i)(?<!\w)(?:tell|ask|remind|text|ping|"
    r"sag(?:t|e|st)?|frag(?:t|e|st)?|grüß(?:e|t)?|"
    r"(?:dile|diles|preg[uú]ntale|p[ií]dele|av[ií]sale|di|llama|vi|viste) a|"
    r"(?:dire|dis|dit|demande|demander|parler|parle) [àa]|"
    r"my (?:friend|mate|cousin|brother|sister|boss|ex|aunt|uncle|bf|gf)|uncle|auntie?|"
    r"onkel|tante|oma|opa|mein (?:bruder|freund|kumpel|chef|cousin)|meine (?:schwester|freundin|chefin|cousine)|"
    r"t[ií][oa]|prim[oa]|herman[oa]|abuel[oa]|mi (?:amig[oa]|novi[oa]|jef[ea])|"
    r"tonton|tata|cousine?|m(?:on|a) (?:fr[èe]re|s[œo]eur|pote|copine|copain|chef)|"
    r"herrn?|frau|kund(?:e|in)|patient(?:in)?|cust(?:omer)?|mrs?|ms|dr|mme|monsieur|madame|se[ñn]ora?|doctora?|prof|"
    r"hier ist|moi c['’]est)[ ]$"
)
_PLACES: Final = re.compile(
    r"(?i)(?<!\w)(?:from|in|near|nach|aus|(?:wohn\w*|leb\w*|bin|ist|war) in|(?:voy|vas|va|vamos|fui|ir|llego|vuelvo|viajo|"
    r"mud\w+) a|vivo en|soy de|en|"
    r"(?:serai|suis|vais|va|allons|habite|rentre|arrive|aller) [àa]|(?:go|going|went|moved|moving|back|came|come|coming|driv\w+|"
    r"fly\w*|travel\w*) to)[ ]$"
)
_LONGEST: Final = 26


def is_told(text: str, start: int) -> bool:
    """Say whether what begins here is somebody, by the words before it."""
    return _PEOPLE.search(text, max(0, start - _LONGEST), start) is not None


def is_whither(text: str, start: int) -> bool:
    """Say whether what begins here is where somebody is, goes or comes from."""
    return _PLACES.search(text, max(0, start - _LONGEST), start) is not None
