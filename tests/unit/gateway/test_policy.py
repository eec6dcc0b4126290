"""The policy file: what older operators wrote is read, what makes no sense is refused, and both sides agree on every field."""

import json

import pydantic
import pytest

from assistant_gateway import policy
from assistant_gateway.policy import StorePolicy
from tests.unit.gateway.fake_probe import requiring
from tests.unit.gateway.keeping import keeping_policy
from tests.unit.gateway.running import make_policy

STORE = StorePolicy(host="minimal-store.demo.svc", port=5432, database="assistant")


@pytest.mark.parametrize(
    "written", [make_policy(), requiring(), keeping_policy(STORE), keeping_policy(STORE, None), keeping_policy(STORE, rag=False)]
)
def test_what_is_written_is_what_is_read(written: policy.Policy) -> None:
    read = policy.parse(written.to_json())
    assert read == written
    assert read.revision() == written.revision()


def test_a_file_without_the_newer_fields_keeps_nothing() -> None:
    """An operator that knows no store wrote none of this; the gateway it starts must not wait for any of it."""
    older = json.loads(make_policy().to_json())
    del older["store"], older["rag"], older["retention"]["documents"], older["retention"]["perRequestOptOut"]
    del older["retention"]["conversations"]["ttlSeconds"]
    for key in older["keys"]:
        del key["role"]

    read = policy.parse(json.dumps(older))

    assert (read.store, read.rag, read.retention.conversations.mode) == (None, None, "None")
    assert {key.role for key in read.keys} == {"User"}


def test_a_file_without_egress_asks_for_no_evidence() -> None:
    """An operator that knows no evidence starts no probe: its gateway must not wait for one."""
    older = json.loads(make_policy().to_json())
    del older["egress"]

    assert policy.parse(json.dumps(older)).egress.evidence == "Reported"


def test_evidence_is_part_of_what_a_revision_names() -> None:
    """Pods are replaced when it changes: the gate before their containers comes or goes with it."""
    assert requiring().revision() != make_policy().revision()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("egress",), None),
        (("egress",), {}),
        (("egress", "evidence"), None),
        (("egress", "evidence"), "required"),
        (("egress", "paths"), ["pods"]),
        (("store",), None),
        (("store", "port"), 0),
        (("store", "password"), "never here"),
        (("retention", "conversations", "ttlSeconds"), None),
        (("retention", "conversations", "ttlSeconds"), 0),
        (("retention", "conversations", "mode"), "None"),
        (("retention", "documents", "ttlSeconds"), -1),
        (("rag", "chunk", "size"), 0),
        (("rag", "retrieval", "topK"), 0),
        (("rag", "retrieval", "mode"), "Sometimes"),
        (("rag", "retrieval", "onFailure"), "Ignore"),
        (("rag", "embedding", "digest"), "latest"),
        (("keys", 0, "role"), "Root"),
    ],
)
def test_what_makes_no_sense_is_refused(place: tuple[str | int, ...], value: object) -> None:
    text = json.loads(keeping_policy(STORE).to_json())
    part = text
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value

    with pytest.raises(pydantic.ValidationError):
        policy.parse(json.dumps(text))


def test_documents_need_a_store() -> None:
    """Also where no conversation is kept."""
    text = json.loads(keeping_policy(STORE).to_json()) | {"store": None, "retention": {"conversations": {"mode": "None"}}}

    with pytest.raises(pydantic.ValidationError, match="rag and kept conversations need a store"):
        policy.parse(json.dumps(text))


def test_a_mode_of_names_is_refused_where_no_names_are_asked_for() -> None:
    """Whoever wrote it thinks that names are found."""
    text = json.loads(make_policy().to_json())
    text["redaction"]["names"]["mode"] = "Standard"

    with pytest.raises(pydantic.ValidationError, match=r"names\.mode"):
        policy.parse(json.dumps(text))
