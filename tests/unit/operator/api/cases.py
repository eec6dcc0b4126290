"""Good and bad resources: the table that admission (a real API server) and the loop's guard must agree on.

A bad case names the field that the refusal must name. Cases come from users' mistakes and from people who want to get round a promise.
"""

import copy
from dataclasses import dataclass
from typing import Any

from assistant_gateway.redaction.entities import STRUCTURED
from assistant_operator.naming import API_VERSION, KIND

DIGEST = "sha256:" + "0123456789abcdef" * 4


@dataclass(frozen=True)
class Case:
    """One resource; `field` is None where it is good."""

    id: str
    spec: dict[str, Any]
    field: str | None = None
    name: str = "minimal"
    schema: bool = False
    """Refused by the schema itself (type, bound, pattern, unknown field) and not by a rule of ours."""

    def body(self) -> dict[str, Any]:
        return body(self.spec, self.name)


def body(spec: dict[str, Any], name: str = "minimal", namespace: str = "default") -> dict[str, Any]:
    """Return a whole resource."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": copy.deepcopy(spec)}


def model(**fields: Any) -> dict[str, Any]:
    return {"model": {"name": "smollm2:135m", **fields}}


def registry(**fields: Any) -> dict[str, Any]:
    return model(source={"registry": fields})


def egress(*cidrs: str, mode: str = "Allowlist", **fields: Any) -> dict[str, Any]:
    return {**model(), "egress": {"mode": mode, "allow": [{"cidr": cidr, "ports": [{"port": 443}]} for cidr in cidrs], **fields}}


def destinations(*allow: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**model(), "egress": {"mode": "Allowlist", "allow": list(allow), **fields}}


def hosts(*names: str, **fields: Any) -> dict[str, Any]:
    return destinations(*({"host": name} for name in names), **fields)


REPORTED: dict[str, Any] = {"evidence": {"mode": "Reported"}}


def evidence(*paths: str, mode: str = "Required") -> dict[str, Any]:
    return {**model(), "egress": {"evidence": {"mode": mode, **({"paths": list(paths)} if paths else {})}}}


def port(**fields: Any) -> dict[str, Any]:
    return {**model(), "egress": {"mode": "Allowlist", "allow": [{"cidr": "10.0.0.0/8", "ports": [fields]}]}}


def access(**fields: Any) -> dict[str, Any]:
    return {**model(), "access": fields}


def peer(**fields: Any) -> dict[str, Any]:
    return access(**{"from": [fields]})


def block(cidr: str, *exceptions: str) -> dict[str, Any]:
    return peer(ipBlock={"cidr": cidr, **({"except": list(exceptions)} if exceptions else {})})


def rag(**fields: Any) -> dict[str, Any]:
    return {**model(embedding="all-minilm:l6-v2"), "rag": fields}


def source(name: str = "handbook", **fields: Any) -> dict[str, Any]:
    return rag(
        sources=[{"name": name, **(fields if {"configMap", "claim"} & fields.keys() else {"configMap": {"name": "docs"}, **fields})}]
    )


def redaction(request: dict[str, Any] | None = None, response: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    directions = {name: part for name, part in (("request", request), ("response", response)) if part is not None}
    return {**model(), "redaction": directions | fields}


def pattern(expression: str = "STAFF-[0-9]{4}", name: str = "staff-id") -> dict[str, Any]:
    return redaction(patterns=[{"name": name, "expression": expression}])


def keep(ttl: str | None = "30d", **fields: Any) -> dict[str, Any]:
    conversations = {"mode": "Keep", **({} if ttl is None else {"ttl": ttl})}
    return {**model(), "retention": {"conversations": conversations, **fields}}


def window(**fields: Any) -> dict[str, Any]:
    return {**model(), "maintenance": {"window": {"start": "02:00", **fields}}}


def rotation(**fields: Any) -> dict[str, Any]:
    return {**model(), "rotation": fields}


def store(**fields: Any) -> dict[str, Any]:
    return {**keep(), "store": fields}


def external(*peers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    peers = peers or ({"podSelector": {"matchLabels": {"app": "pg"}}},)
    return store(external={"secretRef": {"name": "pg-app"}, "peers": list(peers), **fields})


def key(name: str = "default", **fields: Any) -> dict[str, Any]:
    return {"name": name, **fields}


EVERYTHING: dict[str, Any] = {
    "suspend": False,
    "maintenance": {"window": {"days": ["Saturday", "Sunday"], "start": "02:30", "duration": "90m", "timeZone": "Europe/Berlin"}},
    "model": {
        "name": "registry.corp:5000/library/m:tag",
        "digest": DIGEST,
        "embedding": "registry.corp:5000/library/e:tag",
        "contextLength": 4096,
        "keepAlive": "1h30m",
        "parallel": 4,
        "replicas": 2,
        "resources": {"limits": {"cpu": 4, "memory": "8Gi", "nvidia.com/gpu": 1}, "requests": {"cpu": "500m", "memory": "8Gi"}},
        "image": "docker.io/ollama/ollama:0.24.0",
        "storage": {"size": "100Gi", "storageClassName": "fast", "accessModes": ["ReadWriteMany"]},
        "source": {
            "registry": {
                "insecure": True,
                "credentialsSecretRef": {"name": "registry"},
                "hosts": ["blobs.corp"],
                "cidrs": ["10.244.0.0/16", "fd00::/64"],
            }
        },
        "pod": {
            "nodeSelector": {"gpu": "true"},
            "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
            "affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]}]
                    }
                },
                "podAntiAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {
                            "weight": 10,
                            "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"a": "b"}}},
                        }
                    ]
                },
            },
            "runtimeClassName": "nvidia",
            "priorityClassName": "high",
            "annotations": {"example.com/owner": "team", "sidecar.istio.io/inject": "false"},
            "labels": {"team": "a", "app.kubernetes.io/part-of": "search"},
        },
    },
    "egress": {
        "mode": "Allowlist",
        "allow": [{"cidr": "10.20.0.0/16", "ports": [{"port": 443}, {"port": 8000, "endPort": 8010, "protocol": "UDP"}]}],
        "acknowledgeOpenEgress": False,
        "evidence": {"mode": "Reported", "paths": ["pods", "dns", "apiServer"]},
    },
    "access": {
        "from": [
            {"podSelector": {"matchLabels": {"app": "web"}}},
            {"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "In", "values": ["a"]}]}, "podSelector": {}},
            {"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.0/28"]}},
        ],
        "keys": [
            {"name": "web", "subject": "web frontend", "groups": ["staff", "web"]},
            {"name": "batch", "secretRef": {"name": "batch-key", "key": "token"}},
            {"name": "officer", "role": "DataOfficer"},
        ],
        "tls": {"mode": "Secret", "secretName": "assistant-tls"},
        "limits": {"requestsPerMinute": 60, "concurrentRequests": 8, "maxBodyBytes": 1048576, "maxOutputTokens": 1024},
    },
    "rotation": {"apiKeys": "2026-12-01T22:00:00Z", "apiKeyOverlap": "1h30m", "encryptionKey": "2027-01-01T00:00:00+01:00"},
    "logging": {"level": "DEBUG", "format": "Text", "runtime": "Discard"},
    "retention": {"conversations": {"mode": "Keep", "ttl": "30d"}, "documents": {"ttl": "365d"}, "perRequestOptOut": False},
    "redaction": {
        "request": {"action": "Mask", "entities": ["TOKEN", "EMAIL", "PERSON"]},
        "response": {"action": "Block", "entities": ["PRIVATE_KEY"]},
        "names": {"mode": "HighRecall"},
        "patterns": [{"name": "staff-id", "expression": r"\b(?i:staff)-\d{4}\b"}, {"name": "case", "expression": "[A-Z]{2}/[0-9]+"}],
        "allowUnscannedMedia": True,
    },
    "rag": {
        "sources": [
            {
                "name": "handbook",
                "configMap": {"name": "handbook"},
                "include": ["*.md"],
                "schedule": "0 3 * * MON-FRI",
                "groups": ["staff"],
            },
            {"name": "scans", "claim": {"name": "scans"}, "include": ["**/*.pdf", "letters/*"], "groups": []},
        ],
        "retrieval": {"topK": 8, "hybrid": False, "minScore": 0.25, "mode": "Always", "onFailure": "Answer"},
        "chunk": {"size": 1200, "overlap": 200},
    },
    "store": {
        "external": {
            "secretRef": {"name": "pg-app"},
            "caSecretRef": {"name": "pg-ca", "key": "tls.crt"},
            "peers": [
                {"podSelector": {"matchLabels": {"cnpg.io/cluster": "pg"}}},
                {"ipBlock": {"cidr": "10.9.0.0/16", "except": ["10.9.1.0/24"]}},
            ],
        }
    },
}

GOOD: tuple[Case, ...] = (
    Case("minimal", model()),
    Case("everything", EVERYTHING),
    Case("name-of-63", model(), name="a" * 63),
    Case("name-of-1", model(), name="a"),
    Case("suffixes-that-are-free", model(), name="hr-policy"),
    Case("airgapped", model(source={"claim": {"name": "weights"}}, replicas=3)),
    Case("registry-with-defaults", registry()),
    Case("registry-leads-elsewhere", registry(hosts=["blobs.corp.example", "auth.corp.example:8443"])),
    Case("long-reference", model(name="Registry.Corp.example/ns_1/M.odel-1:Q4_K_M")),
    Case("registry-by-address", model(name="10.0.0.7:5000/library/m")),
    Case("cloud-in-the-middle", model(name="cloud/cloudy:cloud9")),
    Case("keep-alive-as-number", model(keepAlive=-1)),
    Case("keep-alive-as-text", model(keepAlive="-1")),
    Case("keep-alive-zero", model(keepAlive=0)),
    Case("keep-alive-milliseconds", model(keepAlive="1.5s500ms")),
    Case("replicas-zero", model(replicas=0)),
    Case("image-floor", model(image="ollama/ollama:0.20.3")),
    Case("image-with-port-and-digest", model(image="registry.corp:5000/ollama:v0.24.0-rocm@" + DIGEST)),
    Case("image-by-digest-only", model(image="ollama/ollama@" + DIGEST)),
    Case("image-of-unknown-version", model(image="corp/ollama:2026-01")),
    Case("image-later-major", model(image="ollama/ollama:1.0.0")),
    Case("size-in-bytes", model(storage={"size": "21474836480"})),
    Case("size-exponent", model(storage={"size": "2e10"})),
    Case("no-callers", access(**{"from": []})),
    Case("every-namespace", peer(namespaceSelector={})),
    Case("egress-host", egress("192.0.2.7/32")),
    Case("egress-v6", egress("2001:db8::/32")),
    Case("egress-own-networks", egress("10.0.0.0/8", "fd00::/8")),
    Case("egress-open-acknowledged", egress("0.0.0.0/0", "::/0", acknowledgeOpenEgress=True, **REPORTED)),
    Case("egress-open-and-nothing-outside", egress("0.0.0.0/0", acknowledgeOpenEgress=True, evidence={"paths": ["pods"]})),
    Case("egress-metadata-acknowledged", egress("169.254.169.254/32", acknowledgeOpenEgress=True)),
    Case("host", hosts("api.corp.example")),
    Case("host-of-one-label-more", hosts("*.corp.example", "corp.example")),
    Case("host-on-two-ports", destinations({"host": "api.corp.example", "port": 8443}, {"host": "api.corp.example"})),
    Case("host-beside-a-network", destinations({"host": "api.corp.example"}, {"cidr": "10.0.0.0/8", "ports": [{"port": 443}]})),
    Case("host-of-other-letters", hosts("xn--bcher-kva.example", "a.xn--p1ai")),
    Case("host-with-digits", hosts("1.2.3.4a.example", "0.example", "a--b.example")),
    Case("host-of-253", hosts(".".join(["a" * 62] * 3 + ["a" * 61, "ab"]))),
    Case("host-with-labels-of-63", hosts("a" * 63 + ".example")),
    Case("hosts-64", hosts(*[f"h{i}.{'a' * 60}.example" for i in range(64)])),
    Case("egress-deny-with-empty-list", egress(mode="Deny")),
    Case("evidence-reported", evidence(mode="Reported")),
    Case("evidence-of-everything", evidence("outside", "pods", "metadata", "dns", "apiServer", "ownNode")),
    Case("evidence-of-one-path", evidence("pods")),
    Case("port-range-of-one", port(port=80, endPort=80)),
    Case(
        "two-entries-of-one-secret",
        access(keys=[key("a", secretRef={"name": "s", "key": "a"}), key("b", secretRef={"name": "s", "key": "b"})]),
    ),
    Case(
        "injection-switched-off",
        model(
            pod={
                "labels": {"sidecar.istio.io/inject": "false", "istio.io/dataplane-mode": "none"},
                "annotations": {"linkerd.io/inject": "disabled"},
            }
        ),
    ),
    # What is made anew.
    Case("rotation-empty", rotation()),
    Case("rotation-of-keys", rotation(apiKeys="2026-12-01T22:00:00Z", apiKeyOverlap="2d")),
    Case("rotation-at-once", rotation(apiKeys="2026-12-01T22:00:00+05:30", apiKeyOverlap="0s")),
    Case(
        "rotation-of-everything",
        {**keep(), **rotation(**dict.fromkeys(("apiKeys", "certificates", "encryptionKey"), "2028-02-29T00:00:00Z"))},
    ),
    Case(
        "rotation-of-one-key-of-two",
        {**access(keys=[key("a"), key("b", secretRef={"name": "b"})]), "rotation": {"apiKeys": "2026-12-01T22:00:00Z"}},
    ),
    Case(
        "rotation-of-the-stores-certificate",
        {**keep(), "access": {"tls": {"mode": "Secret", "secretName": "x"}}, "rotation": {"certificates": "2026-12-01T22:00:00Z"}},
    ),
    # What is masked.
    Case("redaction-off", redaction({"action": "Off"}, {"action": "Off"})),
    Case("redaction-of-answers-alone", redaction({"action": "Off"}, {"action": "Mask"})),
    Case("redaction-empty", redaction({}, {}, patterns=[])),
    Case("redaction-of-one-type", redaction({"entities": ["CARD"]}, {"action": "Block", "entities": ["CARD"]})),
    Case("redaction-of-every-type", redaction({"action": "Block", "entities": sorted(STRUCTURED)})),
    Case("names", redaction(names={"mode": "Standard"})),
    Case("names-off", redaction({"action": "Off"}, names={"mode": "Off"})),
    Case("names-empty", redaction(names={})),
    Case("names-of-people-alone", redaction({"action": "Block", "entities": ["PERSON"]}, names={"mode": "HighRecall"})),
    Case("media-refused-is-the-default", redaction({"action": "Off"}, allowUnscannedMedia=False)),
    Case("media", redaction(allowUnscannedMedia=True)),
    Case("pattern", pattern()),
    Case(
        "pattern-for-answers-alone",
        {**model(), "redaction": pattern()["redaction"] | redaction({"action": "Off"}, {"action": "Mask"})["redaction"]},
    ),
    Case("pattern-with-spaces-inside", pattern(r"\x20id [0-9]+\x20")),
    Case("pattern-of-other-letters", pattern("(?i)Prüfziffer [0-9]{3}")),
    Case("pattern-of-1000", pattern("a" * 1000)),
    Case("pattern-called-like-a-field", pattern(name="ip-address")),
    Case("pattern-names", redaction(patterns=[{"name": n, "expression": "x[0-9]"} for n in ("0", "a", "a" * 32, "e-mail")])),
    # What is kept.
    Case("rag", rag()),
    Case("rag-source", source()),
    Case("rag-source-on-a-claim", source(claim={"name": "scans"}, include=["**/*.pdf"], groups=[])),
    Case("rag-two-sources", rag(sources=[{"name": n, "configMap": {"name": "docs"}} for n in ("a", "b")])),
    Case("schedule-at-night", source(schedule="0 3 * * *")),
    Case("schedule-with-everything", source(schedule="*/15,59 0-6/2,23 1,15-31 JAN-mar,12 sun,1-5")),
    Case("schedule-daily", source(schedule="@daily")),
    Case("glob-of-other-letters", source(include=["Übersicht/*.md", "..hidden", "a..b"])),
    Case("score-as-integer", rag(retrieval={"minScore": 0})),
    Case("score-negative", rag(retrieval={"minScore": -1})),
    Case("chunk-smallest", rag(chunk={"size": 100, "overlap": 49})),
    Case("chunk-without-overlap", rag(chunk={"overlap": 0})),
    Case("keep-a-minute", keep("1m")),
    Case("keep-sixty-seconds", keep("60s")),
    Case("keep-days-and-hours", keep("1d12h")),
    Case("keep-hours-and-minutes", keep("1h30m")),
    Case("keep-zero-days-and-an-hour", keep("0d1h")),
    Case("keep-longest", keep("99999d999999h999999m99999999s")),
    Case("retention-none-said", {**model(), "retention": {"conversations": {"mode": "None"}, "documents": {}, "perRequestOptOut": True}}),
    Case("documents-ttl", {**rag(), "retention": {"documents": {"ttl": "90d"}}}),
    Case("store-managed", store(managed={"size": "1Gi", "resources": {"limits": {"memory": "2Gi"}, "requests": {"memory": "512Mi"}}})),
    Case("store-said-and-default", store()),
    Case("store-external", external()),
    Case("store-external-by-address", external({"ipBlock": {"cidr": "192.0.2.7/32"}})),
    Case("store-for-rag-alone", {**rag(), "store": {"managed": {}}}),
    Case("data-officer", access(keys=[key("officer", role="DataOfficer"), key("user", role="User")])),
    Case("name-like-a-store", model(), name="store-a"),
)

BAD: tuple[Case, ...] = (
    # Names.
    Case("name-of-64", model(), "metadata.name", name="a" * 64),
    Case("name-with-dot", model(), "metadata.name", name="a.b"),
    Case("name-begins-with-digit", model(), "metadata.name", name="1a"),
    Case("name-of-anothers-service", model(), "metadata.name", name="x-headless"),
    Case("name-of-anothers-policy", model(), "metadata.name", name="x-pull"),
    Case("name-of-anothers-secret", model(), "metadata.name", name="x-key-y"),
    Case("name-that-makes-keys-ambiguous", model(), "metadata.name", name="x-key"),
    Case("name-of-anothers-store", model(), "metadata.name", name="x-store"),
    Case("name-of-anothers-proxy", model(), "metadata.name", name="x-egress"),
    Case("name-of-anothers-ingest", model(), "metadata.name", name="x-ingest"),
    Case("name-of-anothers-ingest-job", model(), "metadata.name", name="x-ingest-y"),
    # The model.
    Case("no-model", {}, "spec.model", schema=True),
    Case("empty-name", model(name=""), "spec.model.name", schema=True),
    Case("huge-name", model(name="a" * 321), "spec.model.name", schema=True),
    Case("cloud", model(name="gpt-oss:cloud"), "spec.model.name"),
    Case("cloud-size", model(name="gpt-oss:120b-cloud"), "spec.model.name"),
    Case("cloud-shouted", model(name="gpt-oss:120B-CLOUD"), "spec.model.name"),
    Case("cloud-two-colons", model(name="gpt-oss:120b:cloud"), "spec.model.name"),
    Case("cloud-with-space", model(name="gpt-oss:cloud "), "spec.model.name"),
    Case("cloud-with-host", model(name="registry.corp:5000/ns/m:cloud"), "spec.model.name"),
    Case("scheme", model(name="https://registry.corp/ns/m:tag"), "spec.model.name"),
    Case("four-parts", model(name="a/b/c/d"), "spec.model.name"),
    Case("reference-with-digest", model(name="m@" + DIGEST), "spec.model.name"),
    Case("traversal", model(name="../../etc/passwd"), "spec.model.name"),
    Case("dot-part", model(name="registry.corp/./m"), "spec.model.name"),
    Case("empty-tag", model(name="m:"), "spec.model.name"),
    Case("tag-local", model(name="m:LOCAL"), "spec.model.name"),
    Case("newline", model(name="m:tag\n"), "spec.model.name"),
    Case("newline-inside", model(name="m\n:tag"), "spec.model.name"),
    Case("letters-that-look-alike", model(name="smоllm2:135m"), "spec.model.name"),
    Case("port-too-large", model(name="registry.corp:65536/ns/m"), "spec.model.name"),
    Case("part-too-long", model(name="m" * 81), "spec.model.name"),
    Case("label-too-long", model(name="h" * 64 + ".corp/ns/m"), "spec.model.name"),
    Case("host-as-number", model(name="2130706433/ns/m"), "spec.model.name"),
    Case("host-as-hex", model(name="0x7f.1/ns/m"), "spec.model.name"),
    Case("host-short-address", model(name="127.1/ns/m"), "spec.model.name"),
    Case("host-loopback", model(name="127.0.0.1:11434/ns/m"), "spec.model.name"),
    Case("host-metadata", model(name="169.254.169.254/ns/m"), "spec.model.name"),
    Case("host-unspecified", model(name="0.0.0.0/ns/m"), "spec.model.name"),
    Case("host-multicast", model(name="224.0.0.1/ns/m"), "spec.model.name"),
    Case("digest-short", model(digest="sha256:abc"), "spec.model.digest"),
    Case("digest-upper-case", model(digest=DIGEST.upper()), "spec.model.digest"),
    Case("digest-without-algorithm", model(digest=DIGEST.removeprefix("sha256:")), "spec.model.digest"),
    Case("digest-newline", model(digest=DIGEST[:-1] + "\n"), "spec.model.digest"),
    Case("digest-too-long", model(digest=DIGEST + "0"), "spec.model.digest", schema=True),
    Case("keep-alive-empty", model(keepAlive=""), "spec.model.keepAlive"),
    Case("keep-alive-words", model(keepAlive="for ever"), "spec.model.keepAlive"),
    Case("keep-alive-negative", model(keepAlive="-5m"), "spec.model.keepAlive"),
    Case("keep-alive-number", model(keepAlive=300), "spec.model.keepAlive"),
    Case("keep-alive-too-long", model(keepAlive="9999999h"), "spec.model.keepAlive"),
    Case("keep-alive-days", model(keepAlive="1d"), "spec.model.keepAlive"),
    Case("context-zero", model(contextLength=0), "spec.model.contextLength", schema=True),
    Case("context-text", model(contextLength="4096"), "spec.model.contextLength", schema=True),
    Case("parallel-zero", model(parallel=0), "spec.model.parallel", schema=True),
    Case("replicas-negative", model(replicas=-1), "spec.model.replicas", schema=True),
    Case("replicas-on-one-node", model(replicas=2), "spec.model.replicas"),
    Case("replicas-read-write-once", model(replicas=2, storage={"accessModes": ["ReadWriteOnce"]}), "spec.model.replicas"),
    Case("image-old", model(image="ollama/ollama:0.20.2"), "spec.model.image"),
    Case("image-very-old", model(image="ollama/ollama:0.5.1"), "spec.model.image"),
    Case("image-old-flavour", model(image="docker.io/ollama/ollama:v0.17.0-rocm"), "spec.model.image"),
    Case("image-old-pinned", model(image="ollama/ollama:0.1.33@" + DIGEST), "spec.model.image"),
    Case("image-with-space", model(image="ollama/ollama:0.24.0 "), "spec.model.image"),
    Case("image-with-newline", model(image="ollama/ollama:0.24.0\n"), "spec.model.image"),
    Case("image-empty", model(image=""), "spec.model.image", schema=True),
    Case("size-not-a-quantity", model(storage={"size": "20GB"}), "spec.model.storage.size"),
    Case("size-zero", model(storage={"size": "0"}), "spec.model.storage.size"),
    Case("size-negative", model(storage={"size": "-1Gi"}), "spec.model.storage.size"),
    Case("access-mode-read-only", model(storage={"accessModes": ["ReadOnlyMany"]}), "spec.model.storage.accessModes", schema=True),
    Case("access-modes-none", model(storage={"accessModes": []}), "spec.model.storage.accessModes", schema=True),
    Case("storage-class-newline", model(storage={"storageClassName": "fast\n"}), "spec.model.storage.storageClassName", schema=True),
    Case("two-sources", model(source={"registry": {}, "claim": {"name": "c"}}), "spec.model.source"),
    Case("claim-with-storage", model(source={"claim": {"name": "c"}}, storage={"size": "1Gi"}), "spec.model.storage"),
    Case("claim-of-the-operator", model(source={"claim": {"name": "minimal-models"}}), "spec.model.source.claim.name"),
    Case("claim-path", model(source={"claim": {"name": "../c"}}), "spec.model.source.claim.name", schema=True),
    Case("registry-host-scheme", registry(hosts=["https://blobs.corp"]), "spec.model.source.registry.hosts"),
    Case("registry-host-path", registry(hosts=["blobs.corp/x"]), "spec.model.source.registry.hosts"),
    Case("registry-host-address", registry(hosts=["169.254.169.254"]), "spec.model.source.registry.hosts"),
    Case("registry-host-as-number", registry(hosts=["2852039166"]), "spec.model.source.registry.hosts"),
    Case("registry-host-newline", registry(hosts=["blobs.corp\n"]), "spec.model.source.registry.hosts"),
    Case("registry-host-wildcard", registry(hosts=["*.corp"]), "spec.model.source.registry.hosts"),
    Case("registry-host-port", registry(hosts=["blobs.corp:65536"]), "spec.model.source.registry.hosts"),
    Case("registry-many-hosts", registry(hosts=[f"h{i}.corp" for i in range(17)]), "spec.model.source.registry.hosts", schema=True),
    Case("registry-cidr-bits", registry(cidrs=["10.1.2.3/16"]), "spec.model.source.registry.cidrs"),
    Case("registry-cidr-open", registry(cidrs=["0.0.0.0/0"]), "spec.model.source.registry.cidrs"),
    Case("registry-cidr-half", registry(cidrs=["128.0.0.0/1", "0.0.0.0/1"]), "spec.model.source.registry.cidrs"),
    Case("registry-cidr-metadata", registry(cidrs=["169.254.169.254/32"]), "spec.model.source.registry.cidrs"),
    Case("registry-many-cidrs", registry(cidrs=[f"10.{i}.0.0/16" for i in range(33)]), "spec.model.source.registry.cidrs", schema=True),
    Case(
        "request-over-limit", model(resources={"limits": {"memory": "1Gi"}, "requests": {"memory": "2Gi"}}), "spec.model.resources.requests"
    ),
    Case("request-over-limit-mixed", model(resources={"limits": {"cpu": "500m"}, "requests": {"cpu": 1}}), "spec.model.resources.requests"),
    Case("resource-negative", model(resources={"limits": {"memory": "-1Gi"}}), "spec.model.resources.limits"),
    Case("resource-of-bytes", model(resources={"limits": {"cpu": 2, "memory": "2GB"}}), "spec.model.resources.limits"),
    Case("request-of-cores", model(resources={"requests": {"cpu": "2 cores"}}), "spec.model.resources.requests"),
    Case(
        "amounts-that-are-none",
        model(resources={"requests": {"memory": "1GB"}, "limits": {"memory": "2GB"}}),
        "spec.model.resources.limits",
    ),
    Case("store-limit-of-bytes", store(managed={"resources": {"limits": {"memory": "1GB"}}}), "spec.store.managed.resources.limits"),
    Case("store-request-of-bytes", store(managed={"resources": {"requests": {"memory": "1GB"}}}), "spec.store.managed.resources.requests"),
    Case("resource-nonsense", model(resources={"limits": {"memory": "lots"}}), "spec.model.resources.limits"),
    # Labels and annotations of the pods.
    Case("label-of-the-network", model(pod={"labels": {"crd.projectcalico.org/x": "y"}}), "spec.model.pod.labels"),
    Case("label-of-the-operator", model(pod={"labels": {"privateassistant.dev/assistant": "other"}}), "spec.model.pod.labels"),
    Case("label-of-kubernetes", model(pod={"labels": {"batch.kubernetes.io/job-name": "x"}}), "spec.model.pod.labels"),
    Case("label-instance", model(pod={"labels": {"app.kubernetes.io/instance": "x"}}), "spec.model.pod.labels"),
    Case("label-key-newline", model(pod={"labels": {"a\nb": "x"}}), "spec.model.pod.labels"),
    Case("label-key-newline-at-end", model(pod={"labels": {"a\n": "x"}}), "spec.model.pod.labels"),
    Case("label-key-too-long", model(pod={"labels": {"a" * 64: "x"}}), "spec.model.pod.labels"),
    Case("label-value-newline", model(pod={"labels": {"a": "x\n"}}), "spec.model.pod.labels", schema=True),
    Case("label-value-too-long", model(pod={"labels": {"a": "x" * 64}}), "spec.model.pod.labels", schema=True),
    Case("labels-by-the-hundred", model(pod={"labels": {f"a{i}": "x" for i in range(65)}}), "spec.model.pod.labels", schema=True),
    Case(
        "annotation-of-the-operator",
        model(pod={"annotations": {"privateassistant.dev/policy-revision": "0"}}),
        "spec.model.pod.annotations",
    ),
    Case("annotation-second-network", model(pod={"annotations": {"k8s.v1.cni.cncf.io/networks": "lan"}}), "spec.model.pod.annotations"),
    Case("annotation-second-network-gke", model(pod={"annotations": {"networking.gke.io/interfaces": "[]"}}), "spec.model.pod.annotations"),
    Case(
        "annotation-default-network", model(pod={"annotations": {"v1.multus-cni.io/default-network": "lan"}}), "spec.model.pod.annotations"
    ),
    Case(
        "annotation-apparmor",
        model(pod={"annotations": {"container.apparmor.security.beta.kubernetes.io/ollama": "unconfined"}}),
        "spec.model.pod.annotations",
    ),
    Case(
        "annotation-seccomp-of-cri-o",
        model(pod={"annotations": {"seccomp-profile.kubernetes.cri-o.io/ollama": "none"}}),
        "spec.model.pod.annotations",
    ),
    Case(
        "annotation-devices-of-cri-o",
        model(pod={"annotations": {"io.kubernetes.cri-o.Devices": "/dev/fuse"}}),
        "spec.model.pod.annotations",
    ),
    Case("annotation-upper-case-domain", model(pod={"annotations": {"K8S.v1.cni.cncf.io/networks": "lan"}}), "spec.model.pod.annotations"),
    Case("annotation-sidecar", model(pod={"annotations": {"vault.hashicorp.com/agent-inject": "true"}}), "spec.model.pod.annotations"),
    Case(
        "annotation-sidecar-in-capitals",
        model(pod={"annotations": {"appmesh.k8s.aws/sidecarInjectorWebhook": "enabled"}}),
        "spec.model.pod.annotations",
    ),
    Case("label-mesh-revision", model(pod={"labels": {"istio.io/rev": "default"}}), "spec.model.pod.labels"),
    Case("label-mesh-of-nodes", model(pod={"labels": {"istio.io/dataplane-mode": "ambient"}}), "spec.model.pod.labels"),
    Case("label-token", model(pod={"labels": {"azure.workload.identity/use": "true"}}), "spec.model.pod.labels"),
    Case("label-agent", model(pod={"labels": {"admission.datadoghq.com/enabled": "true"}}), "spec.model.pod.labels"),
    Case("label-sidecar", model(pod={"labels": {"sidecar.istio.io/inject": "true"}}), "spec.model.pod.labels"),
    # Egress.
    Case("mode-unknown", {**model(), "egress": {"mode": "Open"}}, "spec.egress.mode", schema=True),
    Case("allow-without-mode", {**model(), "egress": {"allow": egress("10.0.0.0/8")["egress"]["allow"]}}, "spec.egress.allow"),
    Case("allow-with-deny", egress("10.0.0.0/8", mode="Deny"), "spec.egress.allow"),
    Case("allowlist-without-list", {**model(), "egress": {"mode": "Allowlist"}}, "spec.egress.allow"),
    Case("allowlist-empty", egress(), "spec.egress.allow"),
    Case("cidr-nonsense", egress("everywhere"), "spec.egress.allow[0].cidr"),
    Case("cidr-host", egress("10.0.0.1"), "spec.egress.allow[0].cidr"),
    Case("cidr-name", egress("example.com/32"), "spec.egress.allow[0].cidr"),
    Case("cidr-bits", egress("10.0.0.0/8", "10.1.2.3/16"), "spec.egress.allow[1].cidr"),
    Case("cidr-prefix-too-long", egress("10.0.0.0/33"), "spec.egress.allow[0].cidr"),
    Case("cidr-leading-zero", egress("10.0.0.0/08"), "spec.egress.allow[0].cidr"),
    Case("cidr-octal", egress("010.0.0.0/8"), "spec.egress.allow[0].cidr"),
    Case("cidr-netmask", egress("10.0.0.0/255.0.0.0"), "spec.egress.allow[0].cidr"),
    Case("cidr-mapped", egress("::ffff:10.0.0.0/104"), "spec.egress.allow[0].cidr"),
    Case("cidr-zone", egress("fe80::1%eth0/128"), "spec.egress.allow[0].cidr"),
    Case("cidr-space", egress(" 10.0.0.0/8"), "spec.egress.allow[0].cidr"),
    Case("cidr-newline", egress("10.0.0.0/8\n"), "spec.egress.allow[0].cidr"),
    Case("cidr-other-digits", egress("１０.0.0.0/8"), "spec.egress.allow[0].cidr"),
    Case("open-v4", egress("0.0.0.0/0"), "spec.egress.allow"),
    Case("open-v6", egress("::/0"), "spec.egress.allow"),
    Case("open-in-halves", egress("0.0.0.0/1", "128.0.0.0/1"), "spec.egress.allow"),
    Case("open-v6-in-part", egress("2000::/3"), "spec.egress.allow"),
    Case("open-not-acknowledged", egress("0.0.0.0/0", acknowledgeOpenEgress=False), "spec.egress.allow"),
    Case("metadata", egress("169.254.169.254/32"), "spec.egress.allow"),
    Case("around-metadata", egress("169.0.0.0/8"), "spec.egress.allow"),
    Case("link-local-v6", egress("fe80::/64"), "spec.egress.allow"),
    Case(
        "no-ports",
        {**model(), "egress": {"mode": "Allowlist", "allow": [{"cidr": "10.0.0.0/8", "ports": []}]}},
        "spec.egress.allow",
        schema=True,
    ),
    Case("ports-absent", destinations({"cidr": "10.0.0.0/8"}), "spec.egress.allow[0].ports"),
    Case("destination-of-nothing", destinations({"ports": [{"port": 443}]}), "spec.egress.allow[0]"),
    Case("destination-of-nothing-at-all", destinations({}), "spec.egress.allow[0]"),
    Case("destination-of-both", destinations({"host": "a.example", "cidr": "10.0.0.0/8", "ports": [{"port": 1}]}), "spec.egress.allow[0]"),
    Case("host-with-ports", destinations({"host": "a.example", "ports": [{"port": 443}]}), "spec.egress.allow[0].ports"),
    Case("cidr-with-port", destinations({"cidr": "10.0.0.0/8", "ports": [{"port": 1}], "port": 2}), "spec.egress.allow[0].port"),
    Case("host-port-zero", destinations({"host": "a.example", "port": 0}), "spec.egress.allow[0].port", schema=True),
    Case("host-port-too-large", destinations({"host": "a.example", "port": 65536}), "spec.egress.allow[0].port", schema=True),
    Case("host-with-deny", {**model(), "egress": {"mode": "Deny", "allow": [{"host": "a.example"}]}}, "spec.egress.allow"),
    Case("host-without-mode", {**model(), "egress": {"allow": [{"host": "a.example"}]}}, "spec.egress.allow"),
    Case("host-empty", hosts(""), "spec.egress.allow[0].host", schema=True),
    Case("host-of-254", hosts(".".join(["a" * 62] * 3 + ["a" * 62, "ab"])), "spec.egress.allow[0].host", schema=True),
    Case("host-of-one-label", hosts("registry"), "spec.egress.allow[0].host"),
    Case("host-is-an-address", hosts("192.0.2.7"), "spec.egress.allow[0].host"),
    Case("host-is-an-address-in-brackets", hosts("[2001:db8::1]"), "spec.egress.allow[0].host"),
    Case("host-is-an-address-of-v6", hosts("2001:db8::1"), "spec.egress.allow[0].host"),
    Case("host-is-an-odd-address", hosts("0x7f.1"), "spec.egress.allow[0].host"),
    Case("host-is-an-address-in-hex", hosts("0x7f.0x1"), "spec.egress.allow[0].host"),
    Case("host-is-a-star", hosts("*"), "spec.egress.allow[0].host"),
    Case("host-of-everybody", hosts("*.example"), "spec.egress.allow[0].host"),
    Case("host-of-two-stars", hosts("*.*.example"), "spec.egress.allow[0].host"),
    Case("host-with-a-star-inside", hosts("api.*.corp.example"), "spec.egress.allow[0].host"),
    Case("host-with-a-part-of-a-label", hosts("api*.corp.example"), "spec.egress.allow[0].host"),
    Case("host-with-a-star-at-its-end", hosts("corp.example.*"), "spec.egress.allow[0].host"),
    Case("host-with-a-dot-at-its-end", hosts("a.example."), "spec.egress.allow[0].host"),
    Case("host-with-a-dot-in-front", hosts(".a.example"), "spec.egress.allow[0].host"),
    Case("host-with-an-empty-label", hosts("a..example"), "spec.egress.allow[0].host"),
    Case("host-with-a-star-and-an-empty-label", hosts("*..example"), "spec.egress.allow[0].host"),
    Case("host-shouted", hosts("API.corp.example"), "spec.egress.allow[0].host"),
    Case("host-in-unicode", hosts("bücher.example"), "spec.egress.allow[0].host"),
    Case("host-with-a-letter-that-looks-alike", hosts("exаmple.com"), "spec.egress.allow[0].host"),
    Case("host-with-a-scheme", hosts("https://a.example"), "spec.egress.allow[0].host"),
    Case("host-with-a-port", hosts("a.example:443"), "spec.egress.allow[0].host"),
    Case("host-with-a-path", hosts("a.example/b"), "spec.egress.allow[0].host"),
    Case("host-with-an-underscore", hosts("_dns.example"), "spec.egress.allow[0].host"),
    Case("host-with-a-dash-first", hosts("-a.example"), "spec.egress.allow[0].host"),
    Case("host-with-a-dash-last", hosts("a-.example"), "spec.egress.allow[0].host"),
    Case("host-with-a-newline", hosts("a.example\n"), "spec.egress.allow[0].host"),
    Case("host-with-a-space", hosts(" a.example"), "spec.egress.allow[0].host"),
    Case("host-with-a-label-of-64", hosts("a" * 64 + ".example"), "spec.egress.allow[0].host"),
    Case("host-twice", hosts("a.example", "b.example", "a.example"), "spec.egress.allow"),
    Case("host-twice-with-its-port", destinations({"host": "a.example"}, {"host": "a.example", "port": 443}), "spec.egress.allow"),
    Case("hosts-65", hosts(*[f"h{i}.example" for i in range(65)]), "spec.egress.allow", schema=True),
    Case("open-and-never-ready", egress("0.0.0.0/0", acknowledgeOpenEgress=True), "spec.egress.evidence"),
    Case(
        "open-in-part-and-never-ready",
        egress("10.0.0.0/8", "2000::/3", acknowledgeOpenEgress=True, evidence={"mode": "Required", "paths": ["pods", "outside"]}),
        "spec.egress.evidence",
    ),
    Case("port-zero", port(port=0), "spec.egress.allow[0].ports[0].port", schema=True),
    Case("port-range-backwards", port(port=443, endPort=80), "spec.egress.allow[0].ports[0].endPort"),
    Case("evidence-path-twice", evidence("pods", "dns", "pods"), "spec.egress.evidence.paths"),
    Case("evidence-of-nothing", {**model(), "egress": {"evidence": {"paths": []}}}, "spec.egress.evidence.paths", schema=True),
    Case("evidence-of-an-unknown-path", evidence("pods", "ApiServer"), "spec.egress.evidence.paths", schema=True),
    Case("evidence-switched-off", evidence(mode="Off"), "spec.egress.evidence.mode", schema=True),
    Case("egress-many", egress(*[f"10.{i}.0.0/16" for i in range(65)]), "spec.egress.allow", schema=True),
    # Access.
    Case("peer-empty", peer(), "spec.access.from[0]"),
    Case("peer-block-and-pods", peer(ipBlock={"cidr": "10.0.0.0/8"}, podSelector={}), "spec.access.from[0]"),
    Case("peer-null", peer(podSelector=None), "spec.access.from[0]"),
    Case("block-nonsense", block("office"), "spec.access.from[0].ipBlock.cidr"),
    Case("block-bits", block("10.1.2.3/16"), "spec.access.from[0].ipBlock.cidr"),
    Case("block-except-outside", block("10.0.0.0/8", "192.168.0.0/16"), "spec.access.from[0].ipBlock.except"),
    Case("block-except-all", block("10.0.0.0/8", "10.0.0.0/8"), "spec.access.from[0].ipBlock.except"),
    Case("block-except-nonsense", block("10.0.0.0/8", "x"), "spec.access.from[0].ipBlock.except"),
    Case(
        "selector-operator", peer(podSelector={"matchExpressions": [{"key": "a", "operator": "Like"}]}), "spec.access.from[0]", schema=True
    ),
    Case("keys-none", access(keys=[]), "spec.access.keys", schema=True),
    Case("keys-twice", access(keys=[key("a"), key("a")]), "spec.access.keys"),
    Case("keys-by-the-hundred", access(keys=[key(f"k{i}") for i in range(65)]), "spec.access.keys", schema=True),
    Case("key-name-path", access(keys=[key("../tls/tls.key")]), "spec.access.keys[0].name"),
    Case("key-name-newline", access(keys=[key("a\n")]), "spec.access.keys[0].name"),
    Case("key-without-name", access(keys=[{"subject": "x"}]), "spec.access.keys[0].name", schema=True),
    Case("key-entry-path", access(keys=[key(secretRef={"name": "s", "key": "../x"})]), "spec.access.keys[0].secretRef.key", schema=True),
    Case(
        "keys-share-an-entry",
        access(keys=[key("a", secretRef={"name": "s"}), key("b", secretRef={"name": "s", "key": "api-key"})]),
        "spec.access.keys",
    ),
    Case("subject-newline", access(keys=[key(subject="a\nb")]), "spec.access.keys[0].subject"),
    Case("subject-newline-at-end", access(keys=[key(subject="a\n")]), "spec.access.keys[0].subject"),
    Case("subject-right-to-left", access(keys=[key(subject="a\u202eb")]), "spec.access.keys[0].subject"),
    Case("subject-space-only", access(keys=[key(subject=" ")]), "spec.access.keys[0].subject"),
    Case("subject-whoever-calls", access(keys=[key(subject="me")]), "spec.access.keys[0].subject"),
    Case("subject-whoever-calls-by-name", access(keys=[key("me")]), "spec.access.keys[0].subject"),
    Case("group-control", access(keys=[key(groups=["a", "b\x1b[31m"])]), "spec.access.keys[0].groups"),
    Case("tls-secret-without-name", access(tls={"mode": "Secret"}), "spec.access.tls"),
    Case("tls-name-without-mode", access(tls={"secretName": "x"}), "spec.access.tls"),
    Case("tls-self-signed-with-name", access(tls={"mode": "SelfSigned", "secretName": "x"}), "spec.access.tls"),
    Case("limit-zero", access(limits={"requestsPerMinute": 0}), "spec.access.limits.requestsPerMinute", schema=True),
    Case("limit-huge", access(limits={"maxBodyBytes": 2**63}), "spec.access.limits.maxBodyBytes", schema=True),
    Case("role-ingest", access(keys=[key(role="Ingest")]), "spec.access.keys[0].role", schema=True),
    # What is kept.
    Case("rag-without-embedding", {**model(), "rag": {}}, "spec.model.embedding"),
    Case("embedding-without-rag", model(embedding="all-minilm:l6-v2"), "spec.model.embedding"),
    Case("embedding-empty", {**model(embedding=""), "rag": {}}, "spec.model.embedding", schema=True),
    Case("embedding-cloud", {**model(embedding="embed:cloud"), "rag": {}}, "spec.model.embedding"),
    Case("embedding-scheme", {**model(embedding="https://registry.corp/ns/m"), "rag": {}}, "spec.model.embedding"),
    Case("embedding-metadata-service", {**model(embedding="169.254.169.254/ns/m"), "rag": {}}, "spec.model.embedding"),
    # What is made anew.
    Case("rotation-day", rotation(apiKeys="2026-12-01"), "spec.rotation.apiKeys", schema=True),
    Case("rotation-without-zone", rotation(apiKeys="2026-12-01T22:00:00"), "spec.rotation.apiKeys", schema=True),
    Case("rotation-word", rotation(certificates="now"), "spec.rotation.certificates", schema=True),
    Case("rotation-newline", rotation(certificates="2026-12-01T22:00:00Z\n"), "spec.rotation.certificates", schema=True),
    Case("rotation-number", rotation(encryptionKey=20261201), "spec.rotation.encryptionKey", schema=True),
    Case("rotation-on-no-day", rotation(apiKeys="2026-02-30T00:00:00Z"), "spec.rotation.apiKeys", schema=True),
    Case("rotation-of-certificates-on-no-day", rotation(certificates="2026-13-01T00:00:00Z"), "spec.rotation.certificates", schema=True),
    Case(
        "rotation-of-the-encryption-key-on-no-day",
        {**keep(), **rotation(encryptionKey="2027-02-29T00:00:00Z")},
        "spec.rotation.encryptionKey",
        schema=True,
    ),
    Case("rotation-overlap-empty", rotation(apiKeyOverlap=""), "spec.rotation.apiKeyOverlap"),
    Case("rotation-overlap-negative", rotation(apiKeyOverlap="-1h"), "spec.rotation.apiKeyOverlap"),
    Case("rotation-overlap-disorder", rotation(apiKeyOverlap="30m1h"), "spec.rotation.apiKeyOverlap"),
    Case(
        "rotation-of-keys-of-others",
        {**access(keys=[key("b", secretRef={"name": "b"})]), "rotation": {"apiKeys": "2026-12-01T22:00:00Z"}},
        "spec.rotation.apiKeys",
    ),
    Case(
        "rotation-of-a-certificate-of-others",
        {**access(tls={"mode": "Secret", "secretName": "x"}), "rotation": {"certificates": "2026-12-01T22:00:00Z"}},
        "spec.rotation.certificates",
    ),
    Case(
        "rotation-of-a-certificate-of-others-beside-a-store-of-others",
        {
            **external(),
            "access": {"tls": {"mode": "Secret", "secretName": "x"}},
            "rotation": {"certificates": "2026-12-01T22:00:00Z"},
        },
        "spec.rotation.certificates",
    ),
    Case("rotation-of-no-encryption-key", rotation(encryptionKey="2026-12-01T22:00:00Z"), "spec.rotation.encryptionKey"),
    # What is masked.
    Case("redaction-action-unknown", redaction({"action": "Redact"}), "spec.redaction.request.action", schema=True),
    Case("redaction-action-of-answers", redaction(response={"action": "Pseudonymize"}), "spec.redaction.response.action", schema=True),
    Case("redaction-of-no-type", redaction({"entities": []}), "spec.redaction.request.entities", schema=True),
    Case(
        "redaction-of-no-type-in-answers",
        redaction(response={"action": "Mask", "entities": []}),
        "spec.redaction.response.entities",
        schema=True,
    ),
    Case("redaction-type-unknown", redaction({"entities": ["EMAILS"]}), "spec.redaction.request.entities", schema=True),
    Case("redaction-type-in-small-letters", redaction({"entities": ["email"]}), "spec.redaction.request.entities", schema=True),
    Case("redaction-type-that-nothing-finds", redaction({"entities": ["PERSON"]}), "spec.redaction.request.entities"),
    Case("names-mode-unknown", redaction(names={"mode": "On"}), "spec.redaction.names.mode", schema=True),
    Case("names-of-nothing", redaction({"action": "Off"}, names={"mode": "Standard"}), "spec.redaction.names.mode"),
    Case("names-without-their-types", redaction({"entities": ["EMAIL"]}, names={"mode": "HighRecall"}), "spec.redaction.names.mode"),
    Case(
        "names-in-answers",
        redaction(response={"action": "Mask", "entities": ["PERSON"]}, names={"mode": "Standard"}),
        "spec.redaction.response.entities",
        schema=True,
    ),
    Case("redaction-type-twice", redaction({"entities": ["CARD", "CARD"]}), "spec.redaction.request.entities"),
    Case(
        "redaction-type-twice-in-answers",
        redaction(response={"action": "Mask", "entities": ["CARD", "CARD"]}),
        "spec.redaction.response.entities",
    ),
    Case("redaction-types-of-nothing", redaction({"action": "Off", "entities": ["CARD"]}), "spec.redaction.request.entities"),
    Case("redaction-types-of-silence", redaction(response={"entities": ["CARD"]}), "spec.redaction.response.entities"),
    Case(
        "patterns-of-nothing",
        {**model(), "redaction": pattern()["redaction"] | redaction({"action": "Off"})["redaction"]},
        "spec.redaction.patterns",
    ),
    Case(
        "media-where-nothing-is-refused",
        redaction({"action": "Off"}, {"action": "Mask"}, allowUnscannedMedia=True),
        "spec.redaction.allowUnscannedMedia",
    ),
    Case("patterns-twice", redaction(patterns=[{"name": "a", "expression": e} for e in ("x1", "x2")]), "spec.redaction.patterns"),
    Case(
        "patterns-by-the-dozen",
        redaction(patterns=[{"name": f"p{i}", "expression": "x1"} for i in range(33)]),
        "spec.redaction.patterns",
        schema=True,
    ),
    Case("pattern-without-name", redaction(patterns=[{"expression": "x1"}]), "spec.redaction.patterns[0].name", schema=True),
    Case("pattern-without-expression", redaction(patterns=[{"name": "a"}]), "spec.redaction.patterns[0].expression", schema=True),
    Case("pattern-name-in-capitals", pattern(name="STAFF"), "spec.redaction.patterns[0].name"),
    Case("pattern-name-underscore", pattern(name="staff_id"), "spec.redaction.patterns[0].name"),
    Case("pattern-name-newline", pattern(name="staff\n"), "spec.redaction.patterns[0].name"),
    Case("pattern-name-long", pattern(name="a" * 33), "spec.redaction.patterns[0].name", schema=True),
    Case("pattern-name-of-a-type", pattern(name="email"), "spec.redaction.patterns[0].name"),
    Case("pattern-name-of-a-type-to-come", pattern(name="person"), "spec.redaction.patterns[0].name"),
    Case("pattern-empty", pattern(""), "spec.redaction.patterns[0].expression", schema=True),
    Case("pattern-of-1001", pattern("a" * 1001), "spec.redaction.patterns[0].expression", schema=True),
    Case("pattern-newline", pattern("STAFF-[0-9]{4}\n"), "spec.redaction.patterns[0].expression"),
    Case("pattern-space-at-the-beginning", pattern(" STAFF"), "spec.redaction.patterns[0].expression"),
    Case("source-without-place", rag(sources=[{"name": "a"}]), "spec.rag.sources[0]"),
    Case("source-with-two-places", source(configMap={"name": "a"}, claim={"name": "b"}), "spec.rag.sources[0]"),
    Case("source-without-name", rag(sources=[{"configMap": {"name": "a"}}]), "spec.rag.sources[0].name", schema=True),
    Case("source-name-path", source("../a"), "spec.rag.sources[0].name"),
    Case("source-name-long", source("a" * 41), "spec.rag.sources[0].name", schema=True),
    Case("sources-twice", rag(sources=[{"name": "a", "configMap": {"name": n}} for n in ("b", "c")]), "spec.rag.sources"),
    Case("sources-many", rag(sources=[{"name": f"s{i}", "configMap": {"name": "a"}} for i in range(17)]), "spec.rag.sources", schema=True),
    Case("glob-from-the-root", source(include=["/etc/*"]), "spec.rag.sources[0].include"),
    Case("glob-upwards", source(include=["../*.md"]), "spec.rag.sources[0].include"),
    Case("glob-upwards-inside", source(include=["a/../../b"]), "spec.rag.sources[0].include"),
    Case("glob-newline", source(include=["*.md\n"]), "spec.rag.sources[0].include"),
    Case("glob-empty", source(include=[""]), "spec.rag.sources[0].include[0]", schema=True),
    Case("schedule-of-four", source(schedule="0 3 * *"), "spec.rag.sources[0].schedule"),
    Case("schedule-minute-60", source(schedule="60 3 * * *"), "spec.rag.sources[0].schedule"),
    Case("schedule-words", source(schedule="every night"), "spec.rag.sources[0].schedule"),
    Case("schedule-step-zero", source(schedule="*/0 * * * *"), "spec.rag.sources[0].schedule"),
    Case("schedule-time-zone", source(schedule="TZ=UTC 0 3 * * *"), "spec.rag.sources[0].schedule"),
    Case("schedule-newline", source(schedule="0 3 * * *\n"), "spec.rag.sources[0].schedule"),
    Case("source-group-control", source(groups=["a\x1b"]), "spec.rag.sources[0].groups"),
    Case("source-on-the-operators-store", source(claim={"name": "minimal-store"}), "spec.rag.sources"),
    Case(
        "source-on-the-weights",
        {**source(claim={"name": "w"}), "model": {**model(embedding="e:1", source={"claim": {"name": "w"}})["model"]}},
        "spec.rag.sources",
    ),
    Case("weights-on-the-operators-store", model(source={"claim": {"name": "minimal-store"}}), "spec.model.source.claim.name"),
    Case("top-k-zero", rag(retrieval={"topK": 0}), "spec.rag.retrieval.topK", schema=True),
    Case("top-k-huge", rag(retrieval={"topK": 51}), "spec.rag.retrieval.topK", schema=True),
    Case("score-too-high", rag(retrieval={"minScore": 1.5}), "spec.rag.retrieval.minScore", schema=True),
    Case("retrieval-mode-sometimes", rag(retrieval={"mode": "Sometimes"}), "spec.rag.retrieval.mode", schema=True),
    Case("chunk-small", rag(chunk={"size": 99}), "spec.rag.chunk.size", schema=True),
    Case("chunk-all-overlap", rag(chunk={"size": 200, "overlap": 100}), "spec.rag.chunk.overlap"),
    Case("chunk-smaller-than-the-default-overlap", rag(chunk={"size": 150}), "spec.rag.chunk.overlap"),
    Case("chunk-overlap-of-half-the-default", rag(chunk={"overlap": 400}), "spec.rag.chunk.overlap"),
    Case("keep-without-ttl", keep(None), "spec.retention.conversations.ttl"),
    Case("ttl-without-keep", {**model(), "retention": {"conversations": {"ttl": "30d"}}}, "spec.retention.conversations.ttl"),
    Case("ttl-with-none", {**model(), "retention": {"conversations": {"mode": "None", "ttl": "30d"}}}, "spec.retention.conversations.ttl"),
    Case("ttl-short", keep("59s"), "spec.retention.conversations.ttl"),
    Case("ttl-zero", keep("0d"), "spec.retention.conversations.ttl"),
    Case("ttl-zero-and-little", keep("0d59s"), "spec.retention.conversations.ttl"),
    Case("ttl-without-unit", keep("30"), "spec.retention.conversations.ttl"),
    Case(
        "ttl-number",
        {**model(), "retention": {"conversations": {"mode": "Keep", "ttl": 30}}},
        "spec.retention.conversations.ttl",
        schema=True,
    ),
    Case("ttl-negative", keep("-1h"), "spec.retention.conversations.ttl"),
    Case("ttl-fraction", keep("1.5h"), "spec.retention.conversations.ttl"),
    Case("ttl-order", keep("30m1h"), "spec.retention.conversations.ttl"),
    Case("ttl-newline", keep("30d\n"), "spec.retention.conversations.ttl"),
    Case("ttl-empty", keep(""), "spec.retention.conversations.ttl", schema=True),
    Case("ttl-for-ever", keep("100000d"), "spec.retention.conversations.ttl"),
    Case(
        "conversations-mode",
        {**model(), "retention": {"conversations": {"mode": "Always"}}},
        "spec.retention.conversations.mode",
        schema=True,
    ),
    Case("documents-ttl-without-rag", {**model(), "retention": {"documents": {"ttl": "1d"}}}, "spec.retention.documents"),
    Case("documents-ttl-short", {**rag(), "retention": {"documents": {"ttl": "1s"}}}, "spec.retention.documents.ttl"),
    Case("store-for-nothing", {**model(), "store": {"managed": {}}}, "spec.store"),
    Case("store-for-no-conversations", {**model(), "store": {}, "retention": {"conversations": {"mode": "None"}}}, "spec.store"),
    Case("store-twice", {**external(), "store": {**external()["store"], "managed": {}}}, "spec.store"),
    Case("store-size-words", store(managed={"size": "big"}), "spec.store.managed.size"),
    Case("store-size-zero", store(managed={"size": "0"}), "spec.store.managed.size"),
    Case(
        "store-request-over-limit",
        store(managed={"resources": {"limits": {"memory": "1Gi"}, "requests": {"memory": "2Gi"}}}),
        "spec.store.managed.resources.requests",
    ),
    Case("store-without-secret", store(external={"peers": [{"podSelector": {}}]}), "spec.store.external.secretRef", schema=True),
    Case("store-without-peers", store(external={"secretRef": {"name": "a"}}), "spec.store.external.peers", schema=True),
    Case("store-with-no-peers", store(external={"secretRef": {"name": "a"}, "peers": []}), "spec.store.external.peers", schema=True),
    Case("store-peer-empty", external({}), "spec.store.external.peers[0]"),
    Case("store-peer-bits", external({"ipBlock": {"cidr": "10.1.2.3/16"}}), "spec.store.external.peers[0].ipBlock.cidr"),
    Case(
        "store-peer-except-outside",
        external({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["192.168.0.0/16"]}}),
        "spec.store.external.peers[0].ipBlock.except",
    ),
    Case("store-peer-everything", external({"ipBlock": {"cidr": "0.0.0.0/0"}}), "spec.store.external.peers"),
    Case("store-peer-metadata", external({"ipBlock": {"cidr": "169.254.169.254/32"}}), "spec.store.external.peers"),
    # What this version does not do, and what does not exist.
    Case("level-trace", {**model(), "logging": {"level": "TRACE"}}, "spec.logging.level", schema=True),
    Case("window-day", window(days=["Sat"]), "spec.maintenance.window.days", schema=True),
    Case("window-days-none", window(days=[]), "spec.maintenance.window.days", schema=True),
    Case("window-start", window(start="24:00"), "spec.maintenance.window.start"),
    Case("window-start-short", window(start="2:00"), "spec.maintenance.window.start"),
    Case("window-short", window(duration="14m"), "spec.maintenance.window.duration"),
    Case("window-long", window(duration="25h"), "spec.maintenance.window.duration"),
    Case("window-zone", window(timeZone="Europe/Berlin/../x"), "spec.maintenance.window.timeZone"),
    Case("boolean-as-text", {**model(), "suspend": "true"}, "spec.suspend", schema=True),
)

UNKNOWN: tuple[Case, ...] = (
    Case("unknown-top", {**model(), "redactoin": {}}, "spec.redactoin"),
    Case("unknown-model", model(disgest=DIGEST), "spec.model.disgest"),
    Case("unknown-evidence", {**model(), "egress": {"evidence": {"path": ["pods"]}}}, "spec.egress.evidence.path"),
    Case("unknown-egress", {**model(), "egress": {"mod": "Deny"}}, "spec.egress.mod"),
    Case("unknown-in-a-peer", peer(podSelektor={}), "spec.access.from[0].podSelektor"),
    Case("unknown-in-a-selector", peer(podSelector={"matchLabel": {"a": "b"}}), "spec.access.from[0].podSelector.matchLabel"),
    Case("unknown-in-resources", model(resources={"limit": {}}), "spec.model.resources.limit"),
    Case("unknown-in-affinity", model(pod={"affinity": {"nodeAffinities": {}}}), "spec.model.pod.affinity.nodeAffinities"),
    Case("unknown-in-a-source", source(groupes=["a"]), "spec.rag.sources[0].groupes"),
    Case("unknown-in-retention", {**model(), "retention": {"conversation": {}}}, "spec.retention.conversation"),
    Case("unknown-in-redaction", redaction(language="en"), "spec.redaction.language"),
    Case("unknown-in-a-pattern", redaction(patterns=[{"name": "a", "expression": "x1", "flags": "i"}]), "spec.redaction.patterns[0].flags"),
    Case("unknown-in-a-store", store(managed={"sise": "1Gi"}), "spec.store.managed.sise"),
    Case("unknown-in-a-toleration", model(pod={"tolerations": [{"keys": "a"}]}), "spec.model.pod.tolerations[0].keys"),
)
"""Fields that do not exist: refused by kubectl (strict), by server-side apply and by the guard; pruned by other clients."""

UNUSABLE: tuple[Case, ...] = tuple(
    Case(name, pattern(expression), "spec.redaction.patterns[0].expression")
    for name, expression in (
        ("pattern-open-bracket", "STAFF-([0-9]"),
        ("pattern-look-ahead", "(?=STAFF)S"),
        ("pattern-back-reference", r"(a)\1"),
        ("pattern-of-nothing", "[0-9]*"),
        ("pattern-of-nothing-between-words", r"\b"),
        ("pattern-that-is-huge", r"(\w{100}){100}"),
        ("pattern-flag-unknown", "(?y)a"),
    )
)
"""Patterns that the gateway refuses, in a syntax that CEL does not read: admission lets them in, and the guard does not."""
