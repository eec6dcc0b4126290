"""An assistant with memory as its chats see it, without a store: what conversations/ and retrieval/ offer, in the test's own hands."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from assistant_gateway import policy, routes
from assistant_gateway.auth import Identity
from assistant_gateway.conversations import messages, shapes
from assistant_gateway.errors import RefusalError
from assistant_gateway.policy import Policy
from assistant_gateway.protocol.routing import Table
from assistant_gateway.retrieval.retriever import Hit
from tests.unit.gateway.fake_ollama import FakeOllama
from tests.unit.gateway.running import RunningGateway, make_policy, run_gateway

EMBEDDING = "embed:33m"
EMBEDDING_DIGEST = "sha256:" + "e5" * 32


def hit(text: str, score: float = 0.75, file_name: str | None = "handbook.md", metadata: dict[str, Any] | None = None) -> Hit:
    """Return a piece that was found."""
    return Hit(score, uuid4(), file_name, metadata or {}, text, 0)


class FakeConversations:
    """Keeps items in memory; `error` is what the store says instead."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, UUID], list[dict[str, Any]]] = {}
        self.history_error: Exception | None = None
        self.append_error: Exception | None = None
        self.limits: list[int] = []

    def make(self, subject: str = "Alice", *items: dict[str, Any]) -> str:
        """Make a conversation and return its id."""
        conversation = uuid4()
        self.kept[subject, conversation] = [item for one in items for item in shapes.kept(one)]
        return f"conv_{conversation.hex}"

    def items(self, conversation: str, subject: str = "Alice") -> list[dict[str, Any]]:
        return self.kept[subject, UUID(conversation.removeprefix("conv_"))]

    def messages(self, conversation: str, subject: str = "Alice") -> list[dict[str, Any]]:
        return messages.of_items(self.items(conversation, subject))

    async def history(self, identity: Identity, conversation: UUID, limit_bytes: int) -> list[dict[str, Any]]:
        self.limits.append(limit_bytes)
        if self.history_error is not None:
            raise copy(self.history_error)  # the test's own would hold on to the request by its traceback
        if (identity.subject, conversation) not in self.kept:
            raise RefusalError("not_found")
        return messages.of_items(self.kept[identity.subject, conversation])

    async def append(self, identity: Identity, conversation: UUID, items: Iterable[Mapping[str, Any]]) -> None:
        if self.append_error is not None:
            raise copy(self.append_error)  # the test's own would hold on to the request by its traceback
        if (identity.subject, conversation) not in self.kept:
            raise RefusalError("not_found")
        self.kept[identity.subject, conversation] += [item for one in items for item in shapes.kept(one)]


class FakeRetriever:
    """Finds what the test says; `error` is what goes wrong instead."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.error: Exception | None = None
        self.asked: list[tuple[str, str, list[UUID] | None]] = []

    async def retrieve(self, identity: Identity, text: str, docs_ids: list[UUID] | None, limit: int | None = None) -> list[Hit]:
        self.asked.append((identity.subject, text, docs_ids))
        if self.error is not None:
            raise copy(self.error)  # the test's own would hold on to the request by its traceback
        return self.hits


@dataclass
class FakeMemory:
    conversations: FakeConversations = field(default_factory=FakeConversations)
    retriever: FakeRetriever = field(default_factory=FakeRetriever)
    library: object = field(default_factory=object)


def remembering(
    mode: str = "OnRequest", on_failure: str = "Refuse", *, keep: bool = True, rag: bool = True, opt_out: bool = True, **limits: int
) -> Policy:
    """Return the policy of an assistant with memory."""
    retrieval = policy.RetrievalPolicy.model_validate(
        {"topK": 4, "hybrid": True, "mode": mode, "onFailure": on_failure},
    )
    documents = policy.RagPolicy(
        embedding=policy.EmbeddingPolicy(name=EMBEDDING, digest=EMBEDDING_DIGEST),
        chunk=policy.ChunkPolicy(size=800, overlap=100),
        retrieval=retrieval,
    )
    kept = policy.ConversationRetention(mode="Keep", ttl_seconds=3600) if keep else policy.ConversationRetention(mode="None")
    more = {
        "store": policy.StorePolicy(host="store", port=5432, database="assistant"),
        "rag": documents if rag else None,
        "retention": policy.RetentionPolicy(conversations=kept, per_request_opt_out=opt_out),
    }
    return make_policy(**limits).model_copy(update=more)


@asynccontextmanager
async def run_remembering(fake: FakeOllama, tls: Path, wanted: Policy | None = None) -> AsyncIterator[tuple[RunningGateway, FakeMemory]]:
    """Run a gateway with memory."""
    memory = FakeMemory()
    async with run_gateway(fake, tls, wanted or remembering(), memory=memory, table=Table(routes.TABLE)) as gateway:
        yield gateway, memory
