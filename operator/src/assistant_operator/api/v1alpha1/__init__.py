"""privateassistant.dev/v1alpha1."""

from assistant_operator.api.v1alpha1.spec import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.status import PrivateAssistantStatus

__all__ = ["PrivateAssistantSpec", "PrivateAssistantStatus"]
