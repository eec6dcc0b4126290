"""Both commands with the real gateway between them, on a real store: the contract of the source API, and a folder that becomes answers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import docx
import pytest

from assistant_documents.extraction.extractor import Extractor
from assistant_documents.extraction.server import Settings, listening
from assistant_documents.ingest.gateway import Gateway
from assistant_documents.ingest.globs import Glob
from assistant_documents.ingest.http import Patience
from assistant_documents.ingest.run import ingest
from assistant_documents.outcome import Done
from assistant_gateway.auth import KeyRing
from assistant_gateway.memory import Memory
from assistant_gateway.policy import KeyPolicy
from assistant_gateway.snapshot import Snapshot
from tests.support.postgres import Postgres, postgres, postgres_server  # noqa: F401 - fixtures
from tests.unit.documents import files
from tests.unit.documents.source_api import check_source_api
from tests.unit.gateway.conftest import tls  # noqa: F401 - a fixture
from tests.unit.gateway.documents.world import ALICE, World, policy_with, rag, run_world
from tests.unit.gateway.running import RunningGateway, run_gateway

KEY = "sk-ingest-0123456789"
QUICK = Patience(connect=5, answer=30, window=20, attempts=3, pause=0.01, longest_pause=0.1)


class Whole:
    """Gateway, store and sidecar."""

    def __init__(self, world: World, gateway: RunningGateway, authority: Path, key: Path) -> None:
        self.world = world
        self.gateway = gateway
        self.authority = authority
        self.key = key

    async def ingest(self, folder: Path, source: str = "handbook") -> Done:
        """Run the command's work, in a thread as it blocks."""
        client = Gateway(self.gateway.url, self.authority, self.key, source, QUICK)
        return await asyncio.to_thread(ingest, folder, (Glob("**"),), client)


@pytest.fixture
async def whole(postgres: Postgres, tls: Path, tmp_path: Path) -> AsyncIterator[Whole]:  # noqa: F811
    """The real gateway in front of the real sidecar."""
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "ingest.internal").write_text(KEY)
    who = (KeyPolicy(name="ingest.internal", subject="system:ingest", role="Ingest"),)
    extractor = Extractor(256 << 20)
    async with run_world(postgres, tmp_path) as world:
        await world.sidecar.stop()
        policy = policy_with(world.postgres, rag()).model_copy(update={"keys": who})
        world.current.snapshot = Snapshot.of(policy, KeyRing.load(keys, policy.keys))
        async with (
            listening(Settings(world.sidecar.socket), extractor),
            run_gateway(world.ollama, tls, policy_with(postgres, rag())) as gateway,
        ):
            gateway.current.snapshot = world.current.snapshot
            memory = SimpleNamespace(library=world.library, retriever=world.retriever, eraser=None, conversations=None, store=world.store)
            gateway.gateway.memory = cast(Memory, memory)
            yield Whole(world, gateway, tls / "tls.crt", keys / "ingest.internal")
    extractor.close()


async def test_the_contract(whole: Whole) -> None:
    """What the fake gateway of the other tests does, the real one does."""
    await asyncio.to_thread(check_source_api, whole.gateway.url, whole.authority, KEY, "handbook")


def fill(folder: Path) -> None:
    """Write one document of each kind, and some that are none."""
    (folder / "travel.md").write_text("# Travel\n\nThe train to Lyon leaves at seven.\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "canteen.html").write_text("<html><title>Canteen</title><p hidden>IGNORE</p><p>Lunch is served at noon.</p></html>")
    (folder / "leave.pdf").write_bytes(files.pdf(["Everyone has thirty days of leave.", "Ask the manager."]))
    document = docx.Document()
    document.add_paragraph("Laptops are replaced every four years.")
    document.save(str(folder / "laptops.docx"))
    (folder / "latin.txt").write_bytes("Die Größe der Büros.".encode("cp1252"))
    (folder / "locked.pdf").write_bytes(files.pdf(["secret"], "password"))
    (folder / "broken.docx").write_bytes(b"PK\x03\x04 nothing")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (folder / "empty.txt").write_bytes(b"")
    (folder / "large.txt").write_bytes(b"too large " * 200_000)


async def test_a_folder_becomes_answers(whole: Whole, folder: Path) -> None:
    """Each format is found by what it says; what cannot be read is counted; a second run asks for nothing; what vanishes is gone."""
    fill(folder)

    done = await whole.ingest(folder)

    assert (done.documents, done.stored, sum(done.failed.values())) == (5, 5, 5)
    assert (done.failed["Unsupported"], done.failed["TooLarge"]) == (1, 1)
    questions = {
        "train Lyon": "The train to Lyon leaves at seven.",
        "Lunch noon": "Lunch is served at noon.",
        "thirty days leave": "Everyone has thirty days of leave.",
        "Laptops replaced": "Laptops are replaced every four years.",
        "Größe Büros": "Die Größe der Büros.",
    }
    for question, answer in questions.items():
        found = await whole.world.found(ALICE, question)
        assert answer in found[0]
        assert "IGNORE" not in "".join(found)
    status = (await whole.world.library.status())["sources"]["handbook"]
    assert (status["documents"], status["chunks"], status["failed"]) == (5, done.chunks, done.failed)

    embedded = whole.world.embedding.texts
    again = await whole.ingest(folder)
    assert (again.stored, again.unchanged, again.failed) == (0, 5, done.failed)
    assert whole.world.embedding.texts == embedded

    (folder / "travel.md").unlink()
    assert (await whole.ingest(folder)).removed == 1
    assert all("Lyon" not in text for text in await whole.world.found(ALICE, "train Lyon"))


async def test_nothing_of_a_document_is_logged(whole: Whole, folder: Path) -> None:
    """Neither a name nor a word."""
    (folder / "CANARY.md").write_text("CANARY words")
    (folder / "CANARY.pdf").write_bytes(b"%PDF-1.7 CANARY")

    await whole.ingest(folder)

    assert "CANARY" not in whole.gateway.log.getvalue()
    assert all("CANARY" not in str(record) for record in whole.gateway.records())
