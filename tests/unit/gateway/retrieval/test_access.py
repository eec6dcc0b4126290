"""Ten thousand adversarial questions, and not one piece of others among the answers.

Who may read what is written down here a second time, in sets of plain names, and every piece that is found is held against it. Others'
documents are near-copies of the reader's own, with the same words; readers have groups that are spelt like subjects, sources and each
other; they name others' documents; and both plans of the query are asked.
"""

import asyncio
import itertools
import random
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from assistant_gateway.auth import Identity
from assistant_gateway.documents import access, heads, labels, rows
from assistant_gateway.documents.pieces import Piece
from assistant_gateway.documents.rows import NewDocument
from assistant_gateway.policy import SourcePolicy
from assistant_gateway.retrieval import search
from assistant_gateway.retrieval.rarity import Words
from assistant_gateway.retrieval.search import Question
from assistant_gateway.sealing.keys import DataKey
from tests.unit.gateway.documents.world import World, embedded, identity, rag

QUESTIONS = 10_000
DIMENSIONS = 24
SUBJECTS = ("Alice", "Bob", "Carol", "alice", "hr", "everyone", "", "s1")
GROUPS = ("hr", "board", "sales", "Alice", "everyone", "", "s1", "h", "hrboard", "hr board", "HR")
SOURCE_GROUPS: tuple[tuple[str, ...] | None, ...] = (None, ("hr",), ("board", "sales"), ("Alice",), (), ("hr", "HR"))
SOURCES = tuple(SourcePolicy(name=f"s{number}", groups=groups) for number, groups in enumerate(SOURCE_GROUPS))
WORDS = tuple(f"{first}{second}" for first, second in itertools.product(("pay", "plan", "note", "team"), ("roll", "s", "", "1", "2")))


@dataclass(frozen=True)
class Held:
    """A document and, in plain names, who may read it."""

    id: UUID
    text: str
    source: str | None = None
    subject: str | None = None
    groups: frozenset[str] = frozenset()

    def is_for(self, reader: Identity) -> bool:
        if self.source is None:
            return reader.subject == self.subject or not self.groups.isdisjoint(reader.groups)
        allowed = next(source.groups for source in SOURCES if source.name == self.source)
        return allowed is None or not set(allowed).isdisjoint(reader.groups)


def documents(chance: random.Random, families: int) -> list[Held]:
    """Return families of near-copies, each member with other readers."""
    made = []
    for _ in range(families):
        text = " ".join(chance.choices(WORDS, k=12))
        for source in (*SOURCES, *SOURCES):
            made.append(Held(uuid4(), vary(text, chance), source=source.name))
        for subject in SUBJECTS:
            groups = frozenset(chance.sample(GROUPS, chance.choice((0, 0, 1, 2))))
            made.append(Held(uuid4(), vary(text, chance), subject=subject, groups=groups))
    return made


def vary(text: str, chance: random.Random) -> str:
    words = text.split()
    words[chance.randrange(len(words))] = chance.choice(WORDS)
    return " ".join(words)


async def keep(world: World, held: list[Held]) -> None:
    """Write all documents with the statements that the library uses."""
    index, ring = world.store.index, world.index.ring
    space = await world.index.space()
    async with world.store.transaction() as connection:
        for number, document in enumerate(held):
            key = DataKey.new()
            if document.source is not None:
                acl, owner = access.of_source(index, document.source), None
            else:
                acl = access.of_upload(index, document.subject or "", sorted(document.groups))
                owner = index.token("subject", document.subject or "")
            head = heads.seal(key, document.id, {"fileName": "n", "metadata": {}})
            kek, wrapped = ring.wrap(document.id, key.raw)
            place = (document.source, None if document.source is None else number)
            new = NewDocument(document.id, *place, b"", acl, None, head)
            sealed = key.seal(document.text.encode(), labels.chunk(document.id, 0))
            piece = Piece(0, world.index.lexemes.vector(document.text), sealed, embedded(document.text, DIMENSIONS))  # type: ignore[arg-type]
            await rows.reserve(connection, document.id, owner, kek, wrapped)
            assert await rows.complete(connection, space, new, [piece])


async def hold(world: World, families: int) -> list[Held]:
    world.embedding.dimensions = DIMENSIONS
    world.policy(rag(sources=SOURCES))
    made = documents(random.Random(5), families)
    await keep(world, made)
    await world.fetch("ANALYZE")
    return made


async def test_ten_thousand_questions_find_nothing_of_others(world: World) -> None:
    held = await hold(world, 40)
    by_id = {document.id: document for document in held}
    chance = random.Random(7)
    readers = [identity(chance.choice(SUBJECTS), *chance.sample(GROUPS, chance.randrange(4))) for _ in range(300)]
    questions = iter(range(QUESTIONS))
    found = {"exact": 0, "walk": 0}
    wrong: list[tuple[Identity, Held]] = []

    async def ask() -> None:
        async with world.store.transaction() as connection:
            await world.retriever._rarity.refresh(connection)
            space = await world.index.space()
            for number in questions:
                reader, target = chance.choice(readers), chance.choice(held)
                # All that can be known of another's document: its text, and its id.
                text = target.text if number % 3 else vary(target.text, chance)
                question = Question(
                    readers=access.of_reader(world.store.index, reader, world.index.rag),
                    vector=embedded(text, DIMENSIONS),  # type: ignore[arg-type]
                    words=world.retriever._rarity.words(world.index.lexemes.of(text)) if number % 5 else Words(),
                    limit=chance.choice((1, 4, 10)),
                    documents=[target.id, *(other.id for other in chance.sample(held, 3))] if number % 7 == 0 else None,
                )
                plan = "exact" if question.documents is not None or number % 2 else "walk"
                for row in await (search.exact if plan == "exact" else search.walk)(connection, space, question):
                    found[plan] += 1
                    document = by_id[row["document"]]
                    if not document.is_for(reader) or (question.documents is not None and document.id not in question.documents):
                        wrong.append((reader, document))

    await asyncio.gather(*(ask() for _ in range(3)))

    assert wrong == []
    assert next(questions, None) is None
    assert min(found.values()) > QUESTIONS


async def test_every_reader_finds_all_of_theirs_and_lists_nothing_else(world: World) -> None:
    """The other direction: the filter takes nothing away either."""
    held = await hold(world, 8)
    chance = random.Random(9)
    for _ in range(12):
        reader = identity(chance.choice(SUBJECTS), *chance.sample(GROUPS, chance.randrange(4)))
        mine = {document.id for document in held if document.is_for(reader)}
        assert {document.id for document in await world.listed(reader)} == mine
        target = next(document for document in held if document.id in mine)
        hits = await world.retriever.retrieve(reader, target.text, None, 50)
        assert {hit.document for hit in hits} <= mine
        assert any(hit.text == target.text for hit in hits)


async def test_either_half_alone_keeps_others_out(world: World) -> None:
    """Words that only others have, and a vector that only others are near."""
    held = await hold(world, 8)
    reader = identity("Nobody")
    theirs = [document for document in held if not document.is_for(reader)]
    space = await world.index.space()
    base = Question(access.of_reader(world.store.index, reader, world.index.rag), embedded("", DIMENSIONS), Words(), 50)  # type: ignore[arg-type]
    async with world.store.transaction() as connection:
        for document in theirs[:40]:
            words = " | ".join(f"'{lexeme}'" for lexeme in world.index.lexemes.of(document.text))
            for question in (replace(base, words=Words(words, words)), replace(base, vector=embedded(document.text, DIMENSIONS))):  # type: ignore[arg-type]
                for plan in (search.exact, search.walk):
                    found: list[Any] = await plan(connection, space, question)
                    assert {row["document"] for row in found} <= {other.id for other in held if other.is_for(reader)}


def test_tokens_of_different_kinds_never_meet() -> None:
    """A group that is spelt like a subject, or like a source, is neither."""
    from assistant_gateway.sealing.keys import IndexKey

    index = IndexKey(b"k" * 32)
    tokens = [index.token(kind, name) for kind in ("subject", "group", "locator", "everyone") for name in {*SUBJECTS, *GROUPS}]
    assert len(set(tokens)) == len(tokens)
