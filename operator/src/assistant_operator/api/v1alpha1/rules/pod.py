"""Rules on `spec.model.pod`: labels and annotations must neither disturb what confines the pods nor bring others into them."""

from collections.abc import Callable

from assistant_operator.api.v1alpha1.rules.rule import Rule, cel_text, pattern

LABEL_KEY = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
OUR_KEY = (
    r"^(([a-z0-9.-]+\.)?privateassistant\.dev/.*|app\.kubernetes\.io/(name|instance|component|managed-by)|(statefulset|apps|batch)\.kubernetes\.io/.*"
    r"|controller-revision-hash|controller-uid|job-name|pod-template-hash)$"
)
CONFINEMENT_KEY = (
    r"^([a-z0-9.-]*cni\.cncf\.io/.*|v1\.multus-cni\.io/.*|k8s\.ovn\.org/.*|([a-z0-9.-]+\.)?projectcalico\.org/.*"
    r"|networking\.gke\.io/(default-interface|interfaces)"
    r"|container\.(apparmor\.security\.beta|seccomp\.security\.alpha)\.kubernetes\.io/.*|seccomp\.security\.alpha\.kubernetes\.io/.*"
    r"|seccomp-profile\.kubernetes\.cri-o\.io(/.*)?|io\.kubernetes\.cri-o\..*)$"
)
INJECTION_KEY = (
    r"(?i)^(.*inject.*|dapr\.io/enabled|istio\.io/(rev|dataplane-mode)|azure\.workload\.identity/use|admission\.datadoghq\.com/.*)$"
)
"""What asks for containers, for a mesh that takes over the pods' network, or for a token of a service account."""
_OFF = ("false", "disabled", "none")
_KEY_MESSAGE = "keys must be qualified names (prefix in lower case, 63 characters after it): correct the key"


def _keys_not(forbidden: str) -> Callable[[dict[str, str]], bool]:
    matches = pattern(forbidden)
    return lambda entries: not any(matches(key) for key in entries)


def _keys_are_names(entries: dict[str, str]) -> bool:
    matches = pattern(LABEL_KEY)
    return all(matches(key) and len(key.rpartition("/")[0]) <= 253 for key in entries)


def _nothing_injected(entries: dict[str, str]) -> bool:
    matches = pattern(INJECTION_KEY)
    return not any(matches(key) and value not in _OFF for key, value in entries.items())


def _metadata_rules(path: str, what: str) -> tuple[Rule, ...]:
    """Return the rules on labels or annotations of the pods."""
    return (
        Rule(path, "", f"self.all(k, k.matches({cel_text(LABEL_KEY)}))", _keys_are_names, f"{path}: {_KEY_MESSAGE}"),
        Rule(
            path,
            "",
            f"self.all(k, !k.matches({cel_text(OUR_KEY)}))",
            _keys_not(OUR_KEY),
            f"{path} must not set what the operator or Kubernetes sets (privateassistant.dev/, app.kubernetes.io/name and the like): "
            f"policies and selectors depend on it; remove the {what}",
        ),
        Rule(
            path,
            "",
            f"self.all(k, !k.matches({cel_text(CONFINEMENT_KEY)}))",
            _keys_not(CONFINEMENT_KEY),
            f"{path} must not attach networks or loosen AppArmor, seccomp or the CNI's rules: NetworkPolicies do "
            f"not hold there; remove the {what}",
        ),
        Rule(
            path,
            "",
            f"self.all(k, !k.matches({cel_text(INJECTION_KEY)}) || self[k] in {list(_OFF)})",
            _nothing_injected,
            f"{path} must not ask for anything to be injected (containers, a mesh, a token): it would share the model server's loopback "
            f'and pass the gateway by; remove the {what} or set it to "false"',
        ),
    )


RULES: tuple[Rule, ...] = (
    *_metadata_rules("spec.model.pod.annotations", "annotation"),
    *_metadata_rules("spec.model.pod.labels", "label"),
)
