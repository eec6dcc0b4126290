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
    wikipedia windows word wsl xml yaml youtube zip zoom zsh umask plugin disk pen
"""
_CALENDAR: Final = """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october
    november december montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag januar februar märz mai juni juli oktober
    dezember lundi mardi mercredi jeudi vendredi samedi dimanche janvier février mars avril juin juillet août septembre octobre
    novembre décembre lunes martes miércoles jueves viernes sábado domingo enero febrero marzo abril mayo junio julio agosto
    septiembre octubre noviembre diciembre christmas easter halloween weihnachten ostern pfingsten noël pâques navidad
"""
_NOUNS: Final = """
    account admin agenda analyst annual appendix article assistant board budget chapter chief client committee company contract
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

NOT_NAMES: Final = frozenset(f"{_TECHNICAL}{_CALENDAR}{_NOUNS}".split())
