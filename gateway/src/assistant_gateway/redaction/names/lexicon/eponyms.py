"""Things that are called after somebody, by the words beside the name: "the Turing test", "théorème de Cauchy", "Huntington-Krankheit",
and species, whose Latin names sound like somebody's.

Whoever the thing is called after is nobody in the text. Neighbours: things.py has those whose name is enough.
"""

import re
from typing import Final

# Only words that are about nothing else. "Priya tests the build", "the Miller motion" and "la llave de Marta" are about somebody: who is
# missed here is shown to the model, and a law of nature that is masked harms nobody.
_KINDS: Final = (
    r"theorems?|lemma|conjecture|equations?|distributions?|syndrome|inequality|transform|lymphoma|palsy|paradox|equilibrium|coefficient|"
    r"polynomials?|razor|screwdriver|telescope|burner|postulates?"
)
_OWN_KINDS: Final = r"theorem|lemma|conjecture|equations?|inequality|laws?|razor|paradox|syndrome|postulates?"
_GERMAN_KINDS: Final = r"Triggers?|Syndroms?|Verteilung|Diagramms?|Konstante|Gleichung|Ungleichung|Transformation|Brenner|Algorithmus"
_BEFORE: Final = re.compile(
    r"(?i:(?<!\w)(?:théorème|lemme|conjecture|équations?|syndrome|constante|transformée|inégalité|"
    r"teorema|lema|ecuación|ecuaciones|síndrome|transformada|desigualdad|"
    r"lemma|gleichung|syndrom|verteilung|ungleichung|paradoxon|algorithmus)"
    r"(?:[ ][a-zà-ÿ]+)?[ ](?:de la |de |d['’]|von |nach |du )|(?<!\w)morbus[ ])$"
)
_AFTER: Final = re.compile(rf"[ ](?:{_KINDS})(?!\w)")
_OWN: Final = re.compile(rf"['’]s?[ ](?:{_OWN_KINDS})(?!\w)")
_JOINED: Final = re.compile(rf"(?:-[^\W\d_]+)?-(?:{_GERMAN_KINDS})(?!\w)")
# A species, which careful writers set off: "Pieris napi", (Coxiella burnetii), *Helicobacter pylori*.
_SET_OFF: Final = re.compile(r"[\"“„«‘'(*_]$")
_SPECIES: Final = re.compile(r"[ ][a-z]{2,}(?:us|um|is|ii?|ae|ans|ens|osa|oides|orum|ella|pi)[\"”“»’'),*_]")
_LONGEST: Final = 48


def names_a_thing(text: str, start: int, end: int) -> bool:
    """Say whether a capital word is part of a thing's name by the words beside it."""
    if _SET_OFF.search(text, max(0, start - 1), start) and _SPECIES.match(text, end):
        return True
    if _AFTER.match(text, end) or _JOINED.match(text, end) or _OWN.match(text, end):
        return True
    return _BEFORE.search(text, max(0, start - _LONGEST), start) is not None
