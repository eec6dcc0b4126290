"""Whether the serving pods can be built: they mount what must be known first."""

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.resources.context import Context


def is_servable(spec: PrivateAssistantSpec, context: Context) -> bool:
    """Say whether the model, with rag the embedding model, and the addresses of the store and the egress proxy, where wanted, are known.

    Until then the plan has neither StatefulSet nor policy nor budget. That is no wish to be rid of those that live: an assistant that
    is given documents goes on without them meanwhile, so the loop does not prune them while this is false.
    """
    if context.serving is None or (spec.rag is not None and context.embedding is None):
        return False
    if spec.egress.hosts and context.proxy_address is None:
        return False  # or pods would be made that do not know their proxy, and rolled a moment later
    return context.store is not None or not spec.keeps
