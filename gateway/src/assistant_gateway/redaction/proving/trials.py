"""One look of the self-check (selfcheck.py): made-up values sent the way of requests and answers, and what came of each type and pattern.

A type has values that can be made up (samples.py). What a pattern of the CR's own means nobody knows, but for most a text can be made up
that they match (matches.py). Whatever is in doubt about one of these is no failure, since a failure closes the gateway: nothing is shown.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final, cast

import orjson

from assistant_gateway.errors import RefusalError
from assistant_gateway.record import Exchange
from assistant_gateway.redaction.entities import NAMES, STRUCTURED, Entity, custom, label
from assistant_gateway.redaction.names.client import NamesUnavailableError
from assistant_gateway.redaction.proving.matches import HIDDEN, match_of, stripped
from assistant_gateway.redaction.proving.samples import Sample, sample

if TYPE_CHECKING:
    from assistant_gateway.policy import PatternPolicy
    from assistant_gateway.redaction.detection.rules import Rules
    from assistant_gateway.redaction.service import Passage, Redaction

_TOLD: Final = 4
"""Letters and digits in a row that would tell something of a value."""
_PIECE: Final = 7
_DRAWS: Final = 8
"""Matches of one pattern that are tried: one that is a value of a type too shows nothing of the pattern, and another need not be one."""

logger = logging.getLogger(__name__)


async def shown(redaction: "Redaction") -> dict[str, bool | None]:
    """Return for each type and pattern of the policy whether it is masked in every direction in which the policy says so.

    None: of a pattern, that it cannot be said. Raises NamesUnavailableError.
    """
    types = sorted({*_types(redaction, "request"), *_types(redaction, "response")})
    held: dict[str, bool | None] = {entity: await _type_holds(redaction, entity) for entity in types}
    return held | {custom(pattern.name): await _pattern_holds(redaction, pattern) for pattern in redaction.policy.patterns}


# Types


def _types(redaction: "Redaction", direction: str) -> tuple[Entity, ...]:
    """Return the types that are looked for in a direction."""
    policy = redaction.policy.request if direction == "request" else redaction.policy.response
    return () if policy.action == "Off" else policy.entities


async def _type_holds(redaction: "Redaction", entity: Entity) -> bool:
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
    told = await _told(passage, made)
    if action == "Block" or told is None:
        return action == "Block" and told is None
    if _tells(told, made):
        return False
    return action != "Pseudonymize" or made.text in await asyncio.to_thread(_answered, passage, told)


def _response_holds(redaction: "Redaction", made: Sample) -> bool:
    """Say whether a value that the model says does not reach the client, in pieces."""
    said = _said(redaction, made)
    if redaction.policy.response.action == "Block" or said is None:
        return redaction.policy.response.action == "Block" and said is None
    return not _tells(said, made)


# Patterns


async def _pattern_holds(redaction: "Redaction", pattern: "PatternPolicy") -> bool | None:
    """Say whether a match is held back in every direction; None where that cannot be said. Raises NamesUnavailableError."""
    labels = [label(entity) for entity in (*STRUCTURED, *NAMES, *(custom(one.name) for one in redaction.policy.patterns))]
    try:
        for _ in range(_DRAWS):
            made = await asyncio.to_thread(match_of, pattern.expression, labels)
            if made is None:
                return None
            held = [tried async for tried in _pattern_tries(redaction, custom(pattern.name), made, labels)]
            if False in held:
                return False
            if None not in held:
                return True
    except NamesUnavailableError:
        raise
    except Exception as error:
        logger.error("The self-check of the redaction failed.", exc_info=error)  # noqa: TRY400  the type and the place say it all
        return False
    return None


async def _pattern_tries(redaction: "Redaction", entity: str, made: Sample, labels: Sequence[str]) -> AsyncIterator[bool | None]:
    if redaction.request_rules is not None:
        passage = redaction.passage("openai", Exchange())
        told = await _told(passage, made)
        if told is not None and passage.pseudonyms is not None:
            told = re.sub(rf"{passage.pseudonyms.prefix}-[A-Z-]+-[0-9]+", HIDDEN, told)
        yield _is_held(told, redaction.request_rules, entity, made, labels)
    if redaction.response_rules is not None:
        said = await asyncio.to_thread(_said, redaction, made)
        yield _is_held(said, redaction.response_rules, entity, made, labels)


def _is_held(text: str | None, rules: "Rules", entity: str, made: Sample, labels: Sequence[str]) -> bool | None:
    """Say whether the match is in what came of its text; None where something else than the pattern may have seen to it."""
    if text is not None and made.secret in stripped(text, labels):
        return False
    start = made.text.index(made.secret)
    end = start + len(made.secret)
    is_its_own = any(span.entity == entity and span.start <= start and end <= span.end for span in rules.find(made.text))
    return True if is_its_own else None


# Both


async def _told(passage: "Passage", made: Sample) -> str | None:
    """Return what the model is told of a text that a client sends, None for nothing; raises NamesUnavailableError."""
    try:
        told = await passage.masked({"messages": [{"role": "user", "content": made.text}]}, is_trial=True)
    except RefusalError as refusal:
        if refusal.code == "names_unavailable":
            raise NamesUnavailableError from None
        if refusal.code == "personal_data_refused":
            return None
        raise
    return str(told["messages"][0]["content"])


def _said(redaction: "Redaction", made: Sample) -> str | None:
    """Return what a client gets of a text that the model says, None for less than all."""
    try:
        return _answered(redaction.passage("openai", Exchange()), made.text)
    except RefusalError as refusal:
        if refusal.code == "personal_data_refused":
            return None
        raise


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
