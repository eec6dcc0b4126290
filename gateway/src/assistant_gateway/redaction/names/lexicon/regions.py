"""Regions, and what parts of the world are called in daily speech, in the languages that have a word of their own for them.

The lists of the model's folder have countries as their states call them, and towns; not "Großbritannien", "Sicilia" or "Kalifornien".
"""

from typing import Final

_WORLD: Final = """
    Großbritannien England Schottland Wales Nordirland Korea Südkorea Nordkorea Taiwan Tschechien Jugoslawien Sowjetunion Palästina
    Kosovo Tschetschenien Kaschmir Tibet Skandinavien Südamerika Nordamerika Mittelamerika Lateinamerika Westeuropa Osteuropa Südeuropa
    Mitteleuropa Nordeuropa Südostasien Zentralasien Nordafrika Westafrika Ostafrika Südafrika Gazastreifen Westjordanland Baltikum
    Balkan Kaukasus Kalifornien Pennsylvanien Bayern Sachsen Thüringen Niedersachsen Hessen Brandenburg Westfalen Rheinland Saarland
    Schwaben Tirol Südtirol Kärnten Steiermark Vorarlberg Burgenland Lothringen Elsass Burgund Bretagne Normandie Savoyen Toskana
    Lombardei Piemont Sizilien Sardinien Korsika Kreta Mallorca Teneriffa Katalonien Andalusien Galicien Böhmen Mähren Schlesien Pommern
    Siebenbürgen Chechnya Czechoslovakia Yugoslavia Scotland Scandinavia Kashmir Catalonia Andalusia Tuscany Sicily Sardinia Lombardy
    Piedmont Normandy Brittany Burgundy Provence Alsace Lorraine Bavaria Saxony Thuringia Westphalia Bohemia Moravia Silesia Galicia
    Flanders Wallonia Angleterre Écosse Irlande Belgique Hollande Tchétchénie Yougoslavie Tchéquie Californie Floride Louisiane Catalogne
    Andalousie Sicile Sardaigne Corse Bavière Flandre Flandres Wallonie Aquitaine Auvergne Picardie Franche-Comté Occitanie Languedoc
    Dordogne Gironde Vendée Finistère Morbihan Vaucluse Polynésie Maghreb Inglaterra Escocia Irlanda Holanda Chechenia Chequia
    Norteamérica Sudamérica Suramérica Centroamérica Latinoamérica Iberoamérica Cataluña Andalucía Extremadura Cantabria Asturias Navarra
    Aragón Baleares Canarias Tenerife Sicilia Cerdeña Córcega Baviera Sajonia Flandes Normandía Bretaña Borgoña Provenza Inghilterra
    Scozia Olanda Cecenia Jugoslavia Cechia Nordamerica Sudamerica Lazio Lombardia Piemonte Toscana Abruzzo Basilicata Molise Sardegna
    Umbria Puglia Calabria Campania Liguria Veneto Friuli Trentino Sassonia Normandia Borgogna Catalogna Escócia Roménia Romênia Turquia
    Iraque Irã Irão Coreia Jugoslávia Catalunha Andaluzia Sicília Alentejo Algarve Minho Ribatejo Açores Engeland Schotland Joegoslavië
    Tsjechië Tsjetsjenië Catalonië Andalusië Toscane Sicilië Vlaanderen Wallonië Ardennen Limburg Brabant Gelderland Overijssel Drenthe
    Friesland Zeeland Anglia Szkocja Holandia Czeczenia Jugosławia Katalonia Andaluzja Toskania Sycylia Bawaria Śląsk Mazowsze Pomorze
    Małopolska Wielkopolska
"""

REGIONS: Final = frozenset(_WORLD.split())
