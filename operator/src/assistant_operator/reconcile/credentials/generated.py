"""Generated keys in their Secrets: made where they are missing, replaced as rotation.py says. Nothing of a key is logged."""

import base64
import logging
import secrets as random_source
from collections.abc import Mapping
from datetime import datetime

from assistant_operator import errors
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.kube.client import Client
from assistant_operator.kube.objects import Object, metadata, name_of, namespace_of
from assistant_operator.naming import COMPONENT_ASSISTANT, KEY_ENTRY, OTHER_KEY_ENTRY
from assistant_operator.reconcile.conditions import timestamp
from assistant_operator.reconcile.credentials.material import Material, entry_of, own
from assistant_operator.reconcile.credentials.rotation import ApiKey, Wish, step
from assistant_operator.resources.context import Context
from assistant_operator.resources.secrets import key_secret

log = logging.getLogger(__name__)


def new_key() -> str:
    return f"pa-{random_source.token_urlsafe(32)}"


async def generated_key(
    client: Client,
    spec: PrivateAssistantSpec,
    context: Context,
    name: str,
    now: datetime,
    material: Material,
    component: str = COMPONENT_ASSISTANT,
) -> Object:
    """Return the Secret of a generated API key, made if it is missing, and taken one step further where the key is being replaced."""
    secret = await own(client, context, name, lambda: key_secret(context, name, new_key(), component=component), material)
    value, other = _text(secret, name, KEY_ENTRY), _text(secret, name, OTHER_KEY_ENTRY)
    if not value:
        return secret  # emptied by hand: told by who reads it
    key = ApiKey.of(secret, value, other)
    then, look = step(key, Wish.of(spec.rotation), now, new_key)
    if look is not None:
        material.look_again(look)
    if then == key:
        return secret
    return await rewrite(client, secret, {KEY_ENTRY: then.value, OTHER_KEY_ENTRY: then.other}, then.times())


async def rewrite(client: Client, live: Object, entries: Mapping[str, str | None], times: Mapping[str, datetime | None]) -> Object:
    """Change entries and times of a Secret, None takes one away; raises ConflictError where it is no longer the one that was read.

    By an update and not by an apply: an apply takes away only what its manager owns alone, and after a restore another one owns it all.
    """
    texts = {name: None if moment is None else timestamp(moment) for name, moment in times.items()}
    wanted = {
        **live,
        "metadata": {**metadata(live), "annotations": _merged(metadata(live).get("annotations"), texts)},
        "data": _merged(live.get("data"), {entry: text and base64.b64encode(text.encode()).decode() for entry, text in entries.items()}),
    }
    written = await client.replace(wanted)
    log.info("A generated key was replaced or retired", extra={"secret": name_of(live), "namespace": namespace_of(live)})
    return written


def _merged(present: Mapping[str, str] | None, changes: Mapping[str, str | None]) -> dict[str, str]:
    merged = {**(present or {}), **changes}
    return {name: text for name, text in merged.items() if text is not None}


def _text(secret: Object, name: str, entry: str) -> str | None:
    """Return an entry; None where it is absent or no text: of the key that counts, the caller tells."""
    try:
        return entry_of(secret, name, entry, "")
    except errors.StatedError:
        return None
