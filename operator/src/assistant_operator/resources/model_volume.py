"""The volume with the weights, and which claim a model lies on.

It is kept until the assistant goes (owner reference). A claim of the user's is mounted read-only and never written, so there is no
manifest for it.
"""

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import COMPONENT_ASSISTANT, Names
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest


def model_claim(spec: PrivateAssistantSpec, names: Names) -> str:
    """Return the PersistentVolumeClaim on which the wanted model lies, or shall lie."""
    claim = spec.model.source.claim
    return names.models_claim if claim is None else claim.name


def model_volume(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the claim for weights that are pulled (core/v1); None where neither the wanted nor the served model lies on it.

    It stays while pods serve from it, though the spec names a claim already: they go on until the other one is verified.
    """
    used = {model_claim(spec, context.names)} | ({context.serving.claim} if context.serving else set())
    if context.names.models_claim not in used:
        return None
    storage = spec.model.storage
    wanted = {"accessModes": sorted(storage.access_modes), "resources": {"requests": {"storage": storage.size}}}
    if storage.storage_class_name is not None:
        wanted["storageClassName"] = storage.storage_class_name
    return Manifest(
        api_version="v1",
        kind="PersistentVolumeClaim",
        metadata=context.metadata(context.names.models_claim, COMPONENT_ASSISTANT),
        body={"spec": wanted},
    )
