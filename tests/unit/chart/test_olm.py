"""deploy/olm: the bundle says the same as the chart, and installs in whatever namespace OLM chooses."""

import base64
import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from assistant_operator import settings

REPOSITORY = Path(__file__).resolve().parents[3]
OLM = REPOSITORY / "deploy" / "olm"
RULES: dict[str, list[Any]] = yaml.safe_load((REPOSITORY / "charts" / "private-assistant-operator" / "files" / "rbac.yaml").read_text())
Object = dict[str, Any]

MANIFESTS: list[Object] = [yaml.safe_load(path.read_text()) for path in sorted((OLM / "manifests").iterdir())]
(CSV,) = [one for one in MANIFESTS if one["kind"] == "ClusterServiceVersion"]
INSTALL: Object = CSV["spec"]["install"]["spec"]
ANNOTATIONS: dict[str, str] = yaml.safe_load((OLM / "metadata" / "annotations.yaml").read_text())["annotations"]
PLAIN: list[Object] = [one for one in yaml.safe_load_all((REPOSITORY / "deploy" / "install.yaml").read_text()) if one]


def operator() -> Object:
    """Return the operator's container."""
    (found,) = [one for one in INSTALL["deployments"] if one["name"] == "private-assistant-operator"]
    (container,) = found["spec"]["template"]["spec"]["containers"]
    return dict(container)


def plain_operator() -> Object:
    """Return the operator's container in the plain manifests."""
    (found,) = [one for one in PLAIN if one["kind"] == "Deployment" and one["metadata"]["name"] == "private-assistant-operator"]
    (container,) = found["spec"]["template"]["spec"]["containers"]
    return dict(container)


def variables() -> dict[str, str]:
    """Return what the operator's container has in its environment, but for what Kubernetes puts there."""
    return {one["name"]: one["value"] for one in operator()["env"] if "value" in one}


def test_the_definition_is_the_one_that_is_owned() -> None:
    """Name, kind and version as the operator has them; the example is one of that kind."""
    (definition,) = [one for one in MANIFESTS if one["kind"] == "CustomResourceDefinition"]
    (owned,) = CSV["spec"]["customresourcedefinitions"]["owned"]
    examples = json.loads(CSV["metadata"]["annotations"]["alm-examples"])

    assert definition["spec"] == yaml.safe_load(next((REPOSITORY / "crds").iterdir()).read_text())["spec"]
    assert owned["name"] == definition["metadata"]["name"]
    assert owned["kind"] == definition["spec"]["names"]["kind"]
    assert owned["version"] in [version["name"] for version in definition["spec"]["versions"]]
    assert {(one["apiVersion"], one["kind"]) for one in examples} == {(f"privateassistant.dev/{owned['version']}", owned["kind"])}


def test_it_takes_the_place_of_every_release_before() -> None:
    """Without it OLM offers a new release to nobody who has an old one."""
    assert CSV["metadata"]["annotations"]["olm.skipRange"] == f"<{CSV['spec']['version']}"


def test_the_catalogue_holds_the_bundle() -> None:
    """Its channel leads to this release, from every one before: OLM reads that there, and not in the bundle."""
    package, channel = yaml.safe_load_all((OLM / "catalog.yaml").read_text())
    (entry,) = channel["entries"]

    assert package["name"] == channel["package"] == CSV["metadata"]["name"].partition(".")[0]
    assert package["defaultChannel"] == channel["name"] == ANNOTATIONS["operators.operatorframework.io.bundle.channel.default.v1"]
    assert entry == {"name": CSV["metadata"]["name"], "skipRange": CSV["metadata"]["annotations"]["olm.skipRange"]}


def test_the_example_installs_what_the_catalogue_holds() -> None:
    """In the namespace that the bundle suggests, for the whole cluster, with settings that there are."""
    text = (REPOSITORY / "examples" / "olm" / "operator.yaml").read_text()
    namespace, group, _, source, subscription = yaml.safe_load_all(text)
    package, channel = yaml.safe_load_all((OLM / "catalog.yaml").read_text())
    wanted, name = subscription["spec"], namespace["metadata"]["name"]

    assert name == CSV["metadata"]["annotations"]["operatorframework.io/suggested-namespace"]
    assert {one["metadata"]["namespace"] for one in (group, source, subscription)} == {name}
    assert "spec" not in group
    assert (wanted["name"], wanted["channel"]) == (package["name"], channel["name"])
    assert (wanted["source"], wanted["sourceNamespace"]) == (source["metadata"]["name"], name)
    flags = {f"PRIVATE_ASSISTANT_{action.dest.upper()}" for action in settings.parser()._actions}
    assert set(re.findall(r"PRIVATE_ASSISTANT_[A-Z_]+", text)) <= flags


def test_the_example_brings_the_policy_that_the_bundle_cannot() -> None:
    """The canary's, as the chart has it: where all else is denied, no assistant is Ready without."""
    (policy,) = [
        one for one in yaml.safe_load_all((REPOSITORY / "examples" / "olm" / "operator.yaml").read_text()) if one["kind"] == "NetworkPolicy"
    ]
    (plain,) = [one for one in PLAIN if one["kind"] == "NetworkPolicy"]

    assert policy["spec"] == plain["spec"]
    assert policy["metadata"]["namespace"] == plain["metadata"]["namespace"]


def test_rights_are_those_of_the_table() -> None:
    """In the cluster what assistants need, in OLM's namespace the Lease; to the account under which the operator's pod runs."""
    (everywhere,), (own,) = INSTALL["clusterPermissions"], INSTALL["permissions"]
    accounts = {one["spec"]["template"]["spec"].get("serviceAccountName") for one in INSTALL["deployments"]}

    assert everywhere["rules"] == [*RULES["workload"], *RULES["cluster"]]
    (leases,) = RULES["own"]
    assert [verb for rule in own["rules"] for verb in sorted(rule["verbs"])] == sorted(leases["verbs"])
    assert {resource for rule in own["rules"] for resource in rule["resources"]} == set(leases["resources"])
    assert {everywhere["serviceAccountName"], own["serviceAccountName"]} == accounts - {None}


def test_pods_are_those_of_the_plain_manifests() -> None:
    """But for the namespace in the canary's name, which OLM chooses, and for the settings, which are variables here."""
    bundled = deepcopy({one["name"]: one["spec"] for one in INSTALL["deployments"]})
    plain = deepcopy({one["metadata"]["name"]: one["spec"] for one in PLAIN if one["kind"] == "Deployment"})

    for pods in (bundled, plain):
        (container,) = pods["private-assistant-operator"]["template"]["spec"]["containers"]
        container.pop("args", None)
        container["env"] = [one for one in container["env"] if "value" not in one]
    assert bundled == plain


def test_a_subscription_can_replace_every_setting() -> None:
    """Its spec.config.env replaces variables and leaves arguments, which would win; the operator understands both alike."""
    plain = [argument.replace("private-assistant-system.svc", "$(NAMESPACE).svc") for argument in plain_operator()["args"]]

    assert "args" not in operator()
    assert settings.load([], variables()) == settings.load(plain, {})
    replaced = variables() | {"PRIVATE_ASSISTANT_DNS_PORT": "5353", "PRIVATE_ASSISTANT_OUTSIDE_TARGETS": "198.51.100.10:443"}
    assert settings.load([], replaced).installation.dns_port == 5353
    assert len(settings.load([], replaced).outside_targets) == 1


def test_the_operator_finds_itself_in_any_namespace() -> None:
    """Kubernetes puts the pod's namespace into its variables; the canary is the Service that the bundle brings."""
    names = [one["name"] for one in operator()["env"]]
    (where,) = [one for one in operator()["env"] if one["name"] == "NAMESPACE"]
    understood = settings.load([], {name: value.replace("$(NAMESPACE)", "elsewhere") for name, value in variables().items()})
    services = {one["metadata"]["name"] for one in MANIFESTS if one["kind"] == "Service"}

    assert where["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}
    assert names[:2] == ["NAMESPACE", "POD"], "what a variable refers to has to stand before it"
    assert understood.installation.operator_namespace == "elsewhere"
    assert understood.canary is not None
    assert understood.canary[0].removesuffix(".elsewhere.svc.cluster.local") in services
    assert not [one for one in MANIFESTS if one is not CSV and "namespace" in one["metadata"]]
    assert understood.namespaces == ()


def test_only_the_whole_cluster_is_offered() -> None:
    """OLM would set namespaces that no argument here takes."""
    assert [mode["type"] for mode in CSV["spec"]["installModes"] if mode["supported"]] == ["AllNamespaces"]
    assert len(CSV["spec"]["installModes"]) == 4


def test_every_image_is_related() -> None:
    """What mirrors copy for clusters without a way out."""
    named = {value for name, value in variables().items() if name.endswith("_IMAGE")}

    assert {one["image"] for one in CSV["spec"]["relatedImages"]} == {operator()["image"], *named}


def test_the_image_of_the_bundle_says_what_its_metadata_says() -> None:
    """OLM reads the labels first, and the file where there are none."""
    lines = (OLM / "Containerfile").read_text().splitlines()

    assert dict(line.removeprefix("LABEL ").split("=", 1) for line in lines if line.startswith("LABEL ")) == ANNOTATIONS
    assert lines[-2:] == ["COPY manifests /manifests/", "COPY metadata /metadata/"]
    assert ANNOTATIONS["operators.operatorframework.io.bundle.package.v1"] == CSV["metadata"]["name"].partition(".")[0]


def test_the_bundle_holds_only_what_olm_takes() -> None:
    """Other kinds make it refuse the whole bundle."""
    assert {one["kind"] for one in MANIFESTS} <= {"ClusterServiceVersion", "CustomResourceDefinition", "Service", "ClusterRole"}


def test_catalogues_take_its_description() -> None:
    """What operator-framework's validators refuse or warn of: people without addresses, no icon, and no word about where it runs."""
    spec = CSV["spec"]
    (icon,) = spec["icon"]

    assert all(one.get("name") and one.get("email") for one in spec.get("maintainers", []))
    assert base64.b64decode(icon["base64data"]) == (REPOSITORY / "charts" / "icon.svg").read_bytes()
    assert icon["mediatype"] == "image/svg+xml"
    assert CSV["metadata"]["labels"] == {"operatorframework.io/os.linux": "supported", "operatorframework.io/arch.amd64": "supported"}
    assert spec["provider"]["name"]


def test_the_channel_is_named_as_users_know_it() -> None:
    """https://olm.operatorframework.io/docs/best-practices/channel-naming: others are warned of."""
    prefix = "operators.operatorframework.io.bundle.channel"

    assert ANNOTATIONS[f"{prefix}s.v1"] == ANNOTATIONS[f"{prefix}.default.v1"]
    assert ANNOTATIONS[f"{prefix}s.v1"].partition("-")[0] in {"candidate", "fast", "stable"}
