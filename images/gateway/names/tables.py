"""The lists of names that the rules know: places, given names, surnames; each sorted, so that a build can be repeated."""

import ast
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from babel import Locale

_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
_LEAST_PEOPLE = 50_000
_LEAST_FOR_OTHER_NAMES = 500_000
_LEAST_FOR_ONE_WORD = 100_000

# Places whose names are words: what stands here is a place only if the model says so.
_WORDS = frozenset(
    [
        "Alexandria",
        "Allen",
        "Angle",
        "Anna",
        "Apple",
        "Asia",
        "Aurora",
        "Austin",
        "Baden",
        "Bar",
        "Bari",
        "Bath",
        "Bay",
        "Beau",
        "Bello",
        "Bergen",
        "Best",
        "Blue",
        "Boa",
        "Bon",
        "Born",
        "Both",
        "Brest",
        "Brooklyn",
        "Bug",
        "Burn",
        "Bury",
        "Can",
        "Carlos",
        "Carolina",
        "Cary",
        "Case",
        "Castro",
        "Center",
        "Centre",
        "Chad",
        "Charlotte",
        "Chelsea",
        "China",
        "Ciudad",
        "Clifton",
        "Colon",
        "Columbia",
        "Colón",
        "Cork",
        "Dallas",
        "Date",
        "Deal",
        "Delicias",
        "Dover",
        "Eagle",
        "Elda",
        "Enterprise",
        "Essen",
        "Este",
        "Eugene",
        "Fez",
        "Florence",
        "Flores",
        "Gap",
        "Gary",
        "Gent",
        "Georgia",
        "Gera",
        "Golden",
        "Grace",
        "Granada",
        "Grand",
        "Guinea",
        "Hagen",
        "Halle",
        "Ham",
        "Hamm",
        "Hof",
        "Hoover",
        "Houston",
        "Hull",
        "Independence",
        "Israel",
        "Jackson",
        "Java",
        "Jersey",
        "Jordan",
        "Joy",
        "Kind",
        "Kleve",
        "La",
        "Lages",
        "Laval",
        "Lens",
        "Leon",
        "León",
        "Lima",
        "Lincoln",
        "Linden",
        "Lingen",
        "Logan",
        "Lorca",
        "Macon",
        "Madison",
        "Male",
        "Mali",
        "Man",
        "Marl",
        "Mary",
        "Mercedes",
        "Mira",
        "Mobile",
        "Moers",
        "Most",
        "Nancy",
        "Neu",
        "Nice",
        "Niger",
        "Norman",
        "Of",
        "Okay",
        "Olten",
        "Orange",
        "Page",
        "Paris",
        "Pasto",
        "Pearl",
        "Plan",
        "Police",
        "Ponce",
        "Progreso",
        "Reading",
        "Regina",
        "Rich",
        "River",
        "Roman",
        "Sale",
        "Salto",
        "Same",
        "San",
        "Santa",
        "Santo",
        "Savannah",
        "Sierra",
        "Split",
        "Sucre",
        "Surprise",
        "Sydney",
        "Temple",
        "Tours",
        "Troy",
        "Turkey",
        "Tyler",
        "Union",
        "Valencia",
        "Van",
        "Victoria",
        "Virginia",
        "Vista",
        "Warren",
        "Werl",
        "Wesel",
        "Worth",
        "Young",
    ]
)
_ALWAYS = frozenset({"China", "Turkey", "Paris", "Georgia", "Jordan", "Israel", "Niger", "Mali", "Guinea", "Sydney", "Valencia", "Chad"})
_ALSO = frozenset(
    """USA, U.S.A., U.S., UK, U.K., EU, UAE, England, Scotland, Wales, Northern Ireland, Great Britain, Britain, Holland, Burma, Czechia,
    Czech Republic, Macedonia, Ivory Coast, Congo, Russian Federation, South Korea, North Korea, Hong Kong, United States of America,
    Türkei, Bayern, Sachsen, Hessen, Catalunya, Cataluña, Andalucía, Bretagne, Normandie, Provence, Tirol, Lombardia, Toscana,
    Bavaria, Saxony, Tuscany, Catalonia, Brittany, Normandy, Europe, Africa, America, Asia, Europa, Afrika, Amerika, Asien, Afrique,
    Amérique, Asie, África, América""".replace("\n   ", "").split(", ")
)


def places(data: Path) -> list[str]:
    """Return the names of countries in several languages, of the states of the USA and of towns."""
    names = set(_ALSO)
    for language in _LANGUAGES:
        territories = Locale(language).territories
        names |= {name for code, name in territories.items() if len(code) == 2 and code.isalpha() and code not in ("QO", "ZZ", "EZ")}
    names |= {state["name"] for state in json.loads((data / "us_states.json").read_text()).values()}
    names |= {country["name"] for country in json.loads((data / "countries.json").read_text()).values()}
    for city in json.loads((data / "cities15000.json").read_text(encoding="utf-8")).values():
        names |= set(_names_of(city))
    return sorted(name for name in names if _is_usable(name))


def _names_of(city: dict) -> Iterator[str]:  # type: ignore[type-arg]
    name, people = city["name"], city["population"]
    if people >= (_LEAST_PEOPLE if " " in name or "-" in name else _LEAST_FOR_ONE_WORD):
        yield name
    if people >= _LEAST_FOR_OTHER_NAMES:
        yield from (other for other in city["alternatenames"] if len(other) > 4 and not other.isupper() and "'" not in other)


def _is_usable(name: str) -> bool:
    if not _is_latin(name) or not name[0].isupper() or any(sign.isdigit() or sign in "()," for sign in name):
        return False
    return name in _ALWAYS or name in _ALSO or (len(name) > 3 and name not in _WORDS)


def people(providers: Path) -> dict[str, list[str]]:
    """Return given names and surnames, folded: small, without accents."""
    found: dict[str, set[str]] = {"given": set(), "surnames": set()}
    for file in sorted(providers.glob("*/__init__.py")):
        for name, text in _texts(ast.parse(file.read_text(encoding="utf-8"))):
            kind = "given" if name.startswith("first_names") else "surnames" if name.startswith("last_names") else None
            if kind is not None:
                found[kind].add(text)
    return {kind: sorted({_folded(name) for name in names if _is_name(name)}) for kind, names in found.items()}


def _texts(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the texts of a module's classes' constants with the constant's name, without running the module."""
    for owner in (node for node in module.body if isinstance(node, ast.ClassDef)):
        for node in owner.body:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
            if isinstance(target, ast.Name) and node.value is not None:
                yield from (
                    (target.id, part.value)
                    for part in ast.walk(node.value)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                )


def _is_name(name: str) -> bool:
    return len(name) > 2 and name.isalpha() and _is_latin(name) and name[0].isupper()


def _is_latin(name: str) -> bool:
    return all(sign < "\u0250" or sign == "’" for sign in name)


def _folded(name: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", name.lower()) if not unicodedata.combining(sign))
