"""Names and metadata of documents by the rules for requests: who is shown which, and what a model gets of them."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from assistant_gateway.documents import labels
from assistant_gateway.documents.redacted import Brought, masked
from assistant_gateway.errors import RefusalError
from assistant_gateway.redaction.service import Redaction
from assistant_gateway.sealing.keys import DataKey
from tests.unit.gateway.documents.served import Served, place
from tests.unit.gateway.documents.world import ALICE, BOB, World, identity
from tests.unit.gateway.redacting import redacting
from tests.unit.gateway.redaction.test_asking import NAME, Known
from tests.unit.gateway.redaction.test_asking import redaction as naming

EMAIL = "anna.weber@example.com"
TITLE = f"Letter to {EMAIL}"
METADATA = {"author": EMAIL, "ids": ["STAFF-4711", 4111111111111111], "year": 2026, "groups": ["hr"]}
SHOWN = {"author": "[EMAIL]", "ids": ["[STAFF-ID]", "[CARD]"], "year": 2026, "groups": ["hr"]}
CAROL = identity("Carol", "hr")
ACTIONS = pytest.mark.parametrize("action", ["Mask", "Pseudonymize"])


def redaction(action: str) -> Redaction:
    return Redaction(redacting(action).redaction)


async def heads(world: World) -> list[dict[str, Any]]:
    """Open what is stored of each document besides its text."""
    found = await world.fetch("SELECT id, head, kek, wrapped FROM documents JOIN data_keys ON record = id ORDER BY created_at")
    return [
        orjson.loads(DataKey(world.index.ring.unwrap(row["id"], row["kek"], row["wrapped"])).open(row["head"], labels.head(row["id"])))
        for row in found
    ]


@ACTIONS
async def test_whoever_uploaded_a_document_knows_it_by_its_name_and_all_others_see_it_masked(world: World, action: str) -> None:
    """A list of documents that are all called [EMAIL] would be of no use to the one who may delete them."""
    world.redact(action)
    uploaded = await world.library.upload_text(BOB, TITLE, "Thirty days of leave.", METADATA, ["hr"])

    [own] = await world.listed(BOB)
    [others] = await world.listed(CAROL)

    assert (uploaded.file_name, uploaded.metadata) == (own.file_name, own.metadata) == (TITLE, METADATA)
    assert (others.id, others.file_name, others.metadata) == (own.id, "Letter to [EMAIL]", SHOWN)


@ACTIONS
async def test_pieces_come_with_masked_names_to_whomever_they_come(world: World, action: str) -> None:
    """They are made for models: so of one's own documents too."""
    world.redact(action)
    await world.library.upload_text(BOB, TITLE, "Thirty days of leave.", METADATA, ["hr"])

    hits = [hit for reader in (BOB, CAROL) for hit in await world.retriever.retrieve(reader, "leave", None)]

    assert [(hit.file_name, hit.metadata) for hit in hits] == [("Letter to [EMAIL]", SHOWN)] * 2


async def test_a_source_s_file_is_found_again_by_its_path_and_shown_without_what_is_in_it(world: World) -> None:
    """Its Job compares paths: were they masked, each run would delete and store everything anew."""
    world.redact("Mask")
    sources, path = world.library.sources, f"staff/{EMAIL}/STAFF-4711.md"
    await sources.put("handbook", path, None, b"Thirty days of leave.")

    [listed] = await world.of_source("handbook")
    again = await sources.put("handbook", path, None, b"Thirty days of leave.")

    assert (listed["locator"], again.is_new) == (path, False)
    assert listed["sha256"] is not None
    assert [document.file_name for document in await world.listed(ALICE)] == ["staff/[EMAIL]/[STAFF-ID].md"]
    await sources.remove("handbook", path)
    assert await world.of_source("handbook") == []


@pytest.mark.parametrize(("name", "metadata"), [(TITLE, {}), ("a.txt", {"note": {"of": [EMAIL]}}), ("a.txt", {EMAIL: 1})])
async def test_a_document_whose_name_or_metadata_must_not_pass_leaves_nothing(world: World, name: str, metadata: dict[str, Any]) -> None:
    """Refused with its text, all counted together."""
    world.redact("Block")
    for text, count in (("Thirty days of leave.", 1), (f"Ask {EMAIL}.", 2)):
        with pytest.raises(RefusalError) as refused:
            await world.library.upload_text(ALICE, name, text, metadata)
        assert refused.value.code == "personal_data_refused"
        assert refused.value.text.endswith(f"EMAIL ({count}).")
    with pytest.raises(RefusalError):
        await world.library.sources.put("handbook", TITLE, None, b"Thirty days of leave.")

    assert world.embedding.texts == 0
    assert await world.count("documents") == 0


@pytest.mark.parametrize("action", ["Off", "Mask"])
async def test_a_name_without_anything_in_it_is_stored_once(world: World, action: str) -> None:
    """And with Off, whatever is in it: a policy for answers alone leaves documents as they are."""
    world.current.snapshot = world.current.snapshot.of(
        redacting(action, "Mask", base=world.current.snapshot.policy), world.current.snapshot.keys
    )
    name, metadata = (TITLE, METADATA) if action == "Off" else ("leave.txt", {"year": 2026, "groups": ["hr"]})
    await world.library.upload_text(BOB, name, "Thirty days of leave.", metadata, ["hr"])

    [head] = await heads(world)

    assert (head["fileName"], head["metadata"], "masked" in head) == (name, metadata, False)
    assert [(shown.file_name, shown.metadata) for shown in await world.listed(CAROL)] == [(name, metadata)]


FILES = [
    (f"Letter_to_{EMAIL}.pdf", "Letter_to_[EMAIL].pdf"),
    (f"{EMAIL}.pdf", "[EMAIL].pdf"),
    (f"{EMAIL}.tar.gz", "[EMAIL].gz"),
    ("card_4111111111111111.pdf", "card_[CARD].pdf"),
    ("host_192.168.1.17_log.txt", "host_[IP_ADDRESS]_log.txt"),
    ("scan_STAFF-4711_2.png", "scan_[STAFF-ID]_2.png"),
    ("IMG_20240506_123456.jpg", "IMG_20240506_123456.jpg"),
    ("minutes_2024-05-06.final.docx", "minutes_2024-05-06.final.docx"),
    ("__", "__"),
    (".", "."),
]


@pytest.mark.parametrize(("name", "wanted"), FILES)
async def test_values_in_names_of_files_are_found_where_no_space_divides(name: str, wanted: str) -> None:
    """`_` is a letter to most rules, and an ending makes another address of an address."""
    found: Counter[str] = Counter()

    shown = await masked(redaction("Mask"), Brought("", name, {}), found)

    assert shown.name == wanted
    assert sum(found.values()) == (name != wanted)


@pytest.mark.parametrize("name", [f"{NAME}.pdf", f"CV_{NAME.replace(' ', '_')}.pdf", f"cv/{NAME}/1.pdf"])
async def test_people_are_looked_for_in_names_and_metadata(name: str) -> None:
    """As in the text, where the policy says so."""
    found: Counter[str] = Counter()

    shown = await masked(naming("Pseudonymize", Known()), Brought(f"By {NAME}.", name, {"author": NAME}), found)

    assert (shown.text, shown.metadata) == ("By [PERSON].", {"author": "[PERSON]"})
    assert "[PERSON]" in shown.name
    assert not any(part in shown.name for part in NAME.split())
    assert found == {"PERSON": 3}


async def test_keys_of_metadata_are_masked_and_its_groups_are_not() -> None:
    """Who may read is told by the groups' names, whatever they look like."""
    given = {EMAIL: 1, "inner": {"groups": [EMAIL]}, "groups": [EMAIL]}

    found: Counter[str] = Counter()
    shown = await masked(redaction("Mask"), Brought("", "", given), found)

    assert shown.metadata == {"[EMAIL]": 1, "inner": {"groups": ["[EMAIL]"]}, "groups": [EMAIL]}
    assert found == {"EMAIL": 2}


async def test_without_the_worker_for_names_no_document_is_taken_in() -> None:
    with pytest.raises(RefusalError) as refused:
        await masked(naming("Mask", Known(away=True)), Brought("text", "name", {}), Counter())
    assert refused.value.code == "names_unavailable"


def strings(value: Any) -> Iterator[str]:
    """Yield every string in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


@ACTIONS
async def test_each_route_shows_to_each_reader_what_it_may(served: Served, action: str) -> None:
    """Uploads and sources, by every route that names documents; and the model gets no more."""
    served.world.redact(action)
    served.gateway.current.snapshot = served.world.current.snapshot
    asked = {"model": "tiny:1b", "messages": [{"role": "user", "content": "How long is leave?"}], "use_context": True}
    async with served.client("bob") as bob, served.client("ingest.internal") as job:
        text = {"file_name": TITLE, "text": "Leave is thirty days.", "metadata": METADATA}
        file, said = {"file": (f"{EMAIL}.txt", b"Leave is long.")}, {"metadata": orjson.dumps(METADATA).decode()}
        uploads = [await bob.post("/v1/ingest/text", json=text), await bob.post("/v1/ingest/file", files=file, data=said)]
        put = await job.put(place("salaries", TITLE), content=b"Leave is paid.")
        masked_counts = [record["redactions"]["request"] for record in served.gateway.records()]
        own = (await bob.get("/v1/ingest/list")).json()["data"]
        pieces = (await bob.post("/v1/chunks", json={"text": "leave"})).json()["data"]
        paths = (await job.get("/v1/sources/salaries/documents")).json()["data"]
        chat = await bob.post("/v1/chat/completions", json=asked | {"include_sources": True})

    assert [answer.status_code for answer in (*uploads, put, chat)] == [200] * 4
    in_upload = {"EMAIL": 2, "STAFF-ID": 1, "CARD": 1}
    assert masked_counts == [in_upload, in_upload, {"EMAIL": 1}]
    assert [answer.json()["data"][0]["doc_metadata"] for answer in uploads] == [document["doc_metadata"] for document in own[:2]]
    names = [document["doc_metadata"]["file_name"] for document in own]
    assert names == [TITLE, f"{EMAIL}.txt", "Letter to [EMAIL]"]
    assert [path["locator"] for path in paths] == [TITLE]
    sources = chat.json()["choices"][0]["sources"]
    for found in (pieces, sources):
        assert sorted(one["document"]["doc_metadata"]["file_name"] for one in found) == [
            "Letter to [EMAIL]",
            "Letter to [EMAIL]",
            "[EMAIL].txt",
        ]
        assert not [text for text in strings(found) if EMAIL in text or "4711" in text or "4111" in text]
    assert all(EMAIL not in asked.body.decode() for asked in served.world.ollama.asked)
    assert any("From Letter to [EMAIL]" in text for asked in served.world.ollama.asked for text in strings(asked.json))


async def test_metadata_as_deep_as_it_may_be_is_looked_through(served: Served) -> None:
    """What can be stored can be masked."""
    served.world.redact("Mask")
    served.gateway.current.snapshot = served.world.current.snapshot
    deep: Any = EMAIL
    for _ in range(241):
        deep = {"a": deep}
    async with served.client("bob") as bob:
        stored = await bob.post("/v1/ingest/text", json={"file_name": "a", "text": "apple", "metadata": deep})
        found = await bob.post("/v1/chunks", json={"text": "apple"})

    assert stored.status_code == 200
    assert "[EMAIL]" in found.text
    assert EMAIL not in found.text


async def test_a_pattern_of_where_a_text_begins_finds_what_stands_behind_a_name() -> None:
    """Metadata are values: one that is all that the pattern is about begins with it."""
    policy = redacting("Mask").redaction
    patterns = (policy.patterns[0].model_copy(update={"expression": "^STAFF-[0-9]{4}$"}),)
    redaction = Redaction(policy.model_copy(update={"patterns": patterns}))

    shown = await masked(redaction, Brought("", "name", {"author": "STAFF-4711"}), Counter())

    assert shown.metadata == {"author": "[STAFF-ID]"}
