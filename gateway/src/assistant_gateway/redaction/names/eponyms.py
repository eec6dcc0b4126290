"""Things that are called after somebody, by the words beside the name: "the Turing test", "théorème de Cauchy", "Huntington-Krankheit".

Whoever the thing is called after is nobody in the text. Neighbours: things.py has those whose name is enough.
"""

import re
from typing import Final

# Nothing else than a thing of science, whatever stands before it.
_KINDS: Final = (
    r"theorems?|lemma|conjecture|equations?|distributions?|syndrome|disease|inequality|criterion|algorithm|effect|constant|transform|lymphoma|"
    r"palsy|paradox|hypothesis|equilibrium|coefficient|polynomials?|matrix|tests?|scale|law|laws|principle|razor|chains?|diagram|"
    r"integral|operator|filter|manoeuvre|maneuver|motion|reaction|distance|screwdriver|wrench|engine|telescope|curve|triangle|algebra|burner|"
    r"sauce|sponge|dressing|salad"
)
# "Maria's test" is hers, "Fitts's law" is nobody's.
_OWN_KINDS: Final = (
    r"theorem|lemma|conjecture|equations?|inequality|laws?|razor|paradox|syndrome|disease|principle|constant|hypothesis|postulates?|criterion|"
    r"triangle|cat|dilemma|wager|algorithm|methods?|formula|identity|rule"
)
_GERMAN_KINDS: Final = (
    r"Triggers?|Syndroms?|Krankheit|Tests?|Verteilung|Effekte?s?|Filters?|Motors?|Motor|Diagramms?|Konstante|Skala|Algorithmus|Gleichung|"
    r"Ungleichung|Transformation|Kurve|Zahl|Zahlen|Prozess|Kette|Reaktion|Brenner|Schere|Index|Modell|Raum|Satz|Prinzip|Formel|Matrix"
)
_BEFORE: Final = re.compile(
    r"(?i:(?<!\w)(?:théorème|lemme|conjecture|équations?|loi|lois|formule|syndrome|effet|constante|transformée|inégalité|distribution|algorithme|"
    r"critère|coefficient|indice|échelle|cercle|hypothèse|méthode|paradoxe|principe|matrice|moteur|processus|"
    r"teorema|lema|ecuación|ecuaciones|ley|leyes|fórmula|síndrome|efecto|transformada|desigualdad|distribución|algoritmo|criterio|"
    r"coeficiente|índice|escala|hipótesis|método|paradoja|principio|matriz|proceso|"
    r"satz|lemma|gesetz|formel|gleichung|syndrom|verteilung|ungleichung|prinzip|paradoxon|algorithmus|verfahren)"
    r"(?:[ ][a-zà-ÿ]+)?[ ](?:de la |de |d['’]|von |nach |du )|(?<!\w)(?:morbus[ ]|maladie de (?!l)|maladie d['’]|enfermedad de )|"
    r"(?:clé|llave|tournevis|destornillador|sauce|salsa|ensalada|salade|tour|tarte|torre|premio|prix)[ ])$"
)
# Where the name may be the patient's, only what nobody is called by.
_DOUBTFUL: Final = re.compile(r"(?i:maladie|enfermedad|méthode|método|verfahren)[ ]")
_AFTER: Final = re.compile(rf"[ ](?:{_KINDS})(?!\w)")
_OWN: Final = re.compile(rf"['’]s?[ ](?:{_OWN_KINDS})(?!\w)")
_JOINED: Final = re.compile(rf"(?:-[^\W\d_]+)?-(?:{_GERMAN_KINDS})(?!\w)")
_LONGEST: Final = 48


def names_a_thing(text: str, start: int, end: int, *, is_known: bool) -> bool:
    """Say whether a capital word is part of a thing's name by the words beside it; `is_known`: somebody is called so."""
    if _AFTER.match(text, end) or _JOINED.match(text, end) or (not is_known and _OWN.match(text, end)):
        return True
    before = _BEFORE.search(text, max(0, start - _LONGEST), start)
    return before is not None and not (is_known and _DOUBTFUL.match(before[0]))
