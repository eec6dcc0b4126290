"""The ServiceAccount of the assistant's pods: a name without rights, and no token of it is mounted anywhere."""

from assistant_operator.naming import COMPONENT_ASSISTANT
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest


def service_account(context: Context) -> Manifest:
    """Return the ServiceAccount (core/v1)."""
    return Manifest(
        api_version="v1",
        kind="ServiceAccount",
        metadata=context.metadata(context.names.service_account, COMPONENT_ASSISTANT),
        body={"automountServiceAccountToken": False},
    )
