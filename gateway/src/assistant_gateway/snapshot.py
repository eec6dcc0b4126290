"""What one request is judged by: a policy and everything made from it, swapped as a whole so that no request sees half of a change."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant_gateway.auth import KeyRing
from assistant_gateway.policy import Policy
from assistant_gateway.wire.fields import Rules
from assistant_model.reference import DEFAULT_HOST, DEFAULT_NAMESPACE, DEFAULT_TAG, Reference

if TYPE_CHECKING:
    from assistant_gateway.redaction.asking import NamesFinder
    from assistant_gateway.redaction.names.client import Mode
    from assistant_gateway.redaction.service import Redaction

    NamesOf = Callable[[Mode], NamesFinder]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A valid policy with its keys."""

    policy: Policy
    revision: str
    keys: KeyRing
    rules: Rules
    redaction: "Redaction | None" = None
    """None: nothing is looked for, and nothing that could is loaded."""

    @classmethod
    def of(cls, policy: Policy, keys: KeyRing, names: "NamesOf | None" = None, before: "Snapshot | None" = None) -> "Snapshot":
        """Return the snapshot; raises ValueError if a model of the policy is no reference, PatternError for a pattern that is refused.

        `names` gives what finds names in a mode; it outlives the snapshot. Without it, a policy that wants names found serves nobody.
        Of the snapshot before, what masks is taken on where the policy asks for the same: it has been tried, and a new one would refuse
        requests until it has been too.
        """
        embedding = None if policy.rag is None else policy.rag.embedding.name
        rules = Rules(
            policy.model.name,
            spellings(policy.model.name),
            policy.limits.max_output_tokens,
            policy.model.context_length,
            embedding,
            frozenset() if embedding is None else spellings(embedding),
        )
        is_same = before is not None and before.policy.redaction == policy.redaction
        redaction = before.redaction if before is not None and is_same else _redaction(policy, names)
        return cls(policy, policy.revision(), keys, rules, redaction)


@dataclass(slots=True)
class Current:
    """The snapshot in force and whether requests may be served; watch.py and readiness.py write it, app.py reads it."""

    snapshot: Snapshot
    ready: bool = False
    draining: bool = False


def _redaction(policy: Policy, names: "NamesOf | None") -> "Redaction | None":
    if policy.redaction.request.action == policy.redaction.response.action == "Off":
        return None
    from assistant_gateway.redaction.service import Redaction

    mode = policy.redaction.names.mode
    return Redaction(policy.redaction, None if names is None or mode == "Off" else names(mode))


def spellings(name: str) -> frozenset[str]:
    """Return every way to write the model's name that means the same model: default host, namespace and tag may be left out."""
    reference = Reference.parse(name)
    paths = {f"{reference.host}/{reference.namespace}/{reference.model}"}
    if reference.host == DEFAULT_HOST:
        paths.add(f"{reference.namespace}/{reference.model}")
        if reference.namespace == DEFAULT_NAMESPACE:
            paths.add(reference.model)
    found = {f"{path}:{reference.tag}" for path in paths}
    return frozenset(found | paths | {name} if reference.tag == DEFAULT_TAG else found | {name})
