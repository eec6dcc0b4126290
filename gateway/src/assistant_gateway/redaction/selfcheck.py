"""Whether what the policy asks for happens, tried on made-up values of every type by the rules that serve requests.

A request and an answer go the way that those of clients go (service.py), each minute and as soon as another policy serves. A type whose
value comes through, or a check that cannot be made, is a reason to serve nobody until a later check shows otherwise. So is a worker for
names that is gone, and this is where it is started again.
"""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import orjson

from assistant_gateway.errors import RefusalError
from assistant_gateway.faults import Reason
from assistant_gateway.record import Exchange
from assistant_gateway.redaction.entities import Entity
from assistant_gateway.redaction.names.client import NamesUnavailableError
from assistant_gateway.redaction.samples import Sample, sample
from assistant_gateway.snapshot import Current

if TYPE_CHECKING:
    from assistant_gateway.redaction.service import Passage, Redaction

SECONDS: Final = 60.0
_TOLD: Final = 4
"""Letters and digits in a row that would tell something of a value."""
_PIECE: Final = 7

UNCHECKED: Final = Reason("RedactionUnchecked", "The redaction of the policy in force has not been tried yet.")
NAMELESS: Final = Reason("NamesUnavailable", "The process that finds names does not run, or does not answer; it is started again.")
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
        self._is_nameless = False

    @property
    def fault(self) -> Reason | None:
        """Why nothing may be served; None where every type is masked, and where the policy asks for none."""
        redaction = self._current.snapshot.redaction
        if redaction is None:
            return None
        if not _can_ask(redaction):
            return NAMELESS
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
        if not await self._has_names(redaction):
            return
        if self._checked is redaction and self._clock() < self._due:
            return
        wanted = sorted({*_types(redaction, "request"), *_types(redaction, "response")})
        try:
            failing = [entity for entity in wanted if not await _holds(redaction, entity)]
        except NamesUnavailableError:
            return  # nothing comes through, since nobody is served while the worker is away
        if failing:
            logger.error("Made-up personal data comes through.", extra={"fields": {"types": failing, "revision": snapshot.revision}})
        self._checked, self._due = redaction, self._clock() + SECONDS
        self._page = {
            "revision": snapshot.revision,
            "active": [entity for entity in wanted if entity not in failing],
            "failing": failing,
            "checkedAt": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        }

    async def _has_names(self, redaction: "Redaction") -> bool:
        """Say whether names can be asked for, where they have to be. A worker that was gone shows anew what it finds."""
        if _can_ask(redaction):
            self._is_nameless = False
            return True
        self._due = 0.0
        try:
            if redaction.names is not None:
                await redaction.names.start()
        except NamesUnavailableError:
            self._is_nameless = True
            return False
        self._is_nameless = False
        return redaction.names is not None

    def status(self) -> dict[str, Any] | None:
        """Return what /status says of it; None where the policy asks for nothing.

        `fault` says that names cannot be found: their worker ended, or could not be started; not that it starts for the first time.
        """
        if (snapshot := self._current.snapshot).redaction is None:
            return None
        page = self._page or {"revision": snapshot.revision, "active": [], "failing": [], "checkedAt": None}
        is_gone = not _can_ask(snapshot.redaction) and (self._is_nameless or self._checked is snapshot.redaction)
        return {**page, "fault": {"reason": NAMELESS.reason, "message": NAMELESS.message} if is_gone else None}


def _can_ask(redaction: "Redaction") -> bool:
    return not redaction.looks_for_names or (redaction.names is not None and redaction.names.is_ready)


def _types(redaction: "Redaction", direction: str) -> tuple[Entity, ...]:
    """Return the types that are looked for in a direction. The author's patterns have no values that could be made up."""
    policy = redaction.policy.request if direction == "request" else redaction.policy.response
    return () if policy.action == "Off" else policy.entities


async def _holds(redaction: "Redaction", entity: Entity) -> bool:
    """Say whether a value of the type is held back in every direction in which the policy says so; raises NamesUnavailableError."""
    try:
        return all([tried async for tried in _tries(redaction, entity)])
    except NamesUnavailableError:
        raise
    except Exception as error:
        logger.error("The self-check of the redaction failed.", exc_info=error)  # noqa: TRY400  the type and the place say it all
        return False


async def _tries(redaction: "Redaction", entity: Entity) -> AsyncIterator[bool]:
    if entity in _types(redaction, "request"):
        yield await _request_holds(redaction, sample(entity))
    if entity in _types(redaction, "response"):
        yield await asyncio.to_thread(_response_holds, redaction, sample(entity))


async def _request_holds(redaction: "Redaction", made: Sample) -> bool:
    """Say whether the model is not shown a value, and where it gets a stand-in whether the client gets the value back for it."""
    passage = redaction.passage("openai", Exchange())
    action = redaction.policy.request.action
    try:
        shown = await passage.masked({"messages": [{"role": "user", "content": made.text}]}, aside=True)
    except RefusalError as refusal:
        if refusal.code == "names_unavailable":
            raise NamesUnavailableError from None
        return action == "Block" and refusal.code == "personal_data_refused"
    told = str(shown["messages"][0]["content"])
    if action == "Block" or _tells(told, made):
        return False
    return action != "Pseudonymize" or made.text in await asyncio.to_thread(_answered, passage, told)


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
