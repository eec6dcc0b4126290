"""Rotation on request: what becomes of generated API keys and encryption keys when `spec.rotation` counts them as old.

Pure: a Secret's state goes in, its next state and the time of the next look come out. An API key is replaced in three steps, so that no
client is refused meanwhile: the new one is put beside the old one, where the gateways read it; when all of them have, it takes the old
one's place, which clients read; when the overlap is over, the old one goes. A Secret's annotations carry the times, so a step that was
missed (the operator was away) is taken at the next pass.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from assistant_operator.api.v1alpha1.rotation import Rotation
from assistant_operator.api.v1alpha1.values import seconds
from assistant_operator.kube.objects import Object, annotation, metadata
from assistant_operator.naming import ANNOTATION_MADE_AT, ANNOTATION_PUBLISHED_AT, ANNOTATION_STAGED_AT

SPREAD = timedelta(minutes=3)
"""Until every gateway has a Secret's new entry: a kubelet looks once a minute, at what it may have cached for another."""
NEVER = 9000
"""Year from which on a time is none: there is no time that is an overlap later than the last one that there is."""
MAX_NAME = 32
_NUMBERED = re.compile(r"(.*?)([0-9]+)")


@dataclass(frozen=True, slots=True)
class Wish:
    """`spec.rotation`, read. What was made before a time shall be replaced then."""

    api_keys: datetime | None
    overlap: timedelta
    certificates: datetime | None
    encryption_key: datetime | None

    @classmethod
    def of(cls, rotation: Rotation) -> "Wish":
        """Return what the spec asks for; the guard has seen it."""
        return cls(
            _moment(rotation.api_keys),
            timedelta(seconds=seconds(rotation.api_key_overlap) or 0),
            _moment(rotation.certificates),
            _moment(rotation.encryption_key),
        )


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A generated API key as its Secret has it."""

    value: str
    """What clients read."""
    other: str | None
    """What gateways accept as well: the next key while `staged` is set, the one before otherwise."""
    made: datetime
    published: datetime
    staged: datetime | None

    @classmethod
    def of(cls, secret: Object, value: str, other: str | None) -> "ApiKey":
        """Return the Secret's key; times that are absent or no times are those of the Secret's creation."""
        created = made_at(secret)
        published = _moment(annotation(secret, ANNOTATION_PUBLISHED_AT)) or created
        return cls(value, other, created, published, _moment(annotation(secret, ANNOTATION_STAGED_AT)))

    def times(self) -> dict[str, datetime | None]:
        """Return the times by the annotations that carry them."""
        return {ANNOTATION_MADE_AT: self.made, ANNOTATION_PUBLISHED_AT: self.published, ANNOTATION_STAGED_AT: self.staged}


def step(key: ApiKey, wish: Wish, now: datetime, new: Callable[[], str]) -> tuple[ApiKey, datetime | None]:
    """Return the key's next state, the same where there is nothing to do, and when to look again."""
    if key.staged is not None and key.other is None:
        key = replace(key, staged=None)  # somebody took the next one away
    if key.staged is not None and key.other is not None:
        if wish.overlap and now < key.staged + SPREAD:
            return key, key.staged + SPREAD
        key = ApiKey(key.other, key.value, made=key.staged, published=now, staged=None)
    if key.other is not None and now >= key.published + wish.overlap:
        key = replace(key, other=None)
    if key.other is not None:
        return key, key.published + wish.overlap  # one replacement after the other: each has its overlap
    if is_due(key.made, wish.api_keys, now):
        if not wish.overlap:
            return ApiKey(new(), None, made=now, published=now, staged=None), None
        return replace(key, other=new(), staged=now), now + SPREAD
    return key, wish.api_keys if wish.api_keys is not None and wish.api_keys > now else None


def is_due(made: datetime, before: datetime | None, now: datetime) -> bool:
    """Say whether what was made then shall be replaced now."""
    return before is not None and made < before <= now


def made_at(secret: Object) -> datetime:
    """Return when the Secret's newest key was made: its annotation, or its creation."""
    created = _moment(str(metadata(secret).get("creationTimestamp") or ""))
    return _moment(annotation(secret, ANNOTATION_MADE_AT)) or created or datetime.fromtimestamp(0, UTC)


def next_entry(entries: Collection[str]) -> str | None:
    """Return a name for another encryption key that is greater than all there are: the greatest seals. None where it would be too long."""
    greatest = max(entries)
    numbered = _NUMBERED.fullmatch(greatest)
    name = f"{greatest}-1"
    if numbered and set(numbered[2]) != {"9"}:
        name = numbered[1] + str(int(numbered[2]) + 1).zfill(len(numbered[2]))
    return name if len(name) <= MAX_NAME else None


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None and found.year < NEVER else None
