"""What operator and pod say to each other about egress, and what follows from it; the only module here that others import.

A *round* is the operator's request: targets, and for each whether the operator itself, which nothing confines, reached it just now. The
answer holds what the pod observed. `judge` makes one verdict of both for a class of paths: the gate goes by it, and so does the operator.

Both documents are JSON, parsed strictly: what has another shape than the one described here raises MalformedError, whose text quotes
nothing of it. No I/O, no clock. What is said again and again in the same words is kept: it is said in every pod, every few seconds.
"""

import functools
import json
import re
import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeVar, cast, get_args

PathClass = Literal["outside", "pods", "metadata", "dns", "apiServer", "ownNode"]
"""Ways out that no policy allows: those that may be required to be closed."""
EvidencePath = Literal[PathClass, "allowed"]
"""What a target stands for. `allowed` is what the policy lets through: it ought to be reached, and nothing ever waits for it."""
Protocol = Literal["tcp", "udp", "dns"]
Observed = Literal["Blocked", "Reached", "Failed"]
"""Failed is a try that could not be made. It says nothing about the network."""
Phase = Literal["gate", "probe"]
State = Literal["Confined", "Breached", "Unknown"]
"""What the probe says of the pod as a whole (`GET /verdict`), for the gateway beside it."""
Verdict = Literal["Enforced", "NotEnforced", "Inconclusive"]
Reason = Literal["Reached", "Blocked", "NoTarget", "NotTried", "NothingThere", "NotAlive"]

PATHS: Final[tuple[PathClass, ...]] = get_args(PathClass)
EVIDENCE_PATHS: Final[tuple[EvidencePath, ...]] = get_args(EvidencePath)
REQUIRED_BY_DEFAULT: Final[tuple[PathClass, ...]] = ("outside", "pods", "metadata", "dns")
"""The other two stay open in most clusters whatever a NetworkPolicy says; they are reported."""

ROUNDS_PATH: Final = "/rounds"
VERDICT_PATH: Final = "/verdict"
MAX_TARGETS: Final = 64
MAX_BYTES: Final = 65536
"""Of either document."""
MAX_ID_LENGTH: Final = 128
UDP_QUESTION: Final = b"is anybody there?\n"
"""What a target of protocol `udp` is sent; any datagram that comes back is an answer."""

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9./:_-]*", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_DNS_QUERY: Final = struct.pack("!5H", 0x0100, 1, 0, 0, 0) + b"\x0akubernetes\x07default\x03svc\x00" + struct.pack("!2H", 1, 1)
_Choice = TypeVar("_Choice", bound=str)
_Item = TypeVar("_Item", "Target", "Result")


class MalformedError(ValueError):
    """A document that is not what this protocol allows."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to try: `id` names it within its round, `address` is an IPv4 or IPv6 literal without a zone."""

    id: str
    path: EvidencePath
    protocol: Protocol
    address: str
    port: int
    is_alive: bool
    """Whether the operator reached it just now."""


@dataclass(frozen=True, slots=True)
class Round:
    """What is to be tried, all at once."""

    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one target; `at` is UTC to the second, as in `2026-11-28T22:00:00Z`, by the pod's clock."""

    id: str
    observed: Observed
    at: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one whole try saw, and which of the two programs made it."""

    phase: Phase
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class ClassVerdict:
    """What one class of paths has been shown to be, and why."""

    verdict: Verdict
    reason: Reason

    @property
    def is_satisfied(self) -> bool:
        """Whether a promise that the class is closed, or that what is allowed can be reached, has been kept."""
        return self.verdict == "Enforced" or self.reason == "NothingThere"


def judge(path: EvidencePath, targets: Iterable[Target], results: Iterable[Result]) -> ClassVerdict:
    """Return the verdict on `path` from one round's targets and what one try saw of them; those of other classes do not matter.

    Reached once is NotEnforced. Enforced takes a target that was alive and blocked, and none alive that could not be tried: "blocked" and
    "down" look the same from inside. Metadata services exist in clouds only: where nothing answers from anywhere, the class counts as
    satisfied (NothingThere), and is called Inconclusive all the same. What is allowed is judged the other way round: see _judge_allowed.
    """
    tried = {result.id: result.observed for result in results}
    seen = [(target.is_alive, tried.get(target.id, "Failed")) for target in targets if target.path == path]
    if not seen:
        return ClassVerdict("Inconclusive", "NoTarget")
    if path == "allowed":
        return _judge_allowed(seen)
    if any(observed == "Reached" for _, observed in seen):
        return ClassVerdict("NotEnforced", "Reached")
    alive = [observed for is_alive, observed in seen if is_alive]
    if alive:
        return ClassVerdict("Enforced", "Blocked") if "Failed" not in alive else ClassVerdict("Inconclusive", "NotTried")
    if path != "metadata":
        return ClassVerdict("Inconclusive", "NotAlive")
    all_tried = all(observed == "Blocked" for _, observed in seen)
    return ClassVerdict("Inconclusive", "NothingThere" if all_tried else "NotTried")


def _judge_allowed(seen: Iterable[tuple[bool, Observed]]) -> ClassVerdict:
    """Return the verdict on what the policy allows: Enforced takes all that is alive to be reached, and what was reached is alive."""
    alive = [observed for is_alive, observed in seen if is_alive or observed == "Reached"]
    if not alive:
        return ClassVerdict("Inconclusive", "NotAlive")
    if "Blocked" in alive:
        return ClassVerdict("NotEnforced", "Blocked")
    return ClassVerdict("Inconclusive", "NotTried") if "Failed" in alive else ClassVerdict("Enforced", "Reached")


@functools.lru_cache(maxsize=1)
def parse_round(body: bytes) -> Round:
    """Return the round that `body` describes; raises MalformedError."""
    fields = _object(_json(body), {"targets"})
    return Round(_items(fields["targets"], _target))


def encode_round(asked: Round) -> bytes:
    """Return the JSON of a round; `parse_round` is its inverse for what the protocol allows."""
    targets = [
        {
            "id": target.id,
            "path": target.path,
            "protocol": target.protocol,
            "address": target.address,
            "port": target.port,
            "isAlive": target.is_alive,
        }
        for target in asked.targets
    ]
    return _encode({"targets": targets})


def parse_answer(body: bytes) -> Answer:
    """Return the answer that `body` describes; raises MalformedError. Whether it answers the round that was sent is not asked here."""
    fields = _object(_json(body), {"phase", "results"})
    return Answer(cast("Phase", _choice(fields["phase"], get_args(Phase))), _items(fields["results"], _result))


def encode_answer(answer: Answer) -> bytes:
    """Return the JSON of an answer; `parse_answer` is its inverse."""
    results = [{"id": result.id, "observed": result.observed, "at": result.at} for result in answer.results]
    return _encode({"phase": answer.phase, "results": results})


def parse_state(body: bytes) -> State:
    """Return the state that the answer to `GET /verdict` holds; raises MalformedError."""
    return cast("State", _choice(_object(_json(body), {"state"})["state"], get_args(State)))


@functools.cache
def encode_state(state: State) -> bytes:
    """Return the JSON that answers `GET /verdict`."""
    return _encode({"state": state})


def dns_question(number: int) -> bytes:
    """Return what a target of protocol `dns` is sent: the query `number` (0 to 65535) for an A record that tells nobody anything."""
    return struct.pack("!H", number) + _DNS_QUERY


def _target(value: object) -> Target:
    fields = _object(value, {"id", "path", "protocol", "address", "port", "isAlive"})
    if not isinstance(fields["isAlive"], bool):
        raise MalformedError("isAlive is not a boolean")
    return Target(
        id=_id(fields["id"]),
        path=cast("EvidencePath", _choice(fields["path"], EVIDENCE_PATHS)),
        protocol=cast("Protocol", _choice(fields["protocol"], get_args(Protocol))),
        address=_address(fields["address"]),
        port=_port(fields["port"]),
        is_alive=fields["isAlive"],
    )


def _result(value: object) -> Result:
    fields = _object(value, {"id", "observed", "at"})
    return Result(_id(fields["id"]), cast("Observed", _choice(fields["observed"], get_args(Observed))), _time(fields["at"]))


def _items(value: object, parse: Callable[[object], _Item]) -> tuple[_Item, ...]:
    if not isinstance(value, list):
        raise MalformedError("not a list")
    if len(value) > MAX_TARGETS:
        raise MalformedError("too many items")
    items = tuple(parse(item) for item in value)
    if len({item.id for item in items}) < len(items):
        raise MalformedError("two items of one id")
    return items


def _object(value: object, names: set[str]) -> Mapping[str, object]:
    if not isinstance(value, dict) or value.keys() != names:
        raise MalformedError("not an object of the expected fields")
    return value


def _choice(value: object, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise MalformedError("not one of the values allowed")
    return value


def _id(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_ID_LENGTH or not _ID.fullmatch(value):
        raise MalformedError("not an id")
    return value


def _port(value: object) -> int:
    if type(value) is not int or not 1 <= value <= 65535:  # a bool is an int to isinstance
        raise MalformedError("not a port")
    return value


def _address(value: object) -> str:
    if not isinstance(value, str) or not is_address(value):
        raise MalformedError("not an address")
    return value


def is_address(text: str) -> bool:
    """Return whether `text` is an IPv4 or IPv6 literal; a zone (`%eth0`) makes it none, and neither do names ever."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except (OSError, ValueError):  # ValueError: a NUL, or no encoding
            continue
        return True
    return False


def _time(value: object) -> str:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise MalformedError("not a time")
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise MalformedError("not a time") from None
    return value


def _json(body: bytes) -> object:
    if len(body) > MAX_BYTES:
        raise MalformedError("too large")
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except MalformedError:
        raise
    except (ValueError, RecursionError):  # ValueError: also of bytes that are no UTF-8, and of numbers with thousands of digits
        raise MalformedError("not JSON") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise MalformedError("a field is there twice")
    return fields


def _no_constant(name: str) -> object:
    raise MalformedError("not a number")


def _encode(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode("ascii")
