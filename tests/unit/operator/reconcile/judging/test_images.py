"""What runs, in which version, and what is known about it."""

from typing import Any

import pytest

from assistant_operator.reconcile.asking.gateways import GatewayStatus, StoreTold
from assistant_operator.reconcile.judging.advisories import NoTable, Table, parse, shipped
from assistant_operator.reconcile.judging.images import judge_images, postgresql_of, version_of
from assistant_operator.reconcile.judging.observed import Observed, StoreSeen
from assistant_operator.reconcile.verdict import Course, Verdict
from tests.support.fake_world import FakeWorld
from tests.unit.operator.reconcile.keepers import KEEP

FIT_STORE = "docker.io/pgvector/pgvector:0.8.2-pg18-bookworm"


def workload(init: dict[str, str], containers: dict[str, str]) -> dict[str, Any]:
    pod = {
        field: [{"name": name, "image": image} for name, image in named.items()]
        for field, named in (("initContainers", init), ("containers", containers))
    }
    return {"spec": {"template": {"spec": pod}}}


def seen(ollama: str = "ollama/ollama:0.24.0", store: str | None = None, server: str | None = None) -> Observed:
    kept = StoreSeen(is_managed=True, stateful_set=workload({}, {"store": store})) if store else None
    told = {"pod": GatewayStatus(store=StoreTold(server=server))} if server else {}
    return Observed(stateful_set=workload({"ollama": ollama}, {"gateway": "gateway:1"}), store=kept, told=told)


def judged(table: Table | NoTable | None = None, **what: str | None) -> Verdict:
    return judge_images(seen(**what), table or shipped())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("ollama/ollama:0.24.0", "0.24.0"),
        ("registry.corp:5000/mirror/ollama:v0.24.0", "0.24.0"),
        ("ollama:0.24.0-rocm", "0.24.0"),
        ("ollama:0.24.0@sha256:" + "a" * 64, "0.24.0"),
        ("ollama:0.24.0-rc1", "0.24.0-rc"),
        ("ollama:0.24", "0.24"),
        ("ollama", None),
        ("registry.corp:5000/ollama", None),
        ("ollama:latest", None),
        ("ollama:rocm", None),
        ("ollama:1.2.3.4.5", None),
        ("ollama@sha256:" + "1" * 64, None),
        ("registry.corp/runtime:0.24.0", None),
        ("registry.corp/ollama/runtime:0.24.0", None),
    ],
)
def test_versions_of_tags(image: str, version: str | None) -> None:
    """A port is no tag, a digest says nothing, and the number of another program's image is not this one's."""
    found = version_of(image, "ollama")

    assert (str(found) if found else None) == version


@pytest.mark.parametrize(
    ("image", "version"),
    [
        (FIT_STORE, "18"),
        ("pgvector/pgvector:pg17", "17"),
        ("registry.corp/postgres:18.4-vector", "18.4"),
        ("ghcr.io/corp/postgresql:18.4", "18.4"),
        ("pgvector:0.8.2", None),
        ("registry.corp/store:18.4", None),
    ],
)
def test_versions_of_the_store(image: str, version: str | None) -> None:
    """pgvector's images say which PostgreSQL they hold by its major version."""
    found = postgresql_of(image)

    assert (str(found) if found else None) == version


def test_nothing_is_known_of_what_is_new() -> None:
    found = judged()

    assert (found.status, found.reason) == ("True", "NoKnownVulnerability")
    assert shipped().updated in found.message


def test_a_vulnerable_model_server_is_named_with_what_to_do() -> None:
    """Image, version, advisory, how bad, where it is mended, and which setting to raise; the worst first."""
    found = judged(ollama="registry.corp/ollama:0.17.0")

    assert (found.status, found.reason, found.course) == ("False", "KnownVulnerability", Course.SETTLED)
    for part in (
        "registry.corp/ollama:0.17.0 (ollama 0.17.0)",
        "CVE-2026-7482 (Critical, fixed in 0.17.1)",
        "spec.model.image",
        "--ollama-image",
    ):
        assert part in found.message
    assert found.message.index("CVE-2026-7482") < found.message.index("CVE-2026-7020")


def test_a_vulnerable_store_is_named() -> None:
    found = judged(store="pgvector/pgvector:0.8.1-pg18-bookworm", server="18.4")

    assert found.reason == "KnownVulnerability"
    assert "CVE-2026-3172" in found.message
    assert "--store-image" in found.message
    assert "--ollama-image" not in found.message


def test_the_gateways_tell_which_postgresql_it_is() -> None:
    """The tag says 18: known to be vulnerable, or not, only with the server's own word."""
    assert judged(store=FIT_STORE, server="18.3").reason == "KnownVulnerability"
    assert judged(store=FIT_STORE, server="18.4").reason == "NoKnownVulnerability"
    assert judged(store=FIT_STORE).reason == "VersionUnknown"


@pytest.mark.parametrize("image", ["ollama/ollama:latest", "ollama/ollama@sha256:" + "a" * 64, "corp/runtime:1", "ollama:0"])
def test_what_cannot_be_read_is_unknown_and_not_well(image: str) -> None:
    found = judged(ollama=image)

    assert (found.status, found.reason) == ("Unknown", "VersionUnknown")
    assert image in found.message


def test_what_is_known_comes_before_what_is_not() -> None:
    assert judged(ollama="ollama:latest", store="pgvector/pgvector:0.8.1-pg18", server="18.4").reason == "KnownVulnerability"


def test_what_the_table_has_no_word_about_need_not_be_known() -> None:
    """The gateway's tag is a made-up word in most tests; a table that speaks of it wants to know its version."""
    table = parse(
        '{"updated": "2026-11-30", "advisories": [{"component": "gateway", "id": "CVE-2027-1", "severity": "Low", "summary": "x",'
        ' "affected": [{"below": "2"}]}]}'
    )

    assert judged(table, ollama="ollama:latest").reason == "KnownVulnerability"
    assert "gateway:1 (gateway 1): CVE-2027-1" in judged(table, ollama="ollama:latest").message


def test_a_table_that_cannot_be_used_is_not_an_empty_one() -> None:
    found = judged(NoTable("--vulnerability-table: the whole: no JSON"))

    assert (found.status, found.reason) == ("Unknown", "TableInvalid")
    assert "no JSON" in found.message


def test_before_there_are_pods_nothing_is_known() -> None:
    assert judge_images(Observed(), shipped()).reason == "NotCreated"


async def test_it_informs_and_holds_nothing_up() -> None:
    """Ready is True beside it, nobody is asked to come back for it, and the next pass writes nothing."""
    fake = FakeWorld()
    fake.world.advisories = parse(
        '{"updated": "2026-11-30", "advisories": [{"component": "ollama", "id": "CVE-2027-1", "severity": "Low", "summary": "x",'
        ' "affected": [{"below": "1"}]}]}'
    )
    await fake.make_ready()
    writes = len(fake.client.writes)
    outcome = await fake.reconcile()

    assert fake.verdict("ImagesUnaffected") == ("False", "KnownVulnerability")
    assert (outcome.label, outcome.after, len(fake.client.writes)) == ("ready", 600, writes)


async def test_of_a_store_what_the_gateways_tell_counts() -> None:
    """From the wire to the condition."""
    fake = FakeWorld()
    await fake.make_ready(KEEP)
    assert fake.gateways.told is not None
    fake.gateways.told = fake.gateways.told.model_copy(update={"store": StoreTold(server="18.1")})
    await fake.settle()

    assert fake.verdict("ImagesUnaffected") == ("False", "KnownVulnerability")
    assert "postgresql 18.1" in fake.message("ImagesUnaffected")
