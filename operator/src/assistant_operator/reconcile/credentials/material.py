"""What the Secrets of an assistant came to, and the three ways to look at one: ours, the user's, and one entry of either.

Secrets are read by name, never listed, never watched. Neighbours: secrets.py (certificate, keys, the registry's credentials) and
store_secrets.py (what the store and the ingests need).
"""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from assistant_operator import errors
from assistant_operator.kube.client import Client
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import SECRET
from assistant_operator.kube.objects import Object, controller, controller_uid, name_of
from assistant_operator.naming import KIND
from assistant_operator.reconcile.conditions import GATEWAY_READY
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest

COLLISION_RECHECK = 60.0
"""Others' objects are not watched."""
RECHECK = 15.0
"""Seconds until a missing or wrong Secret is looked at again."""


@dataclass(frozen=True, slots=True)
class ExternalStore:
    """What the Secret of a user's store says."""

    host: str
    port: int
    database: str
    secret: str
    username_entry: str
    ca: tuple[str, str] | None
    """Secret and entry of the CA certificate."""


@dataclass(slots=True)
class Material:
    """What the Secrets came to."""

    known: frozenset[Ref] = frozenset()
    """Made by earlier passes: these are looked for before they are made."""
    ca_certificate: str | None = None
    store: ExternalStore | None = None
    """Where the user's store is, as its Secret says."""
    made: list[Ref] = field(default_factory=list)
    tried: list[Ref] = field(default_factory=list)
    """What this pass has begun to make, whether that was answered or not."""
    problems: list[errors.StatedError] = field(default_factory=list)
    recheck_at: datetime | None = None
    """When a certificate wants to be looked at again."""

    def look_again(self, at: datetime) -> None:
        """Remember the earliest time."""
        self.recheck_at = at if self.recheck_at is None else min(self.recheck_at, at)


async def gather(material: Material, steps: Iterable[Awaitable[None]]) -> None:
    """Take the steps side by side, and collect the problems that they meet."""
    for problem in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(problem, errors.StatedError):
            material.problems.append(problem)
        elif problem is not None:
            raise problem


def waiting(reason: str, message: str, condition: str = GATEWAY_READY) -> errors.WaitingError:
    return errors.WaitingError(reason, message, condition=condition, after=RECHECK)


def collision(obj: Object, assistant: str) -> errors.StatedError:
    """Return what to say of an object that is not this assistant's, which has that name, though it has the name of one that is."""
    kind, name, owner = obj["kind"], name_of(obj), controller(obj)
    if (owner.get("kind"), owner.get("name")) == (KIND, assistant):
        text = f"{kind} {name} is of an earlier assistant of this name: it is left alone, and the garbage collector removes it."
        return errors.WaitingError("NameCollision", text, after=RECHECK)
    text = f"{kind} {name} exists and is not this assistant's: it is left alone. Remove it, or name the assistant otherwise."
    return errors.TerminalError("NameCollision", text, after=COLLISION_RECHECK)


async def own(client: Client, context: Context, name: str, make: Callable[[], Manifest], material: Material) -> Object:
    """Return a Secret of ours, made if it is missing."""
    ref = Ref.named(SECRET, context.names.namespace, name)
    live = await client.get(SECRET, ref.namespace, name) if ref in material.known else None
    if live is None:
        material.tried.append(ref)
        try:
            live = await client.create(make().to_dict())
        except errors.AlreadyExistsError:
            live = await client.get(SECRET, ref.namespace, name)
            if live is None:
                raise
    return mine(context, ref, live, material)


def mine(context: Context, ref: Ref, live: Object, material: Material) -> Object:
    """Return a Secret that is there, if it is this assistant's."""
    if controller_uid(live) != context.uid:
        raise collision(live, context.names.assistant)
    material.made.append(ref)
    return live


async def brought(client: Client, context: Context, name: str, where: str, condition: str = GATEWAY_READY) -> Object:
    """Return a Secret of the user's."""
    live = await client.get(SECRET, context.names.namespace, name)
    if live is None:
        raise waiting("SecretNotFound", f"{where}: there is no Secret {name} in this namespace. Create it.", condition)
    return live


def entry_of(secret: Object, name: str, entry: str, where: str, condition: str = GATEWAY_READY) -> str:
    """Return one entry of a Secret as text."""
    encoded = (secret.get("data") or {}).get(entry)
    if encoded is None:
        raise waiting("SecretEntryMissing", f"{where}: the Secret {name} has no entry {entry}. Add it.", condition)
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise waiting("SecretEntryInvalid", f"{where}: the entry {entry} of the Secret {name} is not text.", condition) from None
