"""Redaction for those who call a model elsewhere: /v1/redact takes values out of a text or a JSON value, /v1/restore puts them back.

Nothing stays here in between: the mapping goes to the caller, sealed under the API key with which it came. Whoever has another key cannot
open it, and every replica can, before and after a restart.
"""

import asyncio
import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson

from assistant_gateway import auth
from assistant_gateway.errors import RefusalError
from assistant_gateway.protocol.routing import OPENAI, Route
from assistant_gateway.wire.fields import Body

if TYPE_CHECKING:
    from assistant_gateway.memory import Memory
    from assistant_gateway.protocol.call import Call
    from assistant_gateway.redaction.replacing.pseudonyms import Pseudonyms
    from assistant_gateway.sealing.keys import DataKey
    from assistant_gateway.snapshot import Snapshot

Parameters = Mapping[str, str]
Done = TypeVar("Done")

_THREAD_BYTES: Final = 64 * 1024
_LABEL: Final = b"redaction mapping 1"


async def redact(call: "Call", snapshot: "Snapshot", parameters: Parameters, memory: "Memory") -> None:
    """Answer with the text or JSON value as the model may have it, what was found, and the mapping."""
    redaction = snapshot.redaction
    if redaction is None or redaction.request_rules is None:
        raise RefusalError("redaction_off")
    name, value = _brought(call.json(), {"text", "json"})
    passage = redaction.passage(call.wire.NAME, call.exchange)
    # Metadata is what has no names of a wire format in it: every key, string and number is looked at. In a list, since a name of ours
    # would be looked at with them.
    masked = await passage.masked({"metadata": [value]}, media=True)

    def work() -> bytes:
        shown = masked["metadata"][0]
        mapping = None if passage.pseudonyms is None else _sealed(call, passage.pseudonyms)
        return orjson.dumps({name: shown, "found": passage.found["request"], "mapping": mapping})

    await call.answer(200, await _beside(call, work))


async def restore(call: "Call", snapshot: "Snapshot", parameters: Parameters, memory: "Memory") -> None:
    """Answer with the text or JSON value with the values of a mapping put back."""
    asked = call.json()
    name, value = _brought(asked, {"text", "json", "mapping"})
    most = snapshot.policy.limits.max_body_bytes  # what was taken out of a request may come back

    def work() -> bytes:
        from assistant_gateway.redaction.replacing.restoring import RestoredTooMuchError, Restorer

        pseudonyms = _opened(call, asked)
        try:
            return orjson.dumps({name: value if pseudonyms is None else Restorer(pseudonyms, most).restore_json(value)})
        except RestoredTooMuchError:
            raise RefusalError("body_too_large", f"The values to put back are larger than this assistant accepts: {most} bytes.") from None
        except (ValueError, TypeError):
            raise RefusalError("invalid_json") from None

    await call.answer(200, await _beside(call, work))


def _brought(asked: Body, known: set[str]) -> tuple[str, Any]:
    """Return which of `text` and `json` a request has, and its value; raises RefusalError."""
    if asked.keys() - known or ("text" in asked) == ("json" in asked):
        raise RefusalError("invalid_request", "The request must have one of the fields 'text' and 'json', and none that is not known.")
    if "json" in asked:
        return "json", asked["json"]
    if type(asked["text"]) is not str:
        raise RefusalError("invalid_request", "The field 'text' must be a string.", param="text")
    return "text", asked["text"]


async def _beside(call: "Call", work: Callable[[], Done]) -> Done:
    """Do the work; where it is much in a thread, so that others' answers go on meanwhile."""
    return await asyncio.to_thread(work) if call.exchange.request_bytes > _THREAD_BYTES else work()


def _sealed(call: "Call", pseudonyms: "Pseudonyms") -> str:
    return base64.b64encode(_key(call).seal(pseudonyms.dump(), _label(call))).decode()


def _opened(call: "Call", asked: Body) -> "Pseudonyms | None":
    """Return what a request's mapping holds, None where /v1/redact had nothing to map and said null. Raises RefusalError."""
    from assistant_gateway.redaction.replacing.pseudonyms import Pseudonyms
    from assistant_gateway.sealing.errors import SealBrokenError

    mapping = asked.get("mapping")
    if mapping is None and "mapping" in asked:
        return None
    if type(mapping) is not str:
        raise RefusalError("invalid_request", "The field 'mapping' must be the one that /v1/redact answered with.", param="mapping")
    try:
        return Pseudonyms.load(_key(call).open(base64.b64decode(mapping, validate=True), _label(call)))
    except (SealBrokenError, binascii.Error, ValueError):
        raise RefusalError("mapping_invalid", param="mapping") from None


def _key(call: "Call") -> "DataKey":
    """Return the key that is the caller's alone: made of the API key that this request carries, which is stored nowhere here."""
    from assistant_gateway.sealing.keys import DataKey  # ciphers, which an assistant that keeps nothing does without until it is asked

    return DataKey(hmac.digest(auth.presented(call.headers), _LABEL, "sha256"))


def _label(call: "Call") -> bytes:
    return _LABEL + call.identity.subject.encode()


ROUTES: Final = (
    Route("/v1/redact", "POST", OPENAI, handler=redact, accepts="json"),
    Route("/v1/restore", "POST", OPENAI, handler=restore, accepts="json"),
)
