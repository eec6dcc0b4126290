"""Every name, label, annotation, port and path that the operator writes: nothing else concatenates them.

Kubernetes limits that shape the names: a Service's name is at most 63 characters (RFC 1035 label), a StatefulSet's at most 52
(its pods carry `<name>-<10 character hash>` as a label), a label's value at most 63. Longer names are cut and end in a hash of
the whole, so two assistants never share one.
"""

import hashlib
from dataclasses import dataclass

GROUP = "privateassistant.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "PrivateAssistant"
PLURAL = "privateassistants"
SINGULAR = "privateassistant"
SHORT_NAME = "pa"
DEFINITION = f"{PLURAL}.{GROUP}"
"""Name of our CustomResourceDefinition."""

FIELD_MANAGER = "private-assistant-operator"

LABEL_ASSISTANT = f"{GROUP}/assistant"
"""On every object of an assistant, with its name; what watches and selectors use."""
LABEL_COMPONENT = f"{GROUP}/component"
ANNOTATION_INTENT = f"{GROUP}/intent"
"""Hash of the manifest that was last applied: a field that left the intent is seen by it, where a comparison would not see it."""
ANNOTATION_POLICY_REVISION = f"{GROUP}/policy-revision"
"""On the pod template: assistant_gateway.policy.Policy.revision(); a new policy rolls the pods."""
ANNOTATION_EGRESS_REVISION = f"{GROUP}/egress-revision"
"""On the pod template: hash of what the NetworkPolicy lets out; another one rolls the pods, which ends connections that are open."""

ANNOTATION_EGRESS_RULES = f"{GROUP}/egress-rules"
"""On the egress proxy's pod template: hash of its rules; others roll the pod, which ends connections that were made under them."""

ANNOTATION_MADE_AT = f"{GROUP}/made-at"
"""On Secrets with generated keys that were replaced: when the newest key was made."""
ANNOTATION_PUBLISHED_AT = f"{GROUP}/published-at"
"""On the Secret of an API key: when clients could read it first."""
ANNOTATION_STAGED_AT = f"{GROUP}/staged-at"
"""On the Secret of an API key: since when the next key waits for the gateways to know it."""

ANNOTATION_PULL_NETWORKS = f"{GROUP}/pull-networks"
"""On a pull's Job: the further hosts and networks that it was made for."""

ANNOTATION_INPUTS = f"{GROUP}/inputs"
"""On workloads: hash of what their pods follow besides the operator's release. With another one, a change is not the release's alone."""
ANNOTATION_TEMPLATE = f"{GROUP}/template"
"""On workloads: hash of the pod template as it was planned; another one replaces the pods."""
ANNOTATION_RELEASE = f"{GROUP}/release"
"""On workloads: the operator's release and settings by which they were last written."""
ANNOTATION_UPDATED = f"{GROUP}/updated"
"""On workloads: when pods that were ready were replaced for that release, or "well" once they were again; so the roll-out watches them."""
ANNOTATION_UPDATE = f"{GROUP}/update"
"""On a PrivateAssistant, by its owner: with UPDATE_NOW its updates wait for nothing."""
UPDATE_NOW = "Now"

ANNOTATION_REPLICA = f"{GROUP}/replica-"
"""Begins the annotations of the operator's Lease, where namespaces are divided into shards: the replicas that may write."""

LABEL_EGRESS = f"{GROUP}/egress"
"""On pods, by which policies of the whole cluster select them: REACHES_NOTHING, or REACHES_OWN; absent on all others."""
REACHES_NOTHING = "none"
REACHES_OWN = "own"
"""Nothing but the assistant's own pods: its store, its egress proxy."""

COMPONENT_ASSISTANT = "assistant"
COMPONENT_PULL = "pull"
COMPONENT_STORE = "store"
COMPONENT_INGEST = "ingest"
COMPONENT_EGRESS_PROXY = "egress-proxy"

GATEWAY_PORT = 8443
"""TLS, on the pod's address: clients."""
OPS_PORT = 9090
"""Plain HTTP, on the pod's address: /livez, /readyz, /metrics of the gateway; /progress of the puller. Holds no content."""
EVIDENCE_PORT = 9091
"""Plain HTTP, on the pod's address: what the operator has tried from inside the pod's network namespace. Holds no content."""
CANARY_PORT = 9092
"""TCP and UDP, of the pod that the installation runs to be tried: no assistant may reach it, the operator can."""
OLLAMA_PORT = 11434
"""On the pod's loopback only."""
SERVICE_PORT = 443
STORE_PORT = 5432
"""TLS, on the address of the managed store's pod: the assistant's gateways alone."""
PROXY_PORT = 3128
"""CONNECT, on the address of the egress proxy's pod and of its Service: the assistant's pods alone."""

POLICY_FOLDER = "/etc/private-assistant/policy"
POLICY_FILE = "policy.json"
TLS_FOLDER = "/etc/private-assistant/tls"
KEYS_FOLDER = "/etc/private-assistant/keys"
RUN_FOLDER = "/run/private-assistant"
RUNTIME_LOG_PIPE = f"{RUN_FOLDER}/ollama.log"
MODELS_FOLDER = "/models"
PULL_CA_FOLDER = "/etc/private-assistant/pull-ca"
CREDENTIALS_FOLDER = "/etc/private-assistant/registry"
STORE_FOLDER = "/etc/private-assistant/store"
"""Of the gateway: username, password and, where the system's roots do not do, ca.crt of the store."""
ENCRYPTION_FOLDER = "/etc/private-assistant/encryption"
"""Of the gateway: one file for each key-encryption key."""
DOCUMENTS_FOLDER = "/run/private-assistant-documents"
"""Shared by the gateway and the container that opens hostile files, and by nothing else: RUN_FOLDER has the model server's lines."""
DOCUMENTS_SOCKET = f"{DOCUMENTS_FOLDER}/documents.sock"
SOURCE_FOLDER = "/documents"
"""Of an ingest's pod: the files of its source."""
CA_FOLDER = "/etc/private-assistant/ca"
EGRESS_FOLDER = "/etc/private-assistant/egress"
"""Of the egress proxy: its rules."""
EGRESS_FILE = "rules.json"
INGEST_KEY_FOLDER = "/etc/private-assistant/ingest"

KEY_ENTRY = "api-key"
"""The entry of a key's Secret that holds the key."""
OTHER_KEY_ENTRY = "other-api-key"
"""The entry of a generated key's Secret that gateways accept as well: the next key, or the one before."""
OTHER_KEY_SUFFIX = ".other"
"""Of the file that holds it in a gateway; no key's name has a dot."""
CA_ENTRY = "ca.crt"

STORE_ROLE = "assistant"
"""Role of the managed store's one user, and the name of its one database."""
INGEST_KEY = "ingest.internal"
"""Name of the ingest's API key: no key of a spec can be called so."""
INGEST_SUBJECT = "system:ingest"

MAX_NAME = 63
MAX_STATEFUL_SET = 52
MAX_JOB = 57
"""A Job's pods are named `<name>-<5 characters>`."""
MAX_CRON_JOB = 52
"""A CronJob's Jobs are named `<name>-<10 digits>`."""


def fit(name: str, limit: int = MAX_NAME) -> str:
    """Return the name, cut to the limit with a hash of the whole at its end where it is longer."""
    if len(name) <= limit:
        return name
    tail = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-.')}-{tail}"


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one assistant's objects."""

    namespace: str
    assistant: str

    @property
    def service(self) -> str:
        return self.assistant

    @property
    def headless_service(self) -> str:
        return fit(f"{self.assistant}-headless")

    @property
    def service_account(self) -> str:
        return self.assistant

    @property
    def stateful_set(self) -> str:
        return fit(self.assistant, MAX_STATEFUL_SET)

    @property
    def disruption_budget(self) -> str:
        return self.assistant

    @property
    def network_policy(self) -> str:
        return self.assistant

    @property
    def pull_network_policy(self) -> str:
        return fit(f"{self.assistant}-pull")

    @property
    def models_claim(self) -> str:
        return fit(f"{self.assistant}-models")

    @property
    def policy_config(self) -> str:
        return fit(f"{self.assistant}-policy")

    @property
    def ca_config(self) -> str:
        """ConfigMap with the CA certificate that clients trust."""
        return fit(f"{self.assistant}-ca")

    @property
    def pull_ca_config(self) -> str:
        return fit(f"{self.assistant}-pull-ca")

    @property
    def ca_secret(self) -> str:
        """Secret with the CA's key: read by the operator, mounted nowhere."""
        return fit(f"{self.assistant}-ca")

    @property
    def tls_secret(self) -> str:
        return fit(f"{self.assistant}-tls")

    def key_secret(self, key: str) -> str:
        """Secret of one generated API key."""
        return fit(f"{self.assistant}-key-{key}")

    def pull_job(self, revision: str) -> str:
        """Job that brings one model; the revision is 8 hex digits over what it pulls."""
        return fit(f"{self.assistant}-pull-{revision}", MAX_JOB)

    @property
    def store(self) -> str:
        """StatefulSet, Service, PersistentVolumeClaim and NetworkPolicy of the managed store, and the Secret with its credentials."""
        return fit(f"{self.assistant}-store", MAX_STATEFUL_SET)

    @property
    def store_tls_secret(self) -> str:
        return fit(f"{self.assistant}-store-tls")

    @property
    def store_host(self) -> str:
        """The managed store's name in its certificate and in the gateway's policy."""
        return f"{self.store}.{self.namespace}.svc"

    @property
    def encryption_secret(self) -> str:
        """Secret with the key-encryption keys: whoever has it and the store can read what is kept."""
        return fit(f"{self.assistant}-encryption")

    @property
    def ingest_secret(self) -> str:
        """Secret with the API key of the ingests."""
        return fit(f"{self.assistant}-ingest")

    @property
    def ingest_network_policy(self) -> str:
        return fit(f"{self.assistant}-ingest")

    def ingest_job(self, source: str, revision: str) -> str:
        """Job that brings a source's documents once; the revision is 8 hex digits over what it brings and into which store."""
        return fit(f"{self.assistant}-ingest-{source}-{revision}", MAX_JOB)

    def ingest_cron_job(self, source: str) -> str:
        """CronJob that brings a source's documents again and again."""
        return fit(f"{self.assistant}-ingest-{source}", MAX_CRON_JOB)

    @property
    def egress_proxy(self) -> str:
        """Deployment, Service, ConfigMap and NetworkPolicy of the egress proxy."""
        return fit(f"{self.assistant}-egress")

    def labels(self, component: str) -> dict[str, str]:
        """Labels of every object; the component says which of the assistant's kinds of pod it belongs to."""
        return {
            "app.kubernetes.io/name": "private-assistant",
            "app.kubernetes.io/instance": self.assistant,
            "app.kubernetes.io/component": component,
            "app.kubernetes.io/managed-by": FIELD_MANAGER,
            LABEL_ASSISTANT: self.assistant,
            LABEL_COMPONENT: component,
        }

    def selector(self, component: str) -> dict[str, str]:
        """Labels that select the component's pods; immutable in a StatefulSet, so only our own two."""
        return {LABEL_ASSISTANT: self.assistant, LABEL_COMPONENT: component}

    def dns_names(self, cluster_domain: str) -> tuple[str, ...]:
        """Every name under which a client in the cluster, or one with a port-forward, calls the assistant."""
        base = self.service
        return (
            base,
            f"{base}.{self.namespace}",
            f"{base}.{self.namespace}.svc",
            f"{base}.{self.namespace}.svc.{cluster_domain}",
            "localhost",
        )
