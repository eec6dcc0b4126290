"""Is it a program? Its words look like names to a model that has read letters: `Jordan`, `Elif`, `Maiten` are what variables are called."""

import re
from typing import Final

_SIGNS: Final = re.compile(r"[{}()\[\];=<>_/\\|&*+$%^~`]")
# "Anna (early), Ben (late)": those of prose, which make no program by themselves.
_PARENTHESES: Final = re.compile(r"(?<=[ \n])\((?=[^\W\d_])|(?<=[^\W_])\)(?=[\s.,;:!?]|$)")
_BLANK: Final = re.compile(r"\s")
_DENSE: Final = 0.09
"""Prose has one such sign in fifty, programs one in six."""
_MOSTLY: Final = 0.8
_BEGINNINGS: Final = (
    r"import |from \S+ import |def |class |return\b|if .*[:{]$|for .*[:{]$|while .*[:{]$|with .*:$|else\b.*[:{]$|try:|except\b|"
    r"raise\b|async |await |self\.|FROM |WHERE |func |fn |let |const |var |public |private |static |package |"
    r"#include|#define|SELECT |INSERT |UPDATE |export |\}|\{|//|/\*|(?<=[ \t])\* |@\w+"
)
_STATEMENT: Final = re.compile(rf"(?m)^[ \t]*(?:{_BEGINNINGS})")


def is_code(text: str) -> bool:
    """Say whether most of a piece of text is a program, or something like one."""
    signs = len(_SIGNS.findall(text))
    letters = len(text) - len(_BLANK.findall(text))
    statements = len(_STATEMENT.findall(text))
    is_dense = signs > _DENSE * letters and len(_PARENTHESES.findall(text)) < _MOSTLY * signs
    return is_dense or (statements >= 3 and statements > text.count("\n") / 3)
