"""Words that many are called by and that mean something as well: "Hope to see you", "Claire comme de l'eau", "most Germans".

Such a word is a name only where the model leans to it; words.py has those that are hardly ever one. Nationalities are here because English,
and other languages for their nouns, give them a capital.
"""

from typing import Final

from assistant_gateway.redaction.names.lexicon.german import is_made
from assistant_gateway.redaction.names.lexicon.languages import SMALL
from assistant_gateway.redaction.names.lexicon.words import NOT_NAMES

_ENGLISH: Final = """
    ace age alpha amber angel april art ash aspen august autumn baby basil bay bear bell berry blaze bliss blue boi brook brown candy
    case cash chance charm chase cherry christian cliff clover coast colon constant crew crystal dash dawn dell desire destiny diamond
    dick doc dot dusty earl early earnest ebony echo ever eve faith fancy fern fisher flora flower forest fox free fun gay glad glory
    gold good grace gray green grey happy harmony haven hazel heath heaven honest honor honey hope isle ivory jasmine jet jewel job
    joy june junior justice kid king lake lance lane lark laurel lavender layne liberty light lilac lily line little lone long lot
    love lovely lucky luck major marine mars max may media melody mercy merit merry miles mill mint minor miracle misty moon moss nat
    navy noble normal north ocean octave opal pansy patience paris peace pearl peer pepper pet petal piper precious price pride prince
    princess prior prudence queen rain rainbow ran raven ray reason red reed rich river rock rod rose rowan sage sailor sal sandy
    saffron savage scout serenity shade silver silly sky skip smith smooth snow sonny south spring star starr sterling storm stormy
    summer sunday sunny sunshine sweet tab temple thyme tiger tilt timber trace trinity true trust tune unique valid vale victor
    victory violet ward warren wave way welcome west whisper will willow win winter wise wolf wood wren young
"""
_GERMAN: Final = """
    frei rose heide mai wolf bär stern sommer winter herbst morgen sonne engel rein beste major lang kurz klar neu alt gut gute froh
    hell lieb treu linde falk hanne reich franke
"""
_FRENCH: Final = """
    claire clair rose prudence constance constant blanche ange aimée aimé désiré désirée fleur violette prune reine victoire grâce
    modeste parfait parfaite juste lance martial bonne belle avril aura canal chance champ général santé sable lune étoile perle ambre
    capucine cerise océane soleil noël fidèle gentil gentille brun brune loup lot lieu merci
"""
_SPANISH: Final = """
    feliz consuelo dolores luz sol paz rosa mar remedios socorro amparo gloria esperanza alegría ángel ángeles alba aurora blanca
    clara celeste concepción encarnación estrella flor gracia gracias inmaculada libertad bella lucero luna marina milagros nieves
    olvido piedad reyes rocío salud santo santos santa segundo soledad sombra victoria violeta virtudes zona justo modesto máximo
    domingo pascual primo salvador leal franco buena bueno alta alto sola campo canal mala verdad
"""
_OTHERS: Final = "bello bella bellissima caro cara lindo querida felice gioia grazia stella serena bianca chiara pace mooi lief"
_NATIONS: Final = """
    american americans african africans asian asians european europeans british english irish scottish welsh spanish french german
    germans dutch danish swedish norwegian finnish polish turkish greek swiss czech slovak thai italian italians russian russians
    chinese japanese korean indian indians mexican mexicans canadian canadians australian australians austrian austrians belgian
    brazilian arabic latin romans hungarian romanian bulgarian ukrainian portuguese vietnamese hindi catalan basque hebrew deutsche
    deutscher deutschen franzose franzosen franzosin italiener italienerin engländer spanier spanierin türke türken österreicher
    schweizer pole polen russe russen amerikaner europäer chinesen japaner griechen niederländer belgier dänen schweden ungarn
    allemand allemands allemande allemandes italien italiens italienne italiennes espagnol espagnols espagnole espagnoles anglais
    anglaise français française françaises belge belges suisse suisses américain américains américaine chinois japonais russes
    portugais polonais grec alemán alemana alemanes italiano italiana italianos italianas español española españoles francés francesa
    franceses inglés inglesa ingleses americano americana americanos europeo europeos chino chinos japonés portugués ruso rusos
    mexicano mexicanos argentino argentinos
"""

ORDINARY: Final = frozenset(f"{_ENGLISH}{_GERMAN}{_FRENCH}{_SPANISH}{_OTHERS}{_NATIONS}".split())
# These have their capital in the middle of a sentence too.
NATIONS: Final = frozenset(_NATIONS.split())


def is_word(word: str) -> bool:
    """Say whether a capital word is a small word, one of those that are no names, or a German noun."""
    lowered = word.lower()
    return lowered in SMALL or lowered in NOT_NAMES or is_made(lowered)
