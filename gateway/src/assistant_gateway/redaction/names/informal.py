"""Is it chat? There names are written small or anyhow, sentences end nowhere, and a capital says less than elsewhere."""

import re
from typing import Final

_SIGNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<!\w)@[A-Za-z_]\w+(?![\w.])",
        r"(?<!\w)#[A-Za-z]\w+",
        r"(?<!\w)RT(?!\w)",
        r"(?<!\w)[:;=8]['o-]?[)(DPp/|\]](?!\w)|<3|xD|\^\^",
        r"[!?]{2,}|\.{3,}|…",
        r"(?i)(?<!\w)(?:lol|lmao|omg|wtf|btw|u|ur|r|im|dont|cant|gonna|wanna|pls|plz|thx|tmrw|yay|haha\w*|yeah|nah|hey|ok|tonite|kk|vlt|mdr|jaja\w*|hdl)(?!\w)",
        r"(?<!\w)i(?= |'m)",
        r"(\w)\1{3,}",
        r"\s[,.!?]\s",
        r"^\s*[a-z]",
        r"https?://\S+$|&[lg]t;",
    )
)
_ENOUGH: Final = 2


def is_informal(text: str) -> bool:
    """Say whether a piece of text shows at least two of the habits of chat."""
    return sum(sign.search(text) is not None for sign in _SIGNS) >= _ENOUGH
