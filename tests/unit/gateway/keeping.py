"""Policies of assistants that keep something."""

from assistant_gateway import policy
from assistant_gateway.policy import Policy, StorePolicy
from tests.unit.gateway.running import make_policy

EMBEDDING, EMBEDDING_DIGEST = "other:7b", "0f" * 32
"""The scripted model server has it beside the model that chats."""


def keeping_policy(store: StorePolicy, ttl_seconds: int | None = 3600, *, rag: bool = True) -> Policy:
    """Return a policy with a store, conversations that are kept unless the ttl is None, and documents."""
    return make_policy().model_copy(
        update={
            "store": store,
            "retention": policy.RetentionPolicy(
                conversations=policy.ConversationRetention(mode="None" if ttl_seconds is None else "Keep", ttl_seconds=ttl_seconds)
            ),
            "rag": make_rag() if rag else None,
        }
    )


def make_rag() -> policy.RagPolicy:
    return policy.RagPolicy(
        embedding=policy.EmbeddingPolicy(name=EMBEDDING, digest=f"sha256:{EMBEDDING_DIGEST}"),
        chunk=policy.ChunkPolicy(size=800, overlap=100),
        retrieval=policy.RetrievalPolicy(top_k=4, hybrid=True, mode="OnRequest", on_failure="Refuse"),
        sources=(policy.SourcePolicy(name="handbook", groups=("staff",)),),
    )
