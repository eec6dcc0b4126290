"""Certificates that are published: the assistant's CA for its clients, and the CA bundle that a pull trusts."""

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import CA_ENTRY, COMPONENT_ASSISTANT, COMPONENT_PULL
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest


def ca_config(context: Context) -> Manifest | None:
    """Return the ConfigMap whose ca.crt clients trust (core/v1); None where no CA certificate is known."""
    if context.ca_certificate is None:
        return None
    return Manifest(
        api_version="v1",
        kind="ConfigMap",
        metadata=context.metadata(context.names.ca_config, COMPONENT_ASSISTANT),
        body={"data": {CA_ENTRY: context.ca_certificate}},
    )


def pull_ca_config(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the ConfigMap with the bundle that the pull trusts (core/v1); None where the image's own suffices or nothing is pulled."""
    if context.installation.pull_ca is None or spec.model.source.claim is not None:
        return None
    return Manifest(
        api_version="v1",
        kind="ConfigMap",
        metadata=context.metadata(context.names.pull_ca_config, COMPONENT_PULL),
        body={"data": {CA_ENTRY: context.installation.pull_ca}},
    )
