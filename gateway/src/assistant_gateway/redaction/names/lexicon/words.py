"""Words that are written like names, or that the model takes for some, and are none: products, keys, units, days, things of an office.

A word of this list is a name only where the model leaves no doubt.
"""

from typing import Final

_TECHNICAL: Final = """
    abi abort airflow alt android ansible apache api apt arch argo ascii aws azure bash beta bios bit boolean branch bug build bus
    byte cache cas charset chmod chrome cli cloud cluster cmd codec commit compiler config cookie cortex cpu crc crlf cron css csv
    ctrl daemon dashboard database debian debug default delta django dns docker eclipse edge elasticsearch elif email emacs endian
    endpoint enter enum eof epsilon error esc excel exception facebook fedora file firefox firewall flask float foo freedesktop gamma
    gateway gcc git github gitlab gnome gnu go golang google gpg gpu grafana graphql grep gtk gui haskell header heuristic html http
    https hub inking ini instagram int intel interface internet iphone ipv iso ispell java javascript jenkins jira json julia jupyter
    kafka kde kerberos kernel kubernetes lambda latex linkedin linux localhost log lua mac macos markdown matlab maven metalink
    microsoft mode mongo mozilla mutex mysql nan nautilus netflix new nginx node none npm null numpy object office opera oracle
    outlook pandas pango path pdf perl php pixel pod postgres powershell prometheus promise proxy python qt queue rack rails ram react
    readme redis regex repo root router ruby rust safari scala schema script sdk sed server shell shift slack slot solr spark sql
    sqlite ssh ssl string strg struct stylus svg swift tab table tar tecla tensor terraform thread tls todo token tuple twitter ubuntu
    udp ui unicode unix url usb utf uuid vala var vim visual void vpn vs vue wal warc wayland web webkit whatsapp widget wifi wiki
    mayús maj verr bloq num impr intro supr ins win strg umschalt einfg entf untbr échap suppr ctl esc iface bitmap
    wikipedia windows word wsl xml yaml youtube zip zoom zsh umask plugin disk pen
"""
_CALENDAR: Final = """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october
    november december montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag januar februar märz mai juni juli oktober
    dezember lundi mardi mercredi jeudi vendredi samedi dimanche janvier février mars avril juin juillet août septembre octobre
    novembre décembre lunes martes miércoles jueves viernes sábado domingo enero febrero marzo abril mayo junio julio agosto
    septiembre octubre noviembre diciembre gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre lunedì martedì
    mercoledì giovedì venerdì sabato januari februari maart zondag maandag dinsdag woensdag donderdag vrijdag zaterdag janeiro
    fevereiro março maio junho julho setembro outubro novembro dezembro segunda terça quarta quinta sexta styczeń stycznia luty lutego
    marzec kwiecień kwietnia maj czerwiec czerwca lipiec lipca sierpień sierpnia wrzesień września październik października listopad
    listopada grudzień grudnia poniedziałek wtorek środa czwartek piątek niedziela christmas easter halloween weihnachten ostern
    pfingsten noël pâques navidad natale pasqua natal páscoa kerstmis pasen
"""
_NOUNS: Final = """
    majesty excellency highness holiness
    account admin agenda madam sir analyst annual appendix article assistant board budget chapter chief client committee company contract
    customer data department director draft employee engineer executive exercise figure finance financial form general guide handbook
    head hiring human invoice lead legal letter management manager manual marketing meeting member memo note office officer operations
    order page parent partner patient plan policy president product professor program project proposal question report resources sales
    section senior service staff statement strategy student summary support table team tenant terms title travel user version vice
    volume dame dime saal abend adresse alter anfang anfrage angebot anlage anruf antrag antwort anzahl arbeit art arzt aufgabe
    auftrag auto bahnhof bank bedarf beispiel benutzer bericht bild bitte brief buch büro chef datei daten datum dienst ding eingang
    ende entwurf erfahrung ergebnis fall familie farbe fehler fenster firma frage frau freund geburtstag geld gerät geschäft
    geschichte gesetz gespräch gesundheit grad größe grund gruppe hand haus heft herr hilfe hinweis idee information inhalt jahr kind
    klausel komma kommata konto kosten kunde land leben leute linke linie link liste lösung mann markt maus meinung mensch menü messe
    mieter minute mitarbeiter mittel monat morgen mutter nachmittag nachricht name nummer nutzer ordner ort paket papier person platz
    post preis problem produkt programm projekt protokoll prozent punkt quartal quelle rechnung recht rechts regel reise rolle sache
    satz schluss schlüssel schritt schule seite sprache spiel stadt stelle stern straße stunde summe system tag taste tastatur tabelle
    teil termin text thema tisch titel treffen typ uhr umsatz unterlagen unterschied urlaub vater verbindung version vertrag vorgabe
    vorschlag vorstand weg welt wert wetter woche wohnung wort zahl zeichen zeile zeilen zeit zettel ziel zimmer zugang zustand zweck
    übersicht änderung überschrift accès adresse âge année article bureau chapitre chose client compte constante contrat date demande
    dossier entreprise erreur exemple facture fichier heure histoire jour langue ligne liste livre maison message mois monde mot nom
    page pays personne point prix problème projet question rapport réponse réunion rue sauf seul semaine service société sujet tableau
    temps texte titre travail usage valeur vie ville año archivo asunto calle capítulo casa ciudad cliente contrato correo cosa cuenta
    dato día dirección edad ejemplo empresa error estado factura fecha fichero grupo hora idioma informe lengua línea lista libro
    mensaje mes mínima máxima mundo nombre número página país palabra persona precio problema proyecto pregunta puerta rama respuesta
    reunión salida salir semana servicio sistema tabla tema texto tiempo título trabajo valor vida
"""
# What a state and its church write with a capital in Italian and Portuguese.
_STATE: Final = """
    mitte favoriten re gute achats ventes ventas compras
    stato stati patria regno nazione paese paesi governo parlamento repubblica impero pontefice papa ministro ministri ministero
    presidente senato camera comune provincia regione costituzione finanze giustizia istruzione università cardinale
    vangelo erario ottocento novecento francesi tedeschi inglesi spagnoli austriaci prussiani italiani
    estado estados governo república império igreja senado câmara ministério congresso campeonato copa torneio seleção nacional
    internacional mundial divisão universidade boletim
"""
# Words above or below that many are called by: the model and the capital decide.
_ALSO_NAMES: Final = "julia ruby jan mar jun king queen lord god jesus honey baby kid boy lady lea marca reserva mira design"
_CHAT: Final = """
    lol lmao lmfao rofl omg omfg wtf btw rt ff smh jk fyi imo imho idk tbh brb haha hahaha hahah hehe hihi jaja jajaja mdr ptdr ima imma ive
    dont cant wont didnt doesnt isnt aint im id ill ur yup yep nope naw nah yeah yea yay hurray hooray holla yo sup hey hiya wow whoa ugh
    ew eww ehh eh huh hm hmm aw aww oops ouch damn dammit darn shit crap fuck fucking fuckin ass hell dude dudes bro bros bestie boo homie
    babe baby hun hon sweetie sweety honey xoxo xx xxx tonite tonight tmrw tomorrow gonna wanna gotta kinda sorta lemme gimme thx thnx ty
    pls plz fellas guys folks buddy girl girls boy boys mom mommy mum mummy dad daddy momma mama papa grandma grandpa auntie bday birthday
    tweet tweets tweeting retweet hashtag follow followers shoutout selfie vid vids pic pics song album party tv dvd summer winter spring
    autumn rain snow storm weather morning evening afternoon noon night weekend mon tue tues wed thu thur thurs fri jan feb mar apr jun jul
    aug sep sept oct nov dec woman women man men people kids kid lady ladies king queen god lord jesus author unknown oye vale ouais bah
    bof hein coucou lg vlg mfg hdl krass echt tja naja moin servus tschüss ciao hola buenas
"""
# How requests to an assistant begin.
_REQUESTS: Final = """
    add analyse analyze answer apply ask brainstorm build calculate change check choose classify click compare complete convert correct
    count create debug define delete describe design develop discuss draft edit enter estimate evaluate expand explain extract fill find fix
    format generate give guess highlight identify imagine implement improve insert install keep list make match move open optimise optimize
    order outline paraphrase plan predict prepare press print proofread propose provide read recommend refactor remind remove rename
    replace reply rephrase research restart reverse review rewrite run save search select send set shorten show simplify solve sort split
    suggest summarise summarize tell test translate try turn type update use verify write analysiere beantworte begründe berechne beschreibe
    bewerte bitte bringe buche definiere drücke drücken entferne entwirf ergänze erkläre erstelle erzähle fasse finde formuliere formatiere
    frag frage füge gib gliedere hilf ignoriere kannst klicken können korrigiere kürze lies liste lösche mach mache nenne öffne ordne plane
    prüfe rechne sag sage schick schicke schreib schreibe setze sortiere speichere stelle suche überprüfe übersetze überweise vereinfache
    verfasse vergleiche verschiebe wähle wählen wandle welche welcher welches wiederhole wurde würde zähle zeig zeige analiza añada añade
    aplica aplique avisa avise ayúdame añadir busca busque calcula cambia cierra cierre clasifica comienza compara completa compra comprueba
    considera convierte copia corrige crea cree cuenta cuéntame dame deja deje describe dibuja dime edita elige elimina elimine empieza
    enséñame enumera envía envíe escriba escribe espera evita existe existen explica explique extrae felicita genera guarda guarde haga haz
    identifica imagina imprima imprime incluye indica indique inserta instala introduce introduzca lee lea lista llama manda marca marque
    mejora mira modifica muestra necesito observa ofrece ordena permite piensa podrías pon ponga prepara presione propón pulse puedes quiero
    recomienda recuerda redacta reemplaza renombra repite reserva responde resuelve resultado resulta resume revisa revise sabes seleccione
    selecciona será sería simplifica sugiere sustituye termina toca toma traduce traduzca trae traslada usa use utiliza vea verifica vuelva
    ajoute ajouter aide analyse appuyez ayez calcule change choisis choisissez cherche cliquez combien compare complète copie corrige crée
    créer décris définis demande dessine dis donne écris écrire efface envoie essaie explique fais faites faut génère imagine imprimez
    indique indiquez insère laisse laissez liste lis mets modifie montre nomme ouvre parle peux pouvez prépare propose raconte rappelle
    rédige redémarrez réécris remplace réponds résous résume saisissez sélectionnez simplifie suggère supprime traduis trouve trouver
    utilise utilisez vérifie vérifiez
"""

NOT_NAMES: Final = frozenset(f"{_TECHNICAL}{_CALENDAR}{_NOUNS}{_STATE}{_CHAT}{_REQUESTS}".split()) - frozenset(_ALSO_NAMES.split())
