"""Where the library of this package meets a request: one policy's rules, and what they do to one request and its answer.

forward.py and chat/turn.py ask here; everything else of this package knows neither policy nor request. What must not pass is a
RefusalError from here on, with types and counts in it and never a value.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson

from assistant_gateway.errors import RefusalError
from assistant_gateway.policy import RedactionPolicy, RequestRedaction, ResponseRedaction
from assistant_gateway.redaction import asking, refusals
from assistant_gateway.redaction.bodies import walk
from assistant_gateway.redaction.bodies.unread import TooDeepError, unscanned
from assistant_gateway.redaction.detection.remembered import Remembered
from assistant_gateway.redaction.detection.rules import Rules
from assistant_gateway.redaction.names.client import NamesUnavailableError
from assistant_gateway.redaction.replacing.masking import Action, Find, Masker
from assistant_gateway.redaction.replacing.prefixes import prefix
from assistant_gateway.redaction.replacing.pseudonyms import Pseudonyms, PseudonymsFullError
from assistant_gateway.redaction.replacing.restoring import Restorer
from assistant_gateway.redaction.streams.cutting import Wire
from assistant_gateway.redaction.streams.frames import Frames
from assistant_gateway.redaction.streams.outgoing import Outgoing
from assistant_gateway.redaction.streams.streaming import Rewriting, both, restoring

if TYPE_CHECKING:
    from assistant_gateway.record import Exchange

Body = dict[str, Any]
Done = TypeVar("Done")

THREAD_BYTES: Final = 64 * 1024
"""Texts that are larger are looked through in a thread, so that others' answers go on meanwhile."""
LARGE_AT_ONCE: Final = 2
"""Of them at the same time: each takes many times its size, and the interpreter works on one of them only."""

_RETRY: Final = [(b"retry-after", b"2")]


class Redaction:
    """What one policy takes out of requests and answers; made once for each policy, for all requests."""

    def __init__(self, policy: RedactionPolicy, names: "asking.NamesFinder | None" = None) -> None:
        """Compile the rules; raises PatternError for a pattern that is refused.

        `names` finds names where the policy asks for them; without it every request is refused then.
        """
        self.policy = policy
        self.names = names
        self._named = frozenset[str]() if policy.request.action == "Off" else asking.asked_for(policy.request.entities)
        patterns = {pattern.name: pattern.expression for pattern in policy.patterns}
        self.request_rules = _rules(policy.request, patterns)
        self.response_rules = _rules(policy.response, patterns)
        self._remembered = None if self.request_rules is None else Remembered(self.request_rules)
        self._room = asyncio.Semaphore(LARGE_AT_ONCE)

    def passage(self, wire: Wire, exchange: "Exchange", *, embeds: bool = False) -> "Passage":
        """Return what one request goes through; `embeds`: its answer is vectors, which nobody can put a value back into."""
        return Passage(self, wire, exchange, embeds=embeds)

    @property
    def stored_action(self) -> Action | None:
        """What is done to what is stored or embedded, None for nothing: where no answer follows, Pseudonymize is Mask."""
        action = self.policy.request.action
        return None if action == "Off" else "Mask" if action == "Pseudonymize" else action

    @property
    def stored_revision(self) -> str:
        """Return what names how stored texts are masked: one that was stored under another has to be brought again."""
        policy = self.policy
        patterns = [pattern.model_dump() for pattern in policy.patterns]
        named = [policy.names.mode] if self.looks_for_names else []
        text = orjson.dumps([self.stored_action, policy.request.entities, patterns, *named])
        return "" if self.stored_action is None else hashlib.sha256(text).hexdigest()[:16]

    def counts(self, exchange: "Exchange") -> Counter[str]:
        """Return what counts the values of a request that is answered without the model."""
        found: Counter[str] = Counter()
        exchange.redactions = {"request": found, "response": {}}
        return found

    @property
    def looks_for_names(self) -> bool:
        """Whether nothing of a request may go on before the names in it were asked for."""
        return bool(self._named)

    async def stored(self, text: str, found: Counter[str]) -> str:
        """Return a text as it may be stored or embedded; raises RefusalError."""
        return text if self.request_rules is None else await self.for_storing(text, lambda masker: masker(text), found)

    async def kept(self, body: Body, found: Counter[str]) -> Body:
        """Return messages, or what else a request has to keep, as it may be kept; raises RefusalError.

        Under Mask they are masked: nobody needs the values again. Under Pseudonymize they are kept as they were written, sealed with
        their conversation, in place of a table of pseudonyms: every turn draws the same ones again for the model.
        """
        if self.request_rules is None:
            return body
        self.refuse_unread(body)
        if self.policy.request.action == "Pseudonymize":
            return body
        return await self.for_storing(body, lambda masker: self.transform(body, masker), found)

    def transform(self, body: Body, masker: Masker) -> Body:
        """Return a body with every text masked; raises TooDeepError and PseudonymsFullError."""
        return walk.transform(body, masker, alone=self.request_rules is not None and self.request_rules.begins)

    async def for_storing(self, value: str | Body, work: Callable[[Masker], Done], found: Counter[str]) -> Done:
        """Return what the work makes of a value that is stored or embedded, where requests are looked at; raises RefusalError."""

        def masks(find: Find) -> tuple[Done, Masker]:
            masker = self.storing(find)
            return work(masker), masker

        shown, masker = await self.through(value, masks)
        found += masker.counts
        refusals.finish(masker)
        return shown

    async def through(self, value: str | Body, work: Callable[[Find], Done], *, is_trial: bool = False) -> Done:
        """Return what masking a value comes to; of a large one in a thread: others' answers go on meanwhile.

        A trial is made in a thread always, and of what the rules find now: nothing that is remembered shows that they work.
        The work is done more than once where names are asked for: what it counts and draws is its own until it is done. Raises
        RefusalError.
        """
        assert self.request_rules is not None
        assert self._remembered is not None
        rules = self.request_rules.find if is_trial else self._remembered.find
        aside = not is_trial and _is_large(value)

        async def beside(step: Callable[[], Done]) -> Done:
            if is_trial:
                return await asyncio.to_thread(step)
            return await self._aside(step) if aside else step()

        try:
            if not self.looks_for_names:
                return await beside(lambda: work(rules))
            return await asking.masked(asking.Texts(rules, self._named), self.names, work, beside)
        except NamesUnavailableError:
            raise RefusalError("names_unavailable", headers=_RETRY) from None
        except TooDeepError:
            raise RefusalError("invalid_json") from None
        except PseudonymsFullError:
            raise RefusalError("personal_data_refused", "The request holds more different values than can be replaced.") from None

    async def _aside(self, step: Callable[[], Done]) -> Done:
        """Do a step in a thread, when there is room. Whoever is cancelled waits for it: a thread goes on, and its memory is in use."""
        async with self._room:
            work = asyncio.ensure_future(asyncio.to_thread(step))
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                await asyncio.gather(work, return_exceptions=True)
                raise

    def refuse_unread(self, body: Body) -> None:
        """Refuse what cannot be looked into, where the policy does not let it pass; raises RefusalError."""
        if self.policy.allow_unscanned_media:
            return
        try:
            unread = unscanned(body)
        except TooDeepError:
            raise RefusalError("invalid_json") from None
        if unread:
            raise refusals.unscanned(unread)

    def storing(self, find: Find) -> Masker:
        """Return what masks texts that are stored or embedded."""
        action = self.stored_action
        assert action is not None
        return Masker(find, action)


class Passage:
    """One request and its answer."""

    __slots__ = ("_embeds", "_exchange", "_pseudonyms", "_redaction", "_wire", "found")

    def __init__(self, redaction: Redaction, wire: Wire, exchange: "Exchange", *, embeds: bool) -> None:
        self._redaction = redaction
        self._wire: Wire = wire
        self._exchange = exchange
        self._embeds = embeds
        self._pseudonyms: Pseudonyms | None = None
        self.found: dict[str, Counter[str]] = {"request": Counter(), "response": Counter()}
        exchange.redactions = self.found

    async def check(self, body: Body) -> None:
        """Refuse what is refused, before anything of the request is embedded, kept or sent; raises RefusalError."""
        if self._redaction.policy.request.action == "Block":
            await self.request(body)

    async def request(self, body: Body) -> Body:
        """Return the body as the model may have it; the one given stays as it is. Raises RefusalError."""
        if self._redaction.request_rules is None:
            return body
        return await self.masked(body)

    async def question(self, text: str) -> str:
        """Return a text as it may be embedded to search for it: as documents are stored. Under Block, `check` has refused it."""
        return await self._redaction.stored(text, Counter())

    async def kept(self, messages: list[Body]) -> list[Body]:
        """Return messages as they may be kept; what is in them is counted with the whole request."""
        shown: list[Body] = (await self._redaction.kept({"messages": messages}, Counter()))["messages"]
        return shown

    def answer(self) -> "Answer | None":
        """Return what the answer goes through, None where it passes as it comes."""
        rewriting = None if self._embeds else self._rewriting()
        return None if rewriting is None else Answer(Frames(self._wire, rewriting))

    @property
    def pseudonyms(self) -> Pseudonyms | None:
        """What stands for the values that were found; None where nothing stands for any."""
        return self._pseudonyms if self._pseudonyms is not None and len(self._pseudonyms) else None

    async def masked(self, body: Body, *, media: bool = False, is_trial: bool = False) -> Body:
        """As `request`, and only where requests are looked at. `media`: what cannot be searched passes all the same."""
        redaction = self._redaction

        def work(find: Find) -> tuple[Body, Masker]:
            if not media:
                redaction.refuse_unread(body)
            masker = self._masker(body, find)
            return redaction.transform(body, masker), masker

        shown, masker = await redaction.through(body, work, is_trial=is_trial)
        self._pseudonyms = masker.pseudonyms
        self.found["request"] += masker.counts
        refusals.finish(masker)
        return shown

    def _masker(self, body: Body, find: Find) -> Masker:
        action = self._redaction.policy.request.action
        if action == "Pseudonymize" and not self._embeds:
            return Masker(find, "Pseudonymize", Pseudonyms(prefix(body, self._exchange.conversation, self._exchange.subject)))
        return self._redaction.storing(find)

    def _rewriting(self) -> Rewriting | None:
        redaction, pseudonyms = self._redaction, self.pseudonyms
        restorer = None if pseudonyms is None else Restorer(pseudonyms)
        back = None if restorer is None else restoring(restorer)
        action = redaction.policy.response.action
        if redaction.response_rules is None or action == "Off":
            return back
        passes = None if restorer is None else restorer.is_token
        hidden = Outgoing(redaction.response_rules, action, passes=passes, counts=self.found["response"]).rewriting()
        return hidden if back is None else both(hidden, back)


class Answer:
    """One answer's bytes on their way to the client; raises RefusalError."""

    __slots__ = ("_frames",)

    def __init__(self, frames: Frames) -> None:
        self._frames = frames

    def feed(self, data: bytes) -> bytes:
        """Take what came of a stream; return what can go on."""
        return refusals.or_refuse(lambda: self._frames.feed(data))

    def end(self) -> bytes:
        """Return what a stream held back."""
        return refusals.or_refuse(self._frames.end)

    async def document(self, data: bytes) -> bytes:
        """Return a whole answer as the client may have it."""
        if len(data) > THREAD_BYTES:
            return await asyncio.to_thread(refusals.or_refuse, lambda: self._frames.document(data))
        return refusals.or_refuse(lambda: self._frames.document(data))


def _is_large(value: Any) -> bool:
    """Say whether a value holds too much to be looked through while others wait.

    The request's length does not tell: a short one may bring a long conversation back, and documents.
    """
    size, rest = 0, [value]
    while rest and size <= THREAD_BYTES:
        one = rest.pop()
        if type(one) is dict:
            rest += one.keys()
            rest += one.values()
        elif type(one) is list:
            rest += one
        size += len(one) + 1 if type(one) is str else 1
    return size > THREAD_BYTES


def _rules(direction: RequestRedaction | ResponseRedaction, patterns: Mapping[str, str]) -> Rules | None:
    return None if direction.action == "Off" else Rules(direction.entities, patterns)
