"""Which language a text is in, by its small words; and those words themselves, which are nobody's name.

Good enough to decide which rules and which second model may speak: a wrong guess there touches clean text (an English model takes most
German nouns for names), so a text that says too little is in no language.
"""

import re
from typing import Final

_WORDS: Final = {
    "en": """a about after again all also am an and another any are as ask at away be because been before being between both but by call
        can cannot could dear did do does doing done down each else every few for from get give go going good great had has have
        having he hello help her here hers hi him his how i if in into is isn it its just know last let like look make many may me
        meet might more most much must my name need never new next no nobody none not nothing now of off often on once one only or
        other our out over own phone please put really said same say see send she should since so some something soon still such sure
        take tell than thank thanks that the their them then there these they thing this those three through time to today tomorrow
        too translate two under until up us use very want was we week well were what when where whether which while who whose why
        will with without work would write yes yesterday yet you your yours although however therefore neither either within upon unless
        across against along among around became become behind below beside beyond during enough except inside instead itself least less
        maybe near often others outside perhaps quite rather several since themselves toward towards until various whatever whenever""",
    "de": """ab aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist bitte da dabei dafür
        damit danach dann das dass daß dein deine dem den denn der des deshalb dich die dies diese diesem diesen dieser dieses dir doch
        dort du durch ein eine einem einen einer eines einige er erst es etwas euch euer für gegen gibt hab habe haben hallo hast hat
        hatte herr hier ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in ins ist ja jede jeder jedes jetzt kann kannst kein keine
        keinen können liebe lieber mal man mehr mein meine meinem meinen meiner mich mir mit möchte muss nach nein nicht nichts noch nun
        nur ob oder ohne schon sehr sei sein seine seinem seinen seiner seit sich sie sind so soll sollte sondern über um und uns unser
        unsere unserem unseren unter viel viele vielen vom von vor wann war waren warum was weil wenn wer werde werden wie wieder will
        wir wird wo wohne wohnt worden wurde wurden zu zum zur zwei zwischen jene jener jenes jenen jedoch sowie deren dessen wobei falls
        sobald bevor nachdem solange manche solche welche welcher welches obwohl trotzdem außerdem daran dadurch darüber darunter
        daraufhin dazwischen dennoch derzeit bereits bisher ebenso ebenfalls eher eigentlich endlich fast ferner folglich früher
        gegenüber genau gerade gleich hingegen immerhin indem innerhalb insgesamt irgendwann irgendwie kaum kürzlich lediglich leider
        manchmal meist meistens mittlerweile möglicherweise nachher natürlich neben niemand normalerweise obendrein oft offenbar
        plötzlich schließlich selbst selten später stets teilweise tatsächlich überall übrigens ungefähr vielleicht vorher wahrscheinlich
        weiter weiterhin wohl zudem zuerst zuletzt zumal zumindest zunächst zurück zusammen zusätzlich zuvor zweitens drei vier fünf
        sechs sieben acht neun zehn elf zwölf daher darauf daraus darin darum davon dazu hierbei hierzu jeweils keiner keinem mehrere
        sogar sowohl statt trotz während wegen weder wenige weniger wofür womit worauf zwar eurer eure""",
    "fr": """à ai déjà ben euh bah hein alors ami amie cher chère après as au aucun aussi autre aux avait avant avec avez avoir avons
        bien bonjour c car ce cela celle celui ces cet cette chez comme comment d dans de depuis des deux dit dois doit donc dont du elle
        elles en encore entre es est et était étaient été être eu eux fait faire fois font habite ici il ils j je jusqu l la là le les
        leur leurs lui m ma madame mais me merci mes moi moins mon monsieur n ne nos notre nous on ont ou où par parce pas pendant peu
        peut peux plus pour pourquoi pouvez puis qu quand que quel quelle quelles quels qui quoi rien s sa sans se sera ses si sont sous
        sur t ta ceci lorsque puisque aucune certains certaines plusieurs chaque quelque quelques celles ceux dès malgré parmi selon
        ainsi afin auquel duquel laquelle lequel lesquels dedans dehors ensuite environ hors jamais lorsqu mieux pourtant presque sinon
        surtout voici demain voilà tandis te tes toi ton toujours tous tout toute toutes très tu un une vers vos votre voudrais vous y""",
    "es": """a al algo amigo amiga querido querida estimado estimada alguien algún alguna allí ante antes aquí así aún aunque bajo bien
        cada casi como cómo con conmigo contra cual cuál cuando cuándo cuanto de debe debo del desde después día donde dónde dos
        durante e el él ella ellas ellos en entonces entre era eran es esa esas ese eso esos esta está estaba están estas este esto
        estos estoy favor fue fueron gracias ha hace hacer hacia han hasta hay he hola la las le les lo los luego más me mi mí
        mientras mis mismo mucho muy nada nadie ni no nos nosotros nuestra nuestro nunca o otra otro para pero poco por porque pues
        puede puedes puedo que qué quién quien quiere quiero se sea según señor señora ser si sí sido siempre sin sobre son soy su
        sus también tan tanto te tengo ti tiene tienen toda todas todo todos tras tu tú tus un una unas uno unos usted ustedes vamos
        vez vive vivo y ya yo ningún ninguna ninguno algunas algunos cualquier cualquiera varias varios ambos ambas cuyo cuya dicho dicha
        mediante tampoco hoy ayer mañana ahora anoche además todavía quizás quizá aquel aquella aquello aquellos cuales dentro
        fuera debajo encima excepto incluso jamás
        junto menos mismos misma ellos solamente sólo salvo sino siquiera tales tal unas vuestro vuestra conforme cuyos""",
    "it": """a ad al alla alle anche che chi ci come con cosa cui da dal dalla dei del della delle di dove e è ed era fa fare gli grazie
        ha hanno ho i il in io la le lei li lo loro lui ma mi mio molto nel nella noi non nostro o ogni per perché più poi quando questa
        questo qui sempre senza si sia siamo solo sono su sua sul suo ti tu tutti tutto un una uno vi voi adesso allora almeno alcune
        alcuni altra altri altro ancora andando anzi appena attualmente aveva avevano avere benché bisogna bisognava bensì certo chiesi
        chissà ciò così dagli dalle dallo degli dell dello diede dietro dopo due dunque ecco egli eppure erano ero essa esse essi essere
        fino finora forse fu fuori furono già giù ieri infatti infine inoltre insieme intanto invece lì magari mentre mezzo molte molti
        nei negli nemmeno neanche nessun nessuna nessuno niente nondimeno nulla oggi oltre ora ormai oppure ovvero pare parecchi però
        perciò pertanto poche pochi presso prima proprio pure purtroppo qualche qualcosa qualcuno quale quali quanto quasi quattro quella
        quelli quello queste questi quindi sarà sarebbe saranno sebbene secondo sembra sembrava soltanto soprattutto sotto spesso stai
        stata stato stava subito sugli sui sull sulla sulle sullo suoi talvolta tra tre troppo tuttavia vengono venne verso via viene
        vicino cinque""",
    "nl": """aan al alle als bij daar dan dat de deze die dit door een en er geen gemaakt goed had hallo heb hebben heeft hem het hier
        hij hoe hun ik in is ja je jij kan maar meer met mij mijn na naar niet nog nu of om omdat ons ook op over te ter toen tot u uit
        van veel voor waar wat we wel werd wie wij wil worden zal ze zich zij zijn zo achter alleen altijd anderzijds behalve beide bijna
        binnen boven buiten daarbij daardoor daarmee daarna daarnaast daarom derde desondanks dezelfde doen drie dus echter eens eerst
        eerste elk enige enkele ergens ervoor geheel gisteren goede grote haar hoeveel hoewel iedereen iemand iets immers indien intussen
        jullie later maken meestal men mensen minder misschien moet moeten momenteel morgen naast nadat natuurlijk nee nergens niemand
        niets nieuwe nochtans nooit onder ondanks onze opnieuw overal slechts sinds sindsdien soms sommige steeds straks tegen tenslotte
        terwijl tijdens toch totdat trouwens tussen twee uiteindelijk vaak vanaf vandaag vanavond verder vervolgens vier vijf volgens
        volgende vooral voordat vrijwel waarbij waarom waarschijnlijk wanneer weer weinig welke wellicht zeer zeker zelf zelfs zodat
        zoals zonder zoveel zou zouden zullen""",
    "pt": """a ao aos as até com como da das de dela dele depois do dos e é ela elas ele eles em entre era essa esse esta está este eu
        foi há isso isto já mais mas me meu minha muito na não nas nem no nos nós nossa nosso num numa o obrigado os ou para pela pelo
        por quando que quem são se sem ser seu sua também te tem tenho um uma você vocês agora ainda aí além alguém algum alguma alguns
        algumas aliás amanhã apenas apesar após aquela aquele aquelas aqueles aquilo aqui assim através atrás bastante bem certo cinco
        cerca contudo cujo daí daquele daquela desse dessa deste desta dez disse disso disto duas eis embora enquanto então entretanto
        essas esses estava estão estar estes fazia ficou fora foram fosse haja havia hoje houve inclusive lá logo longe mesma mesmo mim
        muitas muitos muita naquele naquela nenhum nenhuma nesse nesta neste ninguém nisso onde ontem outra outras outro outros outrora
        parece pelas pelos perante perto pois porém portanto pouca pouco poucos primeiro pode podem qual qualquer quais quase quatro
        quanto quantos quer segundo seis sempre senão será seria seus sob sobretudo suas talvez tampouco tão teve tinha três tudo vai vão
        várias vários veja vindo""",
    "pl": """a aby albo aż bardziej bardzo bez by być był była było były będzie będą chce chociaż ci co coś czy czyli dla dlaczego
        dlatego do dobrze dokąd dwa dwie dzisiaj dziś gdy gdyby gdzie go i ich ile inne inny ja jak jako jakie jaki jednak jego jej jest
        jestem jeszcze jeśli jeżeli już każdy kiedy kilka kto która które którego której który których którzy lecz lub ma mają mam mamy
        mi między mimo mnie może można mój moja moje mu musi my na nad nadal nami nas nasz nasza nawet nic nich nie niech nigdy nim nimi
        niż o obecnie od około on one ono oraz po pod podczas ponad ponieważ potem powinien proszę przed przede przez przy raz również są
        się skąd swoje swój takie taki także te tego tej też to tutaj tych tylko tym ty u w wam was we wiele wszyscy wszystko wtedy więc
        z za zaś został została zostały ze że żeby żaden""",
}

SMALL_WORDS: Final = {language: frozenset(words.split()) for language, words in _WORDS.items()}
SMALL: Final = frozenset[str]().union(*SMALL_WORDS.values())
LANGUAGES: Final = tuple(SMALL_WORDS)

_WORD: Final = re.compile(r"[^\W\d_]+")
# What a language's longer words look like; they count as its small words do.
_SIGNS: Final = {
    "de": re.compile(r"ß|[äöü]\w*(?:en|er|t|e|st)$|sch|(?:ung|ungen|lich|lichen|keit|heit|isch|ischen)$"),
    "fr": re.compile(r"ç|œ|[èê]|(?:eux|euse|ment|ées|és|aux|ique)$"),
    "es": re.compile(r"ñ|(?:ción|ciones|dad|mente|ando|iendo|ado|ada|ados|adas)$"),
}
_ENOUGH: Final = 3
_LOOKED_AT: Final = 4000
"""Characters: a text that goes on does not change its language for what is decided here."""


def identify(text: str) -> str | None:
    """Return the language that most of the text's small words belong to; None where there are too few or two languages fit as well."""
    counts = dict.fromkeys(LANGUAGES, 0)
    words = [word.lower() for word in _WORD.findall(text[:_LOOKED_AT])]
    for language, small in SMALL_WORDS.items():
        counts[language] = sum(word in small for word in words)
    for language, signs in _SIGNS.items():
        counts[language] += sum(signs.search(word) is not None for word in words)
    (first, most), (_, second) = sorted(counts.items(), key=lambda count: -count[1])[:2]
    return first if most >= _ENOUGH and most > 1.2 * second else None
