"""What operator and pod say to each other, and the verdict that follows from it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant_egress.protocol import (
    EVIDENCE_PATHS,
    MAX_BYTES,
    MAX_ID_LENGTH,
    MAX_TARGETS,
    PATHS,
    REQUIRED_BY_DEFAULT,
    Answer,
    ClassVerdict,
    EvidencePath,
    MalformedError,
    Observed,
    Result,
    Round,
    Target,
    dns_question,
    encode_answer,
    encode_round,
    encode_state,
    is_address,
    judge,
    parse_answer,
    parse_round,
    parse_state,
)

NOW = "2026-11-28T22:00:00Z"
OBSERVED: tuple[Observed, ...] = ("Blocked", "Reached", "Failed")
ids = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9./:_-]{0,127}\Z")
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
targets = st.builds(
    Target, ids, st.sampled_from(EVIDENCE_PATHS), st.sampled_from(["tcp", "udp", "dns"]), addresses, st.integers(1, 65535), st.booleans()
)
rounds = st.lists(targets, max_size=16, unique_by=lambda each: each.id).map(lambda each: Round(tuple(each)))
times = st.datetimes().map(lambda each: each.strftime("%Y").zfill(4) + each.strftime("-%m-%dT%H:%M:%SZ"))
results = st.builds(Result, ids, st.sampled_from(OBSERVED), times)
answers = st.builds(Answer, st.sampled_from(["gate", "probe"]), st.lists(results, max_size=16, unique_by=lambda each: each.id).map(tuple))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


def target(**changes: Any) -> dict[str, Any]:
    plain = {"id": "pods/a", "path": "pods", "protocol": "tcp", "address": "10.244.0.9", "port": 9092, "isAlive": True}
    return {name: value for name, value in (plain | changes).items() if value is not ...}


def result(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in ({"id": "pods/a", "observed": "Blocked", "at": NOW} | changes).items() if value is not ...}


def a_round(*items: object) -> bytes:
    return json.dumps({"targets": items}).encode()


def an_answer(*items: object, phase: object = "probe") -> bytes:
    return json.dumps({"phase": phase, "results": items}).encode()


def test_a_round_is_what_the_contract_shows() -> None:
    """The wire form, letter for letter."""
    asked = Round((Target("pods/canary-tcp", "pods", "tcp", "10.244.0.9", 9092, True),))

    assert json.loads(encode_round(asked)) == {
        "targets": [{"id": "pods/canary-tcp", "path": "pods", "protocol": "tcp", "address": "10.244.0.9", "port": 9092, "isAlive": True}]
    }


def test_an_answer_is_what_the_contract_shows() -> None:
    """The wire form, letter for letter."""
    answer = Answer("gate", (Result("a", "Blocked", NOW),))

    assert json.loads(encode_answer(answer)) == {"phase": "gate", "results": [{"id": "a", "observed": "Blocked", "at": NOW}]}
    assert json.loads(encode_state("Breached")) == {"state": "Breached"}


@settings(deadline=None)
@given(rounds)
def test_a_round_comes_out_as_it_went_in(asked: Round) -> None:
    """Whatever the operator may ask."""
    assert parse_round(encode_round(asked)) == asked


@settings(deadline=None)
@given(answers)
def test_an_answer_comes_out_as_it_went_in(answer: Answer) -> None:
    """Of either program."""
    assert parse_answer(encode_answer(answer)) == answer


@pytest.mark.parametrize("state", ["Confined", "Breached", "Unknown"])
def test_a_state_comes_out_as_it_went_in(state: Any) -> None:
    """All three."""
    assert parse_state(encode_state(state)) == state


def test_the_largest_documents_fit() -> None:
    """No round that the operator may build, and no answer to it, is refused for its size."""
    longest = [f"{number:03}" + "x" * (MAX_ID_LENGTH - 3) for number in range(MAX_TARGETS)]
    address = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"

    asked = Round(tuple(Target(each, "apiServer", "tcp", address, 65535, False) for each in longest))
    answer = Answer("probe", tuple(Result(each, "Blocked", NOW) for each in longest))

    assert parse_round(encode_round(asked)) == asked
    assert parse_answer(encode_answer(answer)) == answer


PARSERS: tuple[Callable[[bytes], object], ...] = (parse_round, parse_answer, parse_state)


@settings(deadline=None)
@given(st.binary(max_size=300) | values.map(lambda value: json.dumps(value).encode()))
@example(b"[" * MAX_BYTES)
@example(b'{"a":' * 10000)
@example(b"1" * 5000)
@example(b"NaN")
@example(b"\xff\xfe{}")
@example(b"\xef\xbb\xbf{}")
@example(b'"\\ud800"')
@example(b"")
def test_whatever_else_comes_is_malformed(body: bytes) -> None:
    """No other error, and nothing but the protocol's own documents gets through."""
    for parse in PARSERS:
        with pytest.raises(MalformedError):
            parse(body)


@settings(deadline=None)
@given(st.sampled_from(sorted(target())), values)
def test_a_field_of_any_other_value_is_malformed_or_taken_as_it_is(name: str, value: Any) -> None:
    """Nothing is converted: 9092.0, "9092" and true are no ports."""
    body = a_round(target(**{name: value}))
    try:
        (parsed,) = parse_round(body).targets
    except MalformedError:
        return
    taken = json.loads(encode_round(Round((parsed,))))["targets"][0][name]
    assert (type(taken), taken) == (type(value), value)


@pytest.mark.parametrize(
    "body",
    [
        a_round(target(port=0)),
        a_round(target(port=65536)),
        a_round(target(port=True)),
        a_round(target(port=80.0)),
        a_round(target(port="80")),
        a_round(target(isAlive=1)),
        a_round(target(isAlive=None)),
        a_round(target(isAlive=...)),
        a_round(target(extra=1)),
        a_round(target(path="everywhere")),
        a_round(target(path=["pods"])),
        a_round(target(protocol="sctp")),
        a_round(target(address="example.org")),
        a_round(target(address="localhost")),
        a_round(target(address="10.0.0.1\n")),
        a_round(target(address=" 10.0.0.1")),
        a_round(target(address="10.1")),
        a_round(target(address="010.0.0.1")),
        a_round(target(address="0x7f.0.0.1")),
        a_round(target(address="2130706433")),
        a_round(target(address="fe80::1%eth0")),
        a_round(target(address="[::1]")),
        a_round(target(address="10.0.0.0/8")),
        a_round(target(address="10.0.0.1\x00")),
        a_round(target(address="")),
        a_round(target(address=167772161)),
        a_round(target(id="")),
        a_round(target(id="a" * (MAX_ID_LENGTH + 1))),
        a_round(target(id="a b")),
        a_round(target(id="a\n")),
        a_round(target(id="ü")),
        a_round(target(id=1)),
        a_round(target(), target()),
        a_round(*(target(id=str(number)) for number in range(MAX_TARGETS + 1))),
        a_round([]),
        json.dumps({"targets": {}}).encode(),
        json.dumps({"targets": [], "more": 1}).encode(),
        b'{"targets":[],"targets":[]}',
        b'{"targets":[]}' + b" " * MAX_BYTES,
        b'{"targets":[]} {}',
        a_round(target()).replace(b"true", b"NaN"),
    ],
)
def test_a_round_of_another_shape_is_malformed(body: bytes) -> None:
    """Types, lengths, literals, ports, classes, names of fields: one wrong, and nothing is tried."""
    with pytest.raises(MalformedError):
        parse_round(body)


@pytest.mark.parametrize(
    "body",
    [
        an_answer(result(observed="Open")),
        an_answer(result(observed=None)),
        an_answer(result(id="a b")),
        an_answer(result(at="2026-11-28T22:00:00")),
        an_answer(result(at="2026-11-28T22:00:00Z\n")),
        an_answer(result(at="2026-13-28T22:00:00Z")),
        an_answer(result(at="2026-02-30T22:00:00Z")),
        an_answer(result(at="٢٠٢٦-11-28T22:00:00Z")),
        an_answer(result(at=1)),
        an_answer(result(at=...)),
        an_answer(result(), result()),
        an_answer(result(), phase="canary"),
        an_answer(result(), phase=["gate"]),
        json.dumps({"results": []}).encode(),
    ],
)
def test_an_answer_of_another_shape_is_malformed(body: bytes) -> None:
    """What a pod says is not believed to have a form, either."""
    with pytest.raises(MalformedError):
        parse_answer(body)


@settings(deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_an_error_quotes_nothing(secret: str) -> None:
    """Its text is one of a few constants, so a log line may have it."""
    texts = set()
    for body in (a_round(target(address="x" + secret)), a_round(target(id=secret + " ")), secret.encode("utf-8", "surrogatepass") + b"{"):
        with pytest.raises(MalformedError) as caught:
            parse_round(body)
        texts.add(str(caught.value))
    assert texts <= {"not an address", "not an id", "not JSON", "not a number", "a field is there twice"}


@settings(deadline=None)
@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_every_literal_is_an_address(address: Any) -> None:
    """In its plain and in its long form."""
    assert is_address(str(address))
    assert is_address(address.exploded)


@settings(deadline=None)
@given(st.integers(0, 65535))
def test_a_question_has_its_number_first(number: int) -> None:
    """So that a forged answer would have to guess it; the rest never varies."""
    assert dns_question(number) == number.to_bytes(2, "big") + dns_question(0)[2:]


SEEN = {"alive": True, "down": False}


def verdict(path: EvidencePath, *seen: str) -> ClassVerdict:
    """Judge targets like `alive Blocked`, `down Failed`, `alive untried`, one each."""
    asked, tried = [], []
    for number, words in enumerate(seen):
        state, observed = words.split()
        asked.append(Target(str(number), path, "tcp", "10.0.0.1", 1, SEEN[state]))
        if observed != "untried":
            tried.append(Result(str(number), observed, NOW))  # type: ignore[arg-type]
    return judge(path, asked, tried)


@pytest.mark.parametrize(
    ("seen", "expected", "reason"),
    [
        ([], "Inconclusive", "NoTarget"),
        (["alive Blocked"], "Enforced", "Blocked"),
        (["alive Blocked", "down Blocked"], "Enforced", "Blocked"),
        (["alive Blocked", "down Failed"], "Enforced", "Blocked"),
        (["alive Blocked", "down untried"], "Enforced", "Blocked"),
        (["alive Blocked", "alive Failed"], "Inconclusive", "NotTried"),
        (["alive Blocked", "alive untried"], "Inconclusive", "NotTried"),
        (["alive Failed"], "Inconclusive", "NotTried"),
        (["alive untried"], "Inconclusive", "NotTried"),
        (["down Blocked"], "Inconclusive", "NotAlive"),
        (["down Failed"], "Inconclusive", "NotAlive"),
        (["alive Reached"], "NotEnforced", "Reached"),
        (["down Reached"], "NotEnforced", "Reached"),  # the pod got there: what the control says does not matter
        (["alive Blocked", "alive Blocked", "down Reached"], "NotEnforced", "Reached"),
        (["alive Failed", "alive Reached"], "NotEnforced", "Reached"),
    ],
)
def test_a_class_is_judged_by_what_is_alive(seen: list[str], expected: Any, reason: Any) -> None:
    """Blocked counts where the control answers; reached counts always; what could not be tried is never counted as closed."""
    assert verdict("pods", *seen) == ClassVerdict(expected, reason)


@pytest.mark.parametrize(
    ("seen", "expected", "is_satisfied"),
    [
        (["down Blocked", "down Blocked"], ClassVerdict("Inconclusive", "NothingThere"), True),
        (["down Blocked", "down Failed"], ClassVerdict("Inconclusive", "NotTried"), False),
        (["down Blocked", "down untried"], ClassVerdict("Inconclusive", "NotTried"), False),
        (["down Blocked", "alive Blocked"], ClassVerdict("Enforced", "Blocked"), True),
        (["down Blocked", "alive Failed"], ClassVerdict("Inconclusive", "NotTried"), False),
        (["down Reached"], ClassVerdict("NotEnforced", "Reached"), False),
        ([], ClassVerdict("Inconclusive", "NoTarget"), False),
    ],
)
def test_metadata_may_be_absent(seen: list[str], expected: ClassVerdict, is_satisfied: bool) -> None:
    """Outside of clouds nothing answers there from anywhere; then all of its targets have to have been tried."""
    assert verdict("metadata", *seen) == expected
    assert expected.is_satisfied == is_satisfied


@pytest.mark.parametrize(
    ("seen", "expected", "reason"),
    [
        ([], "Inconclusive", "NoTarget"),
        (["alive Reached"], "Enforced", "Reached"),
        (["down Reached"], "Enforced", "Reached"),  # who is reached is alive, whatever the operator is kept from
        (["alive Reached", "down Blocked"], "Enforced", "Reached"),
        (["alive Reached", "down untried"], "Enforced", "Reached"),
        (["alive Blocked"], "NotEnforced", "Blocked"),
        (["alive Blocked", "alive Reached"], "NotEnforced", "Blocked"),
        (["alive Blocked", "alive Failed"], "NotEnforced", "Blocked"),
        (["down Blocked"], "Inconclusive", "NotAlive"),
        (["down Failed", "down untried"], "Inconclusive", "NotAlive"),
        (["alive Failed"], "Inconclusive", "NotTried"),
        (["alive untried", "alive Reached"], "Inconclusive", "NotTried"),
    ],
)
def test_what_is_allowed_ought_to_be_reached(seen: list[str], expected: Any, reason: Any) -> None:
    """All of it that is alive; what is down says nothing about the network."""
    assert verdict("allowed", *seen) == ClassVerdict(expected, reason)
    assert ClassVerdict(expected, reason).is_satisfied == (expected == "Enforced")


def test_what_is_allowed_cannot_be_required() -> None:
    """It is a path of evidence, and none of those that have to be closed."""
    assert set(EVIDENCE_PATHS) - set(PATHS) == {"allowed"}
    assert "allowed" not in REQUIRED_BY_DEFAULT


@settings(deadline=None)
@given(rounds, st.data())
def test_the_verdict_follows_the_rules(asked: Round, data: st.DataObject) -> None:
    """Reached never passes, order and other classes do not matter, and only a live target that was blocked makes Enforced."""
    tried = [Result(each.id, data.draw(st.sampled_from(OBSERVED)), NOW) for each in asked.targets]
    for path in PATHS:
        judged = judge(path, asked.targets, tried)
        own = [(each, one.observed) for each, one in zip(asked.targets, tried, strict=True) if each.path == path]

        assert (judged.verdict == "NotEnforced") == any(observed == "Reached" for _, observed in own)
        if judged.verdict == "Enforced":
            assert any(each.is_alive and observed == "Blocked" for each, observed in own)
            assert not any(each.is_alive and observed != "Blocked" for each, observed in own)
        if judged.is_satisfied and judged.verdict != "Enforced":
            assert path == "metadata"
            assert {observed for _, observed in own} == {"Blocked"}
        assert judge(path, reversed(asked.targets), reversed(tried)) == judged
        assert judge(path, [each for each, _ in own], tried) == judged
        none_alive = [replace(each, is_alive=False) for each in asked.targets]
        assert judge(path, none_alive, tried).verdict != "Enforced"
        assert not judge(path, asked.targets, []).is_satisfied


def test_what_most_clusters_leave_open_is_not_required_by_default() -> None:
    """It is reported."""
    assert set(PATHS) - set(REQUIRED_BY_DEFAULT) == {"apiServer", "ownNode"}
