"""Is it about a machine? Messages of programs, manuals and tickets have many capital words that are menus, keys and products.

Neighbours: code.py knows programs themselves, informal.py knows chat.
"""

import re
from typing import Final

_SIGNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\w-])--?[A-Za-z][\w-]*(?=[ =,.;|]|$)",  # an option
        r"(?<![\w@.-])[A-Za-z]+_\w+(?![\w.]*@)",
        r"(?<!\w)[a-z]+[A-Z][a-z]+",
        r"::|(?<!\w)/\w+/\w+|(?<!\w)0x[0-9a-f]+|\w\(\)|(?<!\w)\*?\.[a-z]{2,4}(?!\w)",
        r"(?i:(?<!\w)(?:ctrl|alt|shift|strg|maj|mayús)[ ]?\+)",
        r"(?<![\w.])[A-Z]{2,}[A-Z_]{2,}(?!\w)",
        r"(?i)(?<!\w)(?:bytes?|bits?|pixels?|píxeles|kernel|buffer|búfer|tampon|fich(?:ero|ier)s?|archivos?|dateien?|files?|director(?:y|ies|io)|verzeichnis|"
        r"répertoires?|server|servidor|serveur|tecla|taste|touche|keys?|widgets?|parser|commits?|repositor(?:y|io)|scripts?|tabl[ae]s?|trigger|"
        r"paquetes?|paquets?|packages?|pakete?|sintaxis|syntax|option(?:en|s)?|opción|opciones|paramet\w+|parámetros?|paramètres?|cursor|signature|clés?|"
        r"output|input|salida|sortie|ausgabe|unicode|utf|ascii|html|xml|sql|urls?|tls|ssl|gpg|pgp)(?!\w)",
    )
)


def is_technical(text: str) -> bool:
    """Say whether a piece of text shows a habit of those who write about programs."""
    return any(sign.search(text) for sign in _SIGNS)
