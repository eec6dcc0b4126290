"""The prefix of a request's pseudonyms: in none of its texts, and the same for a conversation as long as it can be.

So the model server finds what it has read before, which is most of a turn's work. Nobody can tell a prefix from outside.
"""

import itertools
import secrets
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

import orjson

from assistant_gateway.errors import RefusalError
from assistant_gateway.redaction.replacing.pseudonyms import prefix_for

Body = dict[str, Any]

_SECRET: Final = secrets.token_bytes(32)


def prefix(body: Body, conversation: str | None, subject: str | None) -> str:
    """Return the prefix for a request of a kept conversation, or of a subject's; raises RefusalError for one nested too deeply."""
    try:
        return prefix_for([orjson.dumps(body)], _chooser(_seed(body, conversation, subject)))
    except TypeError:  # nested too deeply to be written, and so to be sent
        raise RefusalError("invalid_json") from None


def _seed(body: Body, conversation: str | None, subject: str | None) -> bytes:
    """Return what a conversation's requests have in common: its id, or how it began."""
    if conversation is not None:
        return conversation.encode()
    messages = body.get("messages")
    if type(messages) is not list:
        return secrets.token_bytes(16)
    first = next((place for place, one in enumerate(messages) if type(one) is dict and one.get("role") == "user"), len(messages))
    return orjson.dumps([subject, messages[: first + 1]])


def _chooser(seed: bytes) -> Callable[[str], str]:
    """Return a choice of letters that is random to everybody else, and the same again for the same seed."""
    numbers = itertools.count()
    key = _drawn(seed, _SECRET)  # once: the seed may be a long text

    def choose(letters: str) -> str:
        return letters[int.from_bytes(_drawn(b"%d" % next(numbers), key)) % len(letters)]

    return choose


def _drawn(data: bytes, key: bytes) -> bytes:
    """Return 16 bytes that nobody can tell without the key (RFC 7693, keyed). hmac takes ten times as long for as few bytes."""
    return blake2b(data, key=key, digest_size=16).digest()
