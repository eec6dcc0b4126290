"""The outside's DNS server."""

import json
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cluster.node.addresses import BLOBS_IP, OUTSIDE_IP
from tests.cluster.outside import names
from tests.cluster.outside.names import answer, question, respond
from tests.cluster.outside.world import PUBLIC_BLOBS, Journal

A, AAAA = 1, 28


def query(name: str, kind: int = A) -> bytes:
    return names.query(name)[:-4] + struct.pack("!HH", kind, 1)


@pytest.mark.parametrize(
    ("name", "address"), [("registry.ollama.ai", OUTSIDE_IP), ("REGISTRY.example.TEST", OUTSIDE_IP), (PUBLIC_BLOBS, BLOBS_IP)]
)
def test_a_registry_has_an_address(name: str, address: str) -> None:
    response = answer(query(name))

    identity, flags, questions, answers, *_ = struct.unpack_from("!HHHHHH", response)
    assert (identity, questions, answers) == (0x1234, 1, 1)
    assert flags & 0x800F == 0x8000
    assert response.endswith(socket.inet_aton(address))


def test_a_registry_has_no_ipv6_address_but_exists() -> None:
    _, flags, _, answers, *_ = struct.unpack_from("!HHHHHH", answer(query("registry.ollama.ai", AAAA)))

    assert (flags & 0xF, answers) == (0, 0)


def test_any_other_name_does_not_exist() -> None:
    _, flags, _, answers, *_ = struct.unpack_from("!HHHHHH", answer(query("example.com")))

    assert (flags & 0xF, answers) == (3, 0)


def test_every_query_is_recorded(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "names.jsonl")

    respond(query("secret-data.example.com"), "10.244.0.9", journal)
    journal.close()

    record = json.loads((tmp_path / "names.jsonl").read_text())
    assert (record["source"], record["name"], record["found"]) == ("10.244.0.9", "secret-data.example.com", False)


@given(st.binary(max_size=600))
def test_nonsense_is_answered_or_dropped_but_never_raises(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    journal = Journal(tmp_path_factory.getbasetemp() / "nonsense.jsonl")
    try:
        respond(data, "10.244.0.9", journal)
    finally:
        journal.close()


def test_a_compressed_name_in_a_question_is_refused() -> None:
    with pytest.raises(ValueError, match="compressed"):
        question(b"\0" * 12 + b"\xc0\x0c\0\1\0\1")
