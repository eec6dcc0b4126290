"""The ConfigMap with the gateway's policy file.

The file's model is the gateway's (assistant_gateway.policy): what is written here is what is read there.
"""

from assistant_gateway import policy as gateway
from assistant_gateway.redaction.entities import STRUCTURED
from assistant_model.reference import Reference
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.rag import Rag
from assistant_operator.api.v1alpha1.redaction import Redaction
from assistant_operator.api.v1alpha1.values import seconds
from assistant_operator.naming import COMPONENT_ASSISTANT, INGEST_KEY, INGEST_SUBJECT, POLICY_FILE
from assistant_operator.resources.context import Context, ServingModel
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.serving import is_servable


def policy_config(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the ConfigMap (core/v1); None until all that it names is known: the digests that may be served, and the store."""
    if context.serving is None or not is_servable(spec, context):
        return None
    return Manifest(
        api_version="v1",
        kind="ConfigMap",
        metadata=context.metadata(context.names.policy_config, COMPONENT_ASSISTANT),
        body={"data": {POLICY_FILE: policy(spec, context, context.serving).to_json()}},
    )


def policy(spec: PrivateAssistantSpec, context: Context, serving: ServingModel) -> gateway.Policy:
    """Return the policy that the gateway enforces for this spec and the model that is served."""
    limits = spec.access.limits
    return gateway.Policy(
        api_version="policy.privateassistant.dev/v1",
        assistant=gateway.AssistantRef(namespace=context.names.namespace, name=context.names.assistant),
        generation=context.generation,
        model=gateway.ModelPolicy(
            name=Reference.parse(serving.name).short, digest=serving.digest, context_length=spec.model.context_length
        ),
        keys=_keys(spec),
        limits=gateway.Limits(
            requests_per_minute=limits.requests_per_minute,
            concurrent_requests=limits.concurrent_requests,
            max_body_bytes=limits.max_body_bytes,
            max_output_tokens=limits.max_output_tokens,
        ),
        logging=gateway.LoggingPolicy(level=spec.logging.level, format=spec.logging.format, runtime=spec.logging.runtime),
        retention=_retention(spec),
        store=_store(context) if spec.keeps else None,
        rag=_rag(spec.rag, context.embedding) if spec.rag is not None and context.embedding is not None else None,
        egress=gateway.EgressPolicy(evidence=spec.egress.evidence.mode),
        redaction=_redaction(spec.redaction),
    )


def _keys(spec: PrivateAssistantSpec) -> tuple[gateway.KeyPolicy, ...]:
    keys = [
        gateway.KeyPolicy(name=key.name, subject=key.subject or key.name, groups=tuple(sorted(key.groups)), role=key.role)
        for key in sorted(spec.access.keys, key=lambda key: key.name)
    ]
    if spec.rag is not None and spec.rag.sources:
        keys.append(gateway.KeyPolicy(name=INGEST_KEY, subject=INGEST_SUBJECT, role="Ingest"))
    return tuple(keys)


def _retention(spec: PrivateAssistantSpec) -> gateway.RetentionPolicy:
    retention = spec.retention
    return gateway.RetentionPolicy(
        conversations=gateway.ConversationRetention(mode=retention.conversations.mode, ttl_seconds=_seconds(retention.conversations.ttl)),
        documents=gateway.DocumentRetention(ttl_seconds=_seconds(retention.documents.ttl)),
        per_request_opt_out=retention.per_request_opt_out,
    )


def _store(context: Context) -> gateway.StorePolicy | None:
    store = context.store
    return None if store is None else gateway.StorePolicy(host=store.name, port=store.port, database=store.database)


def _rag(rag: Rag, embedding: ServingModel) -> gateway.RagPolicy:
    retrieval = rag.retrieval
    return gateway.RagPolicy(
        embedding=gateway.EmbeddingPolicy(name=Reference.parse(embedding.name).short, digest=embedding.digest),
        chunk=gateway.ChunkPolicy(size=rag.chunk.size, overlap=rag.chunk.overlap),
        retrieval=gateway.RetrievalPolicy(
            top_k=retrieval.top_k,
            hybrid=retrieval.hybrid,
            min_score=retrieval.min_score,
            mode=retrieval.mode,
            on_failure=retrieval.on_failure,
        ),
        sources=tuple(
            gateway.SourcePolicy(name=source.name, groups=None if source.groups is None else tuple(sorted(source.groups)))
            for source in sorted(rag.sources, key=lambda source: source.name)
        ),
    )


def _redaction(redaction: Redaction) -> gateway.RedactionPolicy:
    """Return the same with the types spelled out: a gateway of a later version, which knows more of them, looks for no others."""
    request, response = redaction.request, redaction.response
    return gateway.RedactionPolicy(
        request=gateway.RequestRedaction(action=request.action, entities=redaction.request_types or STRUCTURED),
        response=gateway.ResponseRedaction(action=response.action, entities=response.types or STRUCTURED),
        names=gateway.NamesPolicy(mode=redaction.names.mode),
        patterns=tuple(
            gateway.PatternPolicy(name=pattern.name, expression=pattern.expression)
            for pattern in sorted(redaction.patterns, key=lambda pattern: pattern.name)
        ),
        allow_unscanned_media=redaction.allow_unscanned_media,
    )


def _seconds(ttl: str | None) -> int | None:
    return None if ttl is None else seconds(ttl)
