"""One turn of a chat with memory: what the model is given before, and what becomes of its answer after.

forward.py asks the model server in between, for this path and the plain one alike. Two promises are kept here. Retrieval that fails never
passes for an answer from documents. And an answer that belongs to a conversation ends, for its client, only once the turn is stored: the
last event of a stream, or the whole document, is held back until then.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from assistant_gateway import answer, local
from assistant_gateway.answer import Events, StreamBrokenError
from assistant_gateway.chat import messages, ollama, openai, prompt
from assistant_gateway.chat.wanted import OPENAI_CHAT, Wanted
from assistant_gateway.conversations import ids, shapes
from assistant_gateway.conversations.messages import Message
from assistant_gateway.documents.shapes import chunk
from assistant_gateway.errors import RefusalError
from assistant_gateway.neighbours.upstream import Connection, UpstreamError
from assistant_gateway.protocol.call import JSON, Call
from assistant_gateway.snapshot import Snapshot
from assistant_gateway.wire.fields import Body

if TYPE_CHECKING:
    from assistant_gateway.memory import Memory
    from assistant_gateway.redaction.service import Answer as Rewritten
    from assistant_gateway.redaction.service import Passage
    from assistant_gateway.retrieval.retriever import Hit

UNAVAILABLE: Final = (b"x-assistant-context", b"unavailable")
"""Header of an answer that was given without the documents that it was to be given from, where the CR allows that."""
STORE_SECONDS = 20.0
"""Longest time that a store which neither answers nor fails may take: a client waits for it, and a place among the requests in flight."""
SEARCH_SECONDS = 60.0
"""The same for a search, which asks the embedding model first."""
ANSWER_BYTES: Final = 64 * 1024 * 1024
ODD: Final = (ValueError, TypeError, AttributeError, LookupError)
"""What is raised by an answer that is none."""

RETRY: Final = [(b"retry-after", b"2")]

Found = TypeVar("Found")

logger = logging.getLogger(__name__)


class Answer(Protocol):
    """What openai.py and ollama.py offer."""

    ended: bool

    @property
    def is_whole(self) -> bool: ...
    def document(self, data: bytes) -> bytes: ...
    def event(self, event: bytes) -> bytes: ...
    def message(self) -> Message: ...


class Turn:
    """One request and its answer."""

    def __init__(self, call: Call, wanted: Wanted, snapshot: Snapshot, memory: "Memory | None") -> None:
        self._call = call
        self._wanted = wanted
        self._snapshot = snapshot
        self._memory = memory
        self._is_ollama = call.wire.NAME == "ollama"
        self._added: list[dict[str, Any]] = []
        self._more: dict[str, Any] = {}
        self._headers: list[tuple[bytes, bytes]] = []
        self._passage: Passage | None = None

    def path(self, path: str) -> str:
        """Return the model server's path for a request to this one: what was a text completion is a chat now."""
        return path if self._is_ollama else OPENAI_CHAT

    async def begin(self, request: Body, passage: "Passage | None" = None) -> None:
        """Put into the request what the model is to know; raises RefusalError.

        The passage masks the whole of it behind this, what is put in included; here it sees to what is kept and searched for.
        """
        self._passage = passage
        if passage is not None:
            await passage.check(request)
        asked = messages.of(request)
        if self._wanted.conversation is not None:
            asked = await self._continued(asked)
        if self._wanted.context and asked:
            asked = await self._informed(asked)
        request["messages"] = asked

    async def _continued(self, asked: list[Message]) -> list[Message]:
        """Return the messages with those of the conversation before them."""
        wanted, call = self._wanted, self._call
        assert wanted.conversation is not None
        if self._memory is None or self._memory.conversations is None:
            raise RefusalError("conversations_not_kept", param="conversation")
        if wanted.keep:
            added = messages.added(asked)
            self._added = _kept(added if self._passage is None else await self._passage.kept(added))
        room = self._snapshot.policy.limits.max_body_bytes - call.exchange.request_bytes
        try:
            reading = self._memory.conversations.history(call.identity, wanted.conversation, max(0, room))
            history = await _in_time(reading, STORE_SECONDS)
        except Exception as error:
            raise local.as_refusal(error) from None
        call.exchange.conversation = ids.of_conversation(wanted.conversation)
        return messages.continued(asked, [messages.for_ollama(message) for message in history] if self._is_ollama else history)

    async def _informed(self, asked: list[Message]) -> list[Message]:
        """Return the messages with the context before the last question."""
        place = messages.question(asked)
        text = "" if place is None else messages.text(asked[place])
        if place is None or not text.strip():
            raise RefusalError("invalid_request", "There is no text of the user to search the documents for.", param="messages")
        hits = await self._hits(text if self._passage is None else await self._passage.question(text))
        if self._wanted.sources:
            self._more = {"sources": None if hits is None else [chunk(hit, None, None) for hit in hits]}
        if hits is None:
            self._headers = [UNAVAILABLE]
            self._call.exchange.documents = None
            return asked
        self._call.exchange.documents = list(dict.fromkeys(str(hit.document) for hit in hits))
        return [*asked[:place], {"role": "system", "content": prompt.context(hits)}, *asked[place:]]

    async def _hits(self, text: str) -> "Sequence[Hit] | None":
        """Return what the documents say; None where they cannot be searched and the CR allows to go on without."""
        wanted, policy = self._wanted, self._snapshot.policy
        if wanted.docs_ids == []:
            return ()
        try:
            if self._memory is not None and self._memory.retriever is not None:
                return await _in_time(self._memory.retriever.retrieve(self._call.identity, text, wanted.docs_ids), SEARCH_SECONDS)
        except (RefusalError, UpstreamError) as failure:
            if isinstance(failure, RefusalError) and failure.status < 500:
                raise
        except Exception as error:
            if not isinstance(local.as_refusal(error), RefusalError):
                logger.exception("The documents could not be searched.", extra={"fields": {"request_id": self._call.exchange.request_id}})
        if policy.rag is None or policy.rag.retrieval.on_failure != "Answer":
            raise RefusalError("retrieval_failed", headers=RETRY)
        return None

    async def answer(self, connection: Connection, rewritten: "Rewritten | None" = None) -> None:
        """Pass the model's answer, a success, and keep the turn as it is shown; raises RefusalError and UpstreamError."""
        make = ollama.Answer if self._is_ollama else openai.Answer
        if connection.content_type.startswith(JSON):
            await self._whole(connection, make(self._wanted.shape, self._more), rewritten)
        elif self._call.exchange.stream and connection.content_type.startswith(self._call.wire.STREAM_TYPE):
            await self._stream(connection, make(self._wanted.shape, self._more), rewritten)
        else:
            raise RefusalError("upstream_error")

    async def _whole(self, connection: Connection, found: Answer, rewritten: "Rewritten | None") -> None:
        data = await answer.whole(connection, ANSWER_BYTES)
        if answer.is_error(data):
            raise RefusalError("upstream_error")
        exchange = self._call.exchange
        exchange.input_tokens, exchange.output_tokens = self._call.wire.usage(data[-answer.TAIL :])
        if rewritten is not None:
            data = await rewritten.document(data)
        try:
            shown = found.document(data)
        except ODD:
            raise RefusalError("upstream_error") from None
        await self._keep(found)
        await self._call.answer(200, shown, self._headers)

    async def _stream(self, connection: Connection, found: Answer, rewritten: "Rewritten | None") -> None:
        call = self._call
        events = Events(call.wire)
        await call.start(200, call.wire.STREAM_TYPE, self._headers)
        held = b""
        try:
            while data := await connection.read(answer.NEXT_BYTE_SECONDS):
                shown, last = self._taken(_rewritten(events.feed(data), rewritten), found)
                held += last
                if shown:
                    await call.send(shown, more=True)
            rest = _rewritten(events.finish(), rewritten) + (b"" if rewritten is None else rewritten.end())
            shown, last = self._taken(rest, found)
        except StreamBrokenError:
            raise RefusalError("upstream_error") from None
        finally:
            call.exchange.input_tokens, call.exchange.output_tokens = call.wire.usage(events.tail)
        await self._keep(found)
        await call.send(shown + held + last, more=False)

    def _taken(self, block: bytes, found: Answer) -> tuple[bytes, bytes]:
        """Return the events as they are shown: those that go out now, and those from the answer's end on."""
        separator = self._call.wire.SEPARATOR
        shown: list[bytes] = []
        held: list[bytes] = []
        try:
            for event in block.split(separator) if block else ():
                taken = found.event(event)
                (held if found.ended else shown).append(taken)
        except ODD:
            raise StreamBrokenError from None
        if not held:
            return separator.join(shown), b""
        return b"".join(one + separator for one in shown), separator.join(held)

    async def _keep(self, found: Answer) -> None:
        """Add the turn to its conversation; raises RefusalError where it is not stored. An answer without an end is not kept."""
        wanted = self._wanted
        if not wanted.keep or not found.is_whole:
            return
        assert wanted.conversation is not None
        assert self._memory is not None
        assert self._memory.conversations is not None
        try:
            items = [*self._added, *shapes.kept(found.message())]
        except RefusalError:
            raise RefusalError("upstream_error") from None
        try:
            await _in_time(self._memory.conversations.append(self._call.identity, wanted.conversation, items), STORE_SECONDS)
        except Exception as error:
            raise local.as_refusal(error) from None
        self._call.exchange.retained = True


def _rewritten(events: bytes, rewritten: "Rewritten | None") -> bytes:
    return events if rewritten is None or not events else rewritten.feed(events)


async def _in_time(work: Awaitable[Found], seconds: float) -> Found:
    """Return what the store says; raises RefusalError where it says nothing for too long."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise RefusalError("store_unavailable", headers=RETRY) from None


def _kept(asked: list[Message]) -> list[dict[str, Any]]:
    """Return the messages as they will be kept; raises RefusalError now, rather than after the answer, where one cannot be."""
    try:
        return [item for message in asked for item in shapes.kept(message)]
    except RefusalError as refusal:
        refusal.param = "messages"
        raise
