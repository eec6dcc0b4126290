"""The ConfigMap with the gateway's policy file.

The file's model is the gateway's (assistant_gateway.policy): what is written here is what is read there.
"""

from assistant_gateway import policy as gateway
from assistant_model.reference import Reference
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import COMPONENT_ASSISTANT, POLICY_FILE
from assistant_operator.resources.context import Context, ServingModel
from assistant_operator.resources.manifest import Manifest


def policy_config(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the ConfigMap (core/v1); None until a model is verified, since a policy names the digest that may be served."""
    if context.serving is None:
        return None
    return Manifest(
        api_version="v1",
        kind="ConfigMap",
        metadata=context.metadata(context.names.policy_config, COMPONENT_ASSISTANT),
        body={"data": {POLICY_FILE: policy(spec, context, context.serving).to_json()}},
    )


def policy(spec: PrivateAssistantSpec, context: Context, serving: ServingModel) -> gateway.Policy:
    """Return the policy that the gateway enforces for this spec and the model that is served."""
    access, limits = spec.access, spec.access.limits
    return gateway.Policy(
        api_version="policy.privateassistant.dev/v1",
        assistant=gateway.AssistantRef(namespace=context.names.namespace, name=context.names.assistant),
        generation=context.generation,
        model=gateway.ModelPolicy(
            name=Reference.parse(serving.name).short, digest=serving.digest, context_length=spec.model.context_length
        ),
        keys=tuple(
            gateway.KeyPolicy(name=key.name, subject=key.subject or key.name, groups=tuple(sorted(key.groups)))
            for key in sorted(access.keys, key=lambda key: key.name)
        ),
        limits=gateway.Limits(
            requests_per_minute=limits.requests_per_minute,
            concurrent_requests=limits.concurrent_requests,
            max_body_bytes=limits.max_body_bytes,
            max_output_tokens=limits.max_output_tokens,
        ),
        logging=gateway.LoggingPolicy(level=spec.logging.level, format=spec.logging.format, runtime=spec.logging.runtime),
        retention=gateway.RetentionPolicy(conversations=gateway.ConversationRetention(mode=spec.retention.conversations.mode)),
    )
