"""Whether what the policy asks for happens, tried on made-up values of every type by the rules that serve requests.

A request and an answer go the way that those of clients go (service.py), each minute and as soon as another policy serves. A type whose
value comes through, or a check that cannot be made, is a reason to serve nobody until a later check shows otherwise.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import orjson

from assistant_gateway.errors import RefusalError
from assistant_gateway.faults import Reason
from assistant_gateway.record import Exchange
from assistant_gateway.redaction.entities import Structured
from assistant_gateway.redaction.samples import Sample, sample
from assistant_gateway.snapshot import Current

if TYPE_CHECKING:
    from assistant_gateway.redaction.service import Passage, Redaction

SECONDS: Final = 60.0
_TOLD: Final = 4
"""Letters and digits in a row that would tell something of a value."""
_PIECE: Final = 7

UNCHECKED: Final = Reason("RedactionUnchecked", "The redaction of the policy in force has not been tried yet.")
FAILING: Final = Reason("RedactionFailing", "Made-up values of some types of personal data come through; /status names the types.")

logger = logging.getLogger(__name__)


class SelfCheck:
    """Tries, and keeps what came of it last."""

    def __init__(self, current: Current, clock: Callable[[], float] = time.monotonic) -> None:
        self._current = current
        self._clock = clock
        self._checked: Redaction | None = None
        self._due = 0.0
        self._page: dict[str, Any] | None = None

    @property
    def fault(self) -> Reason | None:
        """Why nothing may be served; None where every type is masked, and where the policy asks for none."""
        redaction = self._current.snapshot.redaction
        if redaction is None:
            return None
        if self._page is None or self._checked is not redaction:
            return UNCHECKED
        return FAILING if self._page["failing"] else None

    async def look(self) -> None:
        """Try where it is time to, or where another policy serves."""
        snapshot = self._current.snapshot
        redaction = snapshot.redaction
        if redaction is None:
            self._checked = self._page = None
            return
        if self._checked is redaction and self._clock() < self._due:
            return
        wanted = sorted({*_types(redaction, "request"), *_types(redaction, "response")})
        failing = await asyncio.to_thread(lambda: [entity for entity in wanted if not _holds(redaction, entity)])
        if failing:
            logger.error("Made-up personal data comes through.", extra={"fields": {"types": failing, "revision": snapshot.revision}})
        self._checked, self._due = redaction, self._clock() + SECONDS
        self._page = {
            "revision": snapshot.revision,
            "active": [entity for entity in wanted if entity not in failing],
            "failing": failing,
            "checkedAt": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        }

    def status(self) -> dict[str, Any] | None:
        """Return what /status says of it; None where the policy asks for nothing."""
        if (snapshot := self._current.snapshot).redaction is None:
            return None
        return self._page or {"revision": snapshot.revision, "active": [], "failing": [], "checkedAt": None}


def _types(redaction: "Redaction", direction: str) -> tuple[Structured, ...]:
    """Return the types that are looked for in a direction. The author's patterns have no values that could be made up."""
    policy = redaction.policy.request if direction == "request" else redaction.policy.response
    return () if policy.action == "Off" else policy.entities


def _holds(redaction: "Redaction", entity: Structured) -> bool:
    """Say whether a value of the type is held back in every direction in which the policy says so."""
    try:
        return all(tried for tried in _tries(redaction, entity))
    except Exception as error:
        logger.error("The self-check of the redaction failed.", exc_info=error)  # noqa: TRY400  the type and the place say it all
        return False


def _tries(redaction: "Redaction", entity: Structured) -> Iterator[bool]:
    if entity in _types(redaction, "request"):
        yield _request_holds(redaction, sample(entity))
    if entity in _types(redaction, "response"):
        yield _response_holds(redaction, sample(entity))


def _request_holds(redaction: "Redaction", made: Sample) -> bool:
    """Say whether the model is not shown a value, and where it gets a stand-in whether the client gets the value back for it."""
    passage = redaction.passage("openai", Exchange())
    action = redaction.policy.request.action
    try:
        shown = passage.masked({"messages": [{"role": "user", "content": made.text}]})
    except RefusalError as refusal:
        return action == "Block" and refusal.code == "personal_data_refused"
    told = str(shown["messages"][0]["content"])
    if action == "Block" or _tells(told, made):
        return False
    return action != "Pseudonymize" or made.text in _answered(passage, told)


def _response_holds(redaction: "Redaction", made: Sample) -> bool:
    """Say whether a value that the model says does not reach the client, in pieces."""
    try:
        shown = _answered(redaction.passage("openai", Exchange()), made.text)
    except RefusalError as refusal:
        return redaction.policy.response.action == "Block" and refusal.code == "personal_data_refused"
    return redaction.policy.response.action == "Mask" and not _tells(shown, made)


def _answered(passage: "Passage", text: str) -> str:
    """Return what a client puts together from a stream in which the model says a text."""
    answer = passage.answer()
    pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
    stream = [b"data: %s\n\n" % orjson.dumps({"choices": [{"index": 0, "delta": {"content": piece}}]}) for piece in pieces]
    if answer is None:
        return text
    shown = b"".join([answer.feed(event) for event in stream]) + answer.end()
    events = [orjson.loads(event.removeprefix(b"data: ")) for event in shown.split(b"\n\n") if event]
    return "".join(cast(str, event["choices"][0]["delta"].get("content") or "") for event in events)


def _tells(text: str, made: Sample) -> bool:
    """Say whether a text holds the value, or enough of it to know it by."""
    return any(part in text for part in (made.secret, *re.findall(rf"[A-Za-z0-9]{{{_TOLD},}}", made.secret)))
