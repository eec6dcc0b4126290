"""German nouns, all of which have a capital: what a noun looks like, and the ones that letters, offices and households are full of.

A word of the list counts as one of words.NOT_NAMES does; so does a word that ends in one of the heads ("Zeilentyp", "Bandbreite"). Neither
has what families or towns are called after: no "Fischer", no "-berg".
"""

import re
from typing import Final

from assistant_gateway.redaction.names.lexicon.languages import SMALL_WORDS
from assistant_gateway.redaction.names.lexicon.words import NOT_NAMES

_NOUNS: Final = """
    abbau abbruch abfahrt abfall abflug abgabe ablauf ablehnung abnahme abreise absage abschluss abschnitt absender absicht abstand
    abteil abteilung abzug akte aktie album alkohol alltag ampel amt analyse anbieter anblick andenken anfänger angehörige
    angehöriger angestellte angestellter angst anhang anlass anleitung anmeldung annahme anreise anschluss anschrift ansicht
    anspruch anstieg anteil anwalt anweisung anwendung anwohner anzeige anzug apfel apotheke apparat arbeiter arbeitgeber
    arbeitsplatz argument arme armee artikel arznei atem aufenthalt auflage aufsatz auftritt aufwand auge augen ausbildung ausdruck
    ausflug ausgabe ausgang auskunft ausland ausnahme aussage ausschuss aussicht ausstellung austausch auswahl ausweis bahn ball
    band bauteil beamte beamter becher becken bedingung befehl befund beginn begriff behandlung behörde bein beine beitrag bekannte
    belastung beleg beratung bereich beruf bescheid beschluss beschreibung beschwerde besitz besitzer besprechung bestand besteck
    bestellung besuch besucher betrag betreff betreuung betrieb betrug bewegung beweis bewerber bewerbung bewertung bewohner
    beziehung bier bilanz bildschirm bildung birne bitten blatt blume blumen blut boden bohne bohnen boot brand breite bremse brille
    brot bruder brust brötchen brücke brühe buchung bundesland bus butter bürger café chance chemie computer dach dame dampf dank
    datenbank dauer decke deckel denkmal detail diagnose dialog dichter diebstahl diät dorf dosis drache drachen draht drittel druck
    drucker dschungel duft dunkelheit durchmesser durchschnitt durst dusche ecke ehe ehefrau ehemann ei eier eigenschaft eigentum
    eigentümer eile einbruch eindruck einfluss einheit einkauf einkommen einladung einrichtung einsatz einspruch eintrag eintritt
    einträge einwand einwohner einzelheit eis eisen ekel elend eltern empfang empfehlung empfänger energie enkel enkelin ente
    entfernung entlassung entscheidung entschuldigung entwicklung erbe erde ereignis erfolg erholung erhöhung erinnerung erklärung
    erkältung erlaubnis ermittlung ernte ernährung ersatz erwachsene erwartung erzieher eröffnung essen essig etage exemplar experte
    experten fabrik fach faden fahne fahrer fahrrad fahrt fahrzeug faktor falle farben faser feier feiertag feld feldweg fell ferien
    fernseher fest feuer feuerwehr fieber film filter finanzamt finger flasche fleisch fliege flug flughafen flur fluss folge folgen
    form formel formular forschung fortschritt foto frieden friseur frist frucht früchte frühling frühstück funktion futter fuß
    führung gang garage garten gas gast gebiet gebot geburt gebühr gedanke gedicht geduld gefahr gefallen gefäß gefühl gegend
    gegenstand gegenteil gegner gehalt geheimnis gehör geist gelenk gelände gemeinde gemüse generation gepäck gericht geruch gesang
    geschenk geschirr geschmack geschwindigkeit geschwister gesellschaft gesicht gestalt getreide getränk gewalt gewerbe gewicht
    gewinn gewissen gewitter gewohnheit gift gipfel glas glaube gleichgewicht gleis glück gramm grammatik gras grenze griff grippe
    großeltern großmutter großvater grundlage grundschule grundstück gruß grüße gurke gäste haar haare hafen haftung hals
    haltestelle haltung handel handtuch handwerker handy haushalt hause haut hebel hefe heimat heizung hemd herd herkunft hersteller herz
    herzen heu himbeere hindernis hitze hobby hochschule hochzeit hof hoffnung holz honig horizont hose hotel hund hunde hunger
    husten hut hälfte höhe hügel hühner hülle hütte ideen impfung industrie inhaber insekt insel institut instrument integration
    interesse internat interview jacke jahre jahren jahres jahreszeit jahrhundert jahrzehnt jahrzehnten journalist jubiläum jugend
    jugendliche junge jungen jurist kabel kaffee kalender kalkulation kamera kamin kampf kanal kandidat kante kapital kapitel
    karriere karte karten kartoffel kartoffeln karton kartons kasse kastanie kastanien katalog katze katzen kaufpreis kaution
    kenntnis kenntnisse kennwort kerze kette kinder kindergarten kindern kindheit kino kirche kirsche kissen kiste klage klang
    klasse kleid kleider klinge klinik kläger klägerin knie knochen knopf kollege kollegen kollegin kommentar kommission konflikt
    konzept konzern konzert kopf kopie korb korrektur kraft kragen kran kranke krankenhaus krankenkasse krankheit kredit kreis
    kreuzung krieg krise kritik kräuter kuchen kugel kultur kunst kurs kurve kuss kälte körper küche kühlschrank kündigung künstler
    labor lack laden ladung lage lager lampe laptop lastwagen latte laub lauf laune lebenslauf lebensmittel leder leere lehrbuch
    lehre lehrling leiche leid leistung leiter leitung lektion leser licht liebe lied lieferant lieferung linse linsen lippe
    literatur loch lohn luft lunge lust länge lärm löffel lösung lüge magen mahlzeit mahnung makler maler malerei mangel mannschaft
    mantel marke maschine masse material mathematik medikament medikamente medizin meer mehl mehrheit mehrwertsteuer meile melodie
    menge mensch menschen merkmal messer metall meter miete mikrofon mikroskop milch milliarde milliarden million millionen minister
    ministerium minuten mischung mitglied mitglieder mittag mittagessen mitteilung mitternacht mobilfunk mode modell moment monate
    monaten mond montage moos motiv motor motorrad mund museum musik musiker muskel muster mut mädchen männer märchen mäuse möbel
    müdigkeit mühe müll mütze nachbar nachbarin nachbarn nachfrage nachteil nachweis nahrung narbe nase natur neffe nerven nest netz
    netzwerk nichte niederlage niveau norden not notar note notfall notiz nudeln nuss nutzen nutzung nähe oberfläche objekt obst
    ofen offizier ohr oma onkel opa operation opfer option orchester organ organisation osten ozean paar pakete palast panne papier
    pappe paragraf parfüm parlament partei partner pass patient patienten patientin pause pech pension pfad pfade pfanne pfarrer
    pfeil pferd pferde pflanze pflanzen pflaster pflege pflicht pfund phase physik pilze pilzen plastik platte politik
    politiker polizei polizist portion position praktikant praktikantin praktikum praxis presse prinzip probe probezeit produktion
    professorin projekte prospekt provision prozess präsident prüfer prüfung publikum pudding pullover pulver pumpe puppe pädagoge
    qualität quartier quittung rabatt radio rahmen rakete rasen rat rathaus ratte raub raum reaktion recherche rechner rede reform
    regal regen regenschirm regierung region reifen reihe reisebüro reisepass reklamation rente rentner reparatur rest restaurant
    rettung rezept rezeption richtlinie richtung rind risiko rohr rohstoff rosine rost ruhe ruhm rundfunk räume rücken rückgabe
    rückkehr rücksicht saal sahne saison salat salbe sammlung sand satzung sauce schaden schadensersatz schaf schal schale schalter
    scheck scheibe schein scherz schicht schicksal schiff schild schlacht schlaf schlag schlamm schlange schlosser schluck schmerz
    schmerzen schmuck schmutz schnecke schnee schnitt schnupfen schnur schokolade schrank schraube schrauben schreck schrei
    schreiben schreibtisch schrift schriftsteller schublade schuhe schuld schulden schulleiter schulter schutz schwein schweiß
    schwelle schwester schwierigkeit schwimmbad schwung schwäche schwägerin schädel schüler schülerin schüssel see seele segel seife
    seil sekretär sekretärin sekunde sekunden semester sendung senf sessel sicherheit sicht sieg sieger signal silber sinn situation
    sitz sitzung socke software sohn soldat sommerferien sonne sorge sorte spannung spaten spaß speck speicher speise spende spiegel
    spiele spieler spinne spitze sport spritze spur spüle staat stab stadtrat stall stand standort stapel stapler start station
    statistik stempel steuer steuerberater steuererklärung stich stiefel stiel stift stiftung stil stille stimme stimmung stipendium
    stockwerk stoff storno strafe strand strecke streifen streik streit strich strumpf strömung student studenten studentin studie
    studium stufe stuhl sturz stück stücke summen suppe symbol symptom szene säge sänger säule säure süden süßigkeit tabak tablette
    tafel tage tagen tal tank tannenbaum tante tanz tanzen tasche taschen tasse tat tatsache taube tausend taxi technik teich teig
    teilnahme teilnehmer telefon telefonnummer teller temperatur tempo teppich testament teufel theater theorie therapie tier tiere
    tinte tipp tochter tod toilette tomate tomaten topf tor torte tote tourist tradition trauer traum trend treppe trick tropfen
    träger träne träume tuch turm turnier typen töpferei tür türe ufer umfang umfrage umgebung umlaut umschlag umwelt umzug unfall
    unglück universität unkosten unkraut unruhe unschuld unsinn unternehmen unternehmer unterricht unterschrift unterstützung
    ursache urteil variante vase vegetarier verantwortung verband verbot verbraucher verbrechen verdacht verein verfahren verfasser
    vergangenheit vergleich verhalten verhältnis verkauf verkehr verkäufer verlag verletzung verlobte verlust verlängerung vermieter
    vermutung vermögen vernunft verpackung versand verschiedenes versicherung versprechen verspätung verstand verständnis versuch
    verteidiger vertrauen vertreter verwaltung verwandte verwandten verzeichnis verzicht vetter vieh viertel volk volumen voraus
    vorbild vordergrund vorfahrt vorfall vorgang vorhaben vorhang vorlage vorlesung vorrat vorschrift vorsicht vorsitzende
    vorsitzender vorsorge vorspeise vorstellung vorteil vortrag vorwurf vögel waage waffe wagen wahl wahrheit wald wand wanderung
    wanne ware waren warnung wasser watte wechsel wecker weihnachtsmann wein weise welle welpe werbung werk werkstatt werkzeug werte
    wespe westen wettbewerb wette wetterbericht wiese wind wirkung wirtschaft wissen wissenschaft wissenschaftler witz wochen
    wochenende wochenplan wohnort wohnungen wolke wolken wolle wunde wunder wurst wurzel wut wärme wäsche wörter wünsche würfel
    wüste zahlen zahnarzt zange zaun zehe zeichnung zeiten zeitplan zeitraum zeitschrift zeitung zelt zentimeter zentrum zertifikat
    zeuge zeugen zeugin zeugnis ziege ziegel ziffer ziffern zigarette zimt zins zinsen zitat zitrone zone zoo zorn zubehör zucker
    zufall zug zuhause zuhörer zukunft zunge zusage zusammenarbeit zusammenfassung zuschauer zuschlag zuschuss zustimmung zutat
    zutaten zweifel zwiebel zwiebeln zwilling zähne öl übung
    hefe öl basilikum muttern nieten feiertag feiertage fensterplatz gangplatz rosmarin thymian salbei dill estragon minze nüsse mandeln
    linsen erbsen reis nägel haken leim lack farbe farben pinsel leisten bretter balken ziegel kies zement beton
    abschreibung abschreibungen amsel anhängerkupplung arbeitsschutz aufschnitt badewanne balkon barsch besen borke
    brandschutz bratpfanne brause brotzeit bügeleisen dackel darm deutsch dreisatz drossel dübel dünger einbauküche erdkunde
    erkältung fachkraft fischstäbchen flöhe folien föhn gefrierschrank gelenk gemütlichkeit geographie
    girokonto gurke gurken hackfleisch halle harn hausaufgaben hecke heimat herd husten hygiene infarkt ingwer
    jacke joghurt kabine kakao kamera kartoffel kartoffeln kartoffelpüree kater kita knie knoblauch kälte
    körper kühlschrank küche lagerung lampe leberwurst lehrling lehrlinge leiter linoleum lochstanze lunch margarine mathe
    mathematik meisterin migräne mixer mohn möhre möhren niere nieren niesen oberarm oregano ofen papierstau
    paprika petersilie pfifferling puls püree quark rasenmäher rassel reifen rettich rippe rucksack rutsche salami
    salatgurke schaufel scheune schinken schlafsack schlosserei schnittlauch schraubenzieher schulter schwalbe schwindel sehne
    sitzheizung skonto sparsamkeit specht spinat sprudel stau steckdose stehlampe stuhlgang tastatur tempomat tendenz teppich
    thermodynamik toast turnhalle umluft unwohlsein verstopfung vorsatz vorsitz waage waschbecken waschmittel wespen
    wirsing zahnpasta zange zecke ziegenkäse zucchini zwetschge zylinder übelkeit überweisungen angebote preise kollegen
    schmerzmittel blutdruck blutwerte leberwerte laborwerte tropf verband gips salbe spritze impfung fieber
    abgeordneter agentur akten aktien alarm altar amateur anhänger ankunft anschlag anstalt antike apparate architekt arena asyl aufgang
    aufklärung aufruf auftakt augenblick ausgleich ausschnitt autor autoren autorin backstein bande basilika basis bassist bau bauten
    bauwerk beet behörden bericht beute bewunderung blüte boom bord brauch brief briefe buchstabe bund bundesliga bundestag bundeswehr
    bühne charakter chor club coach comeback definition denkmäler deutscher diktator dinge doppel drama dramen droge drogen duell efeu
    effekt ehre ehren ehrgeiz eifer einfall eingriff elan elefant element engagement epoche erfinder erzbischof erzeugung euphorie exil
    existenz export fahnder faktoren fan fanatiker fans felsen festival festung feuerwehrmann figur finale flamme flammen flotte
    flüchtling forscher fortsetzung front fund fußball garnison gatte gebirge gebäude gefolge gefängnis gegenwart geschlecht geschoss
    gewehr gewerkschaft giebel gitarre gitarrist glasur gott grab graben gräber gründer gründung gutachten götter hafer haft harmonie
    harz hass hauptstadt hecht heer hektar helden helme herrschaft hilfen himmel hinsicht hit holzmangel homosexuelle honorar horde humor
    hunderttausende häftling härte häufigkeit häuser ideal import infanterie innenraum insasse invasion jahrtausend juden jury jäger
    kaiserin kalk kammer kanone kapelle kapitän kardinal katastrophe keeper klammern klima kloster klub kohle komet komiker kommissar
    kommissarin komponist kongress konkurrenz konsequenz kontinent konto kontrahent kontrahentin kosmos kristall krone kronen krönung
    kuppel kurfürst kämpfer könig königin königreich kürze landkreis landrat landschaft landtag larve latein lava leben legende lehm liga
    liter logik lyrik länder lücke macht mafia magistrat marschall medien mehrzahl meisterschaft methode milieu militär millionär molekül
    moleküle moral moschee moslem motto mrd musikerin mythos mängel münze münzen nachfolge nachfolger nachwuchs nadel nadeln nation
    nationalist neuzeit niederschlag nobelpreis nordosten nordwesten novelle oberbürgermeister oper operette opposition orden orgel
    original orkan ort papst passage patent person philosoph philosophie pionier planet podium poesie pokal pop portal priester
    prinzessin privatbesitz professor profi prosa protest provinz prälat prämie präsidentin psychologie pult putsch quartett quote rabbi
    rabbiner radikale rande rang rapper rasse rebell rebellen rechtsanwalt referat regent regie regiment regisseur reichtum reichweite
    rekord religion rennen republik reservat respekt revolution riff ritual runde runden rückstand sache sachen sachverhalt
    sammler sandstein satellit satire sauna schach schloss schlussmann schlösser schriften schuss schütze seelsorger segment seiten sekte
    sektor senat senator serie siedler siedlung skandal skepsis sklave sklaven sopran sozialist spalte sprecher sprecherin staaten
    stadion stammgast statue status sterne stunde stürmer stützpunkt sud sultan supercup sympathie symphonie synagoge system szenen
    söldner talent tatort tempel tenor terror thron tode torhüter torwart trainer training transport trasse trawler tribut trikot triumph
    trotz truppe truppen turban töne uhr umlauf unfälle union universum unruhen untergang uraufführung verkehrsmittel vermerk vermerke
    vers verse verteidigung veteran violine violinist volley vorbereitung vorgänger vorort vorrunde vorwürfe vulkan wal wale wallfahrt
    wandel willen winkel witwe wucht wähler zarin zeitalter zelle zentrale zeremonie zivil zoll zuchthaus zusammenhang zwecke zweig zwerg
    zwischenzeit zähler zäsur züge ärzte ärztin ökologie käse spätzle knödel soße nachtisch
"""
_HEADS: Final = """
    verbot pflicht ferien sehne lampe halle stau schrank küche wurst saft fleisch abschluss abteilung adresse anfrage angabe
    anlage anspruch antrag
    anzeige arbeit aufgabe auftrag ausgabe ausweis bandbreite baum
    bedarf begriff beitrag bereich bericht bescheid besitzer betrag betrieb bezug bild blatt breite buch büro byte bytes code datei dateien
    daten datum dauer dienst druck ebene einheit einheiten eintrag einträge ende entwurf erklärung faktor farbe fehler felder feldes
    fenster firma folge form frage frist funktion gebühr gehalt gerät geräte gesellschaft gesetz gespräch größe grund gruppe gruppen hilfe
    höhe inhalt jahr kabel karte karten kasse kennung klasse konto kosten kraft kunde kurs länge leitung leser liste listen lohn maschine
    material menge meldung methode miete mittel modell modul module modulen modus name namen netz nummer objekt objekte objekten option
    ordner ordnung papier personal pfad pfade plan pläne platte post preis preise problem programm programme projekt prozess prüfung punkt
    quelle rate raum recht rechte rechner rechnung regel regeln reihe reise rezept sache satz schalter schlüssel schule schutz seite
    seiten sicht sitzung spiel sprache speicher spur stand stelle stellen steuer stoff stunde stunden summe system systeme tabelle tag
    tage tarif taste tasten technik teil teile termin test text tiefe titel typ typen umgebung unterlagen urlaub vergleich vertrag
    verträge verzeichnis wagen ware waren wechsel weise werk werkzeug wert werte wesen wort wörter zahl zahlen zeichen zeile zeilen zeit
    zeiten zeug ziel ziele zone zugang zustand zweck
    abfuhr adel agentur akademie album amt angaben anlass anstalt antrieb apparat arbeiter armee aufbau auflage auflauf aufnahme ausbau
    ausbruch ausgleich ausschuss ausschuß ausstellung auswahl autor bahn bande basis bau bauten befehl behandlung behörde belastung
    besitz bestand besuch bewegung beweis bewohner bezirk bilanz bildung bindung boden brecher bruch bund börse bürger chef club dach
    darsteller decke deckung dichte diebstahl dosis drama düse eigentum empfang energie ereignis ergebnis erlaubnis ernte ersatz existenz
    experte fabrik fach fahrt fahrzeug faser feier fest film finale flasche fleck flotte flucht flug flugzeug fläche flügel flüssigkeit
    folger forschung fortschritt foto frau funk fußball fähre führer gatte gattung gebiet gebirge gebäude gefahr gefüge gefühl gegend
    gehilfe gehäuse gelände gemeinde gemeinschaft gericht geschehen geschichte geschoss gewalt gewehr gewicht gewinn gitter gläubiger
    grenze haft haltung handel handlung herrschaft hersteller höhle hütte impuls industrie infektion inhaber interesse jagd jäger kammer
    kampagne kampf kanal kanone kapelle kapital kapitän katastrophe kern kette kirche klage kleid kleidung klima klub kohle konferenz
    kontrolle konzern konzert krankheit kredit kreislauf krieg krieger krise kritik kultur kunst kurve kämpfer künstler landschaft
    lauf leben legende lehre lehrer leistung leiter leute licht lied liga linie literatur lizenz luft lücke macht maler mangel mannschaft
    markt masse maßnahme medizin menschen mission monat motiv motor musik muskel mutter möbel mörder nacht nahme nation netzwerk
    niederlage niveau oper opfer orchester orden papst partei partie partner patient perspektive pfanne pflanze pfleger phase physik
    plantage pokal politik politiker polizei praxis presse priester prinzip probe produkt produktion profi präsident präsidentin publikum
    quote rakete rausch reaktion rede reform regierung rennen republik rettung revolution risiko rolle roman runde saison salbe schicht
    schiff schlacht schlag schrift schuld schuss schuß schwein schüler sektor senat sender serie sicherheit sieg sieger signal sitz
    skandal soldat sommer sonne sorge sorte spende spender spieler spitze sport sportler sprecher staat stab station statue steuerung
    stimme stimmung stoß strafe strahl strahlung strecke struktur studie studium stufe sturm stärke sucht szene sänger sängerin süden
    team technologie tempel theater thema theorie therapie tod torte tradition training transport traum trieb trupp truppe turm turnier
    tätigkeit unfall unternehmen unternehmer verband verbrauch verbrechen verein verfahren verkehr verlag verlust vermögen vers
    versicherung versuch vertreter verwaltung volk vorgang vorstand wache waffe wahl wand wasser welle welt werbung werfer werkstatt
    wettbewerb wind winter wirkung wirtschaft wissen wissenschaft woche wunde wunsch wurf zelle zentrum zimmer zucht zug übergang übung
"""

NOUNS: Final = frozenset(_NOUNS.split())
_TAILS: Final = tuple(
    f"""ung ungen heit heiten keit keiten schaft schaften tion tionen tät täten ismus nisse nissen erei ereien {_HEADS}""".split()
)
_LEAST: Final = 3
"""Letters before such an end, without which it is no compound."""
# Before a noun. Not "mein" and "deine", which stand before names as well ("Deine Karin").
_LEADS: Final = """
    der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner keines jede jeden jedem jeder jedes dieser
    diese dieses diesen diesem welche welcher welches welchen welchem alle allen aller beim im am zum zur ins vom ans aufs mehrere einige
    viele wenige beide solche manche als pro
"""
_LED: Final = frozenset(_LEADS.split())
_BEFORE: Final = re.compile(r"([^\W\d_]+)[ \t]$")
# "politische Klima", "fehlende Harmonie": endings that verbs do not have, unlike "sagte Merkel".
_ADJECTIVE: Final = re.compile(r"[a-zäöüß]{2,}(?:ig|lich|isch|sam|bar|haft|los|iv|al|ell|end)(?:e|en|er|es|em)")
_PLURALS: Final = str.maketrans("äöü", "aou")
_ENDINGS: Final = ("", "n", "s", "e", "en", "es", "er", "ern", "se", "nen")
_COMPOUND: Final = re.compile(r"([^\W_]+)[-\u2010]$")
_LONGEST: Final = 24
_ROAD: Final = re.compile(r"(?i:stra(?:ß|ss)e|str|weg|platz|allee|gasse|ring|damm|ufer|chaussee|markt|graben|steig|hof|berg)$")


def is_made(lowered: str) -> bool:
    """Say whether a word, written small, is a known noun or made of one."""
    if lowered in NOUNS:
        return True
    # The first half alone is quick, and says no for most words.
    return lowered.endswith(_TAILS) and any(lowered.endswith(tail) and len(lowered) >= len(tail) + _LEAST for tail in _TAILS)


def is_noun(text: str, start: int, token: str) -> bool:
    """Say whether a capital word of a German text is one of the known nouns, or built or led as nouns are and names are not."""
    lowered = token.lower()
    if is_made(lowered) or lowered.removesuffix("n") in NOUNS or lowered.removesuffix("s") in NOUNS:
        return True
    if (before := _BEFORE.search(text, max(0, start - _LONGEST), start)) is not None:
        return before[1].lower() in _LED
    first = _COMPOUND.search(text, max(0, start - _LONGEST), start)
    return first is not None and (not first[1].istitle() or first[1].lower() in NOUNS)  # "WAL-Dateien", "3-Wege-Merge"


def is_form(lowered: str) -> bool:
    """Say whether a word, written small, is a known noun in another case or number: "häuser", "drogen"."""
    return any(
        is_made(stem) or stem in NOT_NAMES or is_made(stem.translate(_PLURALS))
        for ending in _ENDINGS
        if lowered.endswith(ending) and len(stem := lowered[: len(lowered) - len(ending)]) >= _LEAST
    )


def is_described(text: str, start: int) -> bool:
    """Say whether an adjective stands before a word: "die politische Lage"."""
    before = _BEFORE.search(text, max(0, start - _LONGEST), start)
    return before is not None and _ADJECTIVE.fullmatch(before[1]) is not None and before[1] not in SMALL_WORDS["de"]


def is_road(token: str) -> bool:
    """Say whether a word ends as the names of German streets do."""
    return _ROAD.search(token) is not None


def is_led_noun(text: str, start: int, token: str) -> bool:
    """Say whether it is a thing of a German text, not a street: "in der Turnhalle", unlike "in der Schillerstraße"."""
    return not is_road(token) and is_noun(text, start, token)
