"""Is it chat? There names are written small or anyhow, sentences end nowhere, and a capital says less than elsewhere."""

import re
from typing import Final

from assistant_gateway.redaction.names.registers.technical import is_technical

_SIGNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<!\w)@[A-Za-z_]\w+(?![\w.])",
        r"(?<!\w)#[A-Za-z]\w+",
        r"(?<!\w)RT(?!\w)",
        r"(?<!\w)[:;=8]['o-]?[)(DPp/|\]](?!\w)|<3|xD|\^\^",
        r"[!?]{2,}|\.{3,}|…",
        r"(?i)(?<!\w)(?:lol|lmao|omg|wtf|btw|u|ur|r|im|dont|cant|gonna|wanna|pls|plz|thx|tmrw|yay|haha\w*|yeah|nah|hey|ok|tonite|kk|vlt|mdr|jaja\w*|hdl)(?!\w)|"
        r"(?<!\w)(?:its|hes|shes|thats|wont|didnt|doesnt|isnt|rn|smh|imo|moin|nich|nix|hab|heut|boah|digga|slt|jsuis|chui|ptdr|stp|svp|tkt|oi|toy|porfa|tmb)(?!\w)",
        r"(?<!\w)i(?= |'m)",
        r"(\w)\1{3,}",
        r"\s[,.!?]\s",
        r"^\s*[a-z]",
        r"https?://\S+$|&[lg]t;",
    )
)
_ENOUGH: Final = 2
_WORD: Final = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)")
_PERSONAL: Final = re.compile(
    r"(?<!\w)(?:i|me|my|you|your|we|our|she|her|he|his|ich|mir|mich|mein\w*|du|dir|dich|dein\w*|wir|uns|ihr\w*|sein\w*|wer|jemand|euch|someone|anyone|alguien|je|j['’]|moi|mon|ma|mes|tu|toi|ton|ta|"
    r"nous|vous|elle|yo|mi|mis|tú|tu|nos|soy|estoy|hola|hallo|hello|hi|bonjour|salut|coucou|ciao|grazie|oi|eu|meu|minha|io|ik|mijn|hoi)(?!\w)"
)
_FEW: Final = 5
"""Words: what is shorter may be a label or a key."""


def is_informal(text: str) -> bool:
    """Say whether a piece of text shows at least two of the habits of chat."""
    return sum(sign.search(text) is not None for sign in _SIGNS) >= _ENOUGH or _has_no_capitals(text)


def _has_no_capitals(text: str) -> bool:
    """Say whether somebody writes to somebody without a single capital: programs' messages have none either, but no "you" and "my"."""
    return text.islower() and len(_WORD.findall(text)) >= _FEW and _PERSONAL.search(text) is not None and not is_technical(text)
